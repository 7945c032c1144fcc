// Calls of one library each, each with an unknown field that is named after it. `//` and that name mark its line.
// `calls.mjs FOLDER`: where the packages are, if there are any.
import http from "node:http";
import { request as encrypted } from "node:https";
import { createRequire } from "node:module";

const { SEGMETRICS_BASE_URL, SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_API_KEY } = process.env;
const path = `v1/${SEGMETRICS_ACCOUNT_ID}/${SEGMETRICS_INTEGRATION_ID}/product`;
const urls = [`${SEGMETRICS_BASE_URL}/${path}`, `https://import.segmetrics.io/api/${path}`];
const headers = { Authorization: SEGMETRICS_API_KEY, "Content-Type": "application/json" };
const product = (name) => JSON.stringify({ id: 1, name: "Course", [name]: "x" });
const post = (name) => ({ method: "POST", headers, body: product(name) });

const core = (url) =>
  new Promise((done, failed) => {
    const send = url.startsWith("https:") ? encrypted : http.request;
    const request = send(url, { method: "POST", headers }, (answer) => answer.resume().on("end", done)); // core
    request.on("error", failed);
    request.end(product("core"));
  });

const byAwait = async (url) => {
  const answer = await fetch(url, post("fetch")); // fetch
  await answer.text();
};

const byThen = (url) =>
  new Promise((done, failed) => {
    fetch(url, post("then")) // then
      .then((answer) => answer.text())
      .then(done, failed);
  });

for (const url of urls) {
  await core(url);
  await byAwait(url);
  await byThen(url);
}

const folder = process.argv[2];
if (folder) {
  const { default: axios } = await import(createRequire(`${folder}/`).resolve("axios"));
  for (const url of urls) {
    await axios.post(url, product("axios"), { headers }); // axios
    await new Promise((done, failed) => {
      axios.post(url, product("axios_then"), { headers }).then(done, failed); // axios_then
    });
  }
}
