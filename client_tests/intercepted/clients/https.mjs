import https from "node:https";

const { SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_API_KEY, CONTACT, INVOICE } = process.env;
const base = `https://import.segmetrics.io/api/v1/${SEGMETRICS_ACCOUNT_ID}/${SEGMETRICS_INTEGRATION_ID}`;
const headers = { Authorization: SEGMETRICS_API_KEY, "Content-Type": "application/json" };

const post = (path, body) =>
  new Promise((resolve, reject) => {
    const request = https.request(`${base}/${path}`, { method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? resolve() : reject(new Error(answer.statusCode))));
    });
    request.on("error", reject);
    request.end(body);
  });

await post("contact", CONTACT);
await post("invoice", INVOICE);
