// A workflow's steps: every value comes from a form, so amounts are texts and an empty field is null.
const { SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_API_KEY } = process.env;
const base = `https://import.segmetrics.io/api/v1/${SEGMETRICS_ACCOUNT_ID}/${SEGMETRICS_INTEGRATION_ID}`;

async function run(path, data) {
  const headers = { Authorization: SEGMETRICS_API_KEY, "Content-Type": "application/json" };
  const answer = await fetch(`${base}/${path}`, { method: "POST", headers, body: JSON.stringify(data) });
  const body = await answer.json();
  console.log(answer.status, body.contact?.contact_id ?? body.subscription?.id ?? "");
}

await run("contact", { email: "ada@example.org", first_name: "Ada", tags: ["Buyer"] });
await run("contact", { email: "ada@example.org", first_name: "Ada", last_name: null });
await run("invoice", {
  id: "1001",
  email: "ada@example.org",
  amount: "4500",
  paid: "4500",
  date_created: "2026-01-02T03:04:05Z",
  items: [{ name: "Course", product_id: "course", amount: 4500 }],
});
