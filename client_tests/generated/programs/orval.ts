// Calls every operation with the clients of orval for fetch and zod.
import * as api from "./client";
import * as schemas from "./client.zod";

const [, , key = "", account = ""] = process.argv;
const options = { headers: { Authorization: key } };
const at = [account, "payments"] as const;
const contact = schemas.upsertContactBody.parse({
  contact_id: 249, email: "luke@example.org", tags: [3, "Lead", { id: 9 }], custom_fields: { Droids: 2, Planet: null },
});
const update = schemas.upsertContactBody.parse({ contact_id: 249, first_name: "Luke" });
const vip = schemas.addTagsBody.parse({ contact_id: 249, tags: ["VIP"] });
const order = schemas.upsertInvoiceBody.parse({
  id: 1, contact_id: 249, amount: 1999, paid: 1999, date_created: "2018-10-02", is_refunded: true,
  items: [{ name: "Course", product_id: 8, amount: 1999 }],
});
const subscription = schemas.upsertSubscriptionBody.parse({
  id: 1, contact_id: 249, amount: 2900, product_id: 8, start_date: "2018-10-02", last_bill_date: "2018-10-02",
  billing_cycle: "month", frequency: 1,
});
const figures = schemas.recordAdPerformanceBody.parse({
  ad: { id: 1, name: "Hero", adset: 2, adcampaign: 3 }, adset: [2], spend: 100, date: "2018-10-02",
});
const calls = [
  () => api.upsertContact(...at, contact, options),
  () => api.upsertContact(...at, update, options),
  () => api.addTags(...at, vip, options),
  () => api.removeTags(...at, vip, options),
  () => api.upsertInvoice(...at, order, options),
  () => api.upsertSubscription(...at, subscription, options),
  () => api.upsertProduct(...at, { id: 8, name: "Course" }, options),
  () => api.recordAdPerformance(account, "ads", figures, options),
  () => api.readContact(account, "249", { extend: ["orders"] }, options), // it would repeat the parameter for two lists
  () => api.identify({ a: account, e: "luke@example.org" }),
  () => api.deleteInvoice(...at, "1", options),
  () => api.deleteSubscription(...at, "1", options),
  () => api.deleteContact(...at, "249", options),
];

async function main(): Promise<void> {
  for (const call of calls) {
    const { status, data } = await call();
    if (status !== 200) throw new Error(JSON.stringify(data));
  }
}

void main();
