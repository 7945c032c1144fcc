// An integration whose fields have the names of its own model, which are not always those of the API.
const { SEGMETRICS_ACCOUNT_ID, SEGMETRICS_INTEGRATION_ID, SEGMETRICS_API_KEY } = process.env;
const base = `https://import.segmetrics.io/api/v1/${SEGMETRICS_ACCOUNT_ID}/${SEGMETRICS_INTEGRATION_ID}`;

async function send(path, data) {
  const headers = { Authorization: SEGMETRICS_API_KEY, "Content-Type": "application/json" };
  const answer = await fetch(`${base}/${path}`, { method: "POST", headers, body: JSON.stringify(data) });
  console.log(answer.status);
}

if (process.argv[2] === "located") {
  await send("contact", { contact_id: "c-1", email: "ada@example.org", geo_lat: 45.5, geo_lon: -73.6 });
} else {
  await send("contact", { contact_id: "c-1", email: "ada@example.org" });
}
await send("subscription", {
  id: "sub-1",
  contact_id: "c-1",
  amount: 2900,
  product_id: "club",
  product_name: "Club",
  start_date: "2026-01-02T00:00:00Z",
  trial_end: "2026-01-16T00:00:00Z",
  last_bill_date: "2026-02-02T00:00:00Z",
  cancellation_date: "2026-03-01T00:00:00Z",
  billing_cycle: "month",
  frequency: 1,
});
