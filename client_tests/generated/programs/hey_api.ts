// Calls every operation with the client of @hey-api/openapi-ts.
import * as api from "./client";
import { client } from "./client/client.gen";

const [, , key = "", account_id = "", reading = "", tracking = ""] = process.argv;
client.setConfig({ auth: key, throwOnError: true });
const path = { account_id, integration_id: "payments" };
const contact: api.ContactInput = {
  contact_id: 249, email: "luke@example.org", tags: [3, "Lead", { id: 9 }], custom_fields: { Droids: 2, Planet: null },
};
const vip: api.TagsInput = { contact_id: 249, tags: ["VIP"] };
const order: api.InvoiceInput = {
  id: 1, contact_id: 249, amount: 1999, paid: 1999, date_created: "2018-10-02", is_refunded: true,
  items: [{ name: "Course", product_id: 8, amount: 1999 }],
};
const subscription: api.SubscriptionInput = {
  id: 1, contact_id: 249, amount: 2900, product_id: 8, start_date: "2018-10-02", last_bill_date: "2018-10-02",
  billing_cycle: "month", frequency: 1,
};
const figures: api.AdPerformanceInput = {
  ad: { id: 1, name: "Hero", adset: 2, adcampaign: 3 }, adset: [2], spend: 100, date: "2018-10-02",
};
const calls = [
  () => api.upsertContact({ path, body: contact }),
  () => api.upsertContact({ path, body: { contact_id: 249, first_name: "Luke" } }),
  () => api.addTags({ path, body: vip }),
  () => api.removeTags({ path, body: vip }),
  () => api.upsertInvoice({ path, body: order }),
  () => api.upsertSubscription({ path, body: subscription }),
  () => api.upsertProduct({ path, body: { id: 8, name: "Course" } }),
  () => api.recordAdPerformance({ path: { ...path, integration_id: "ads" }, body: figures }),
  () => api.readContact({
    baseUrl: reading, path: { account_id, contact_id_or_email: "249" }, query: { extend: ["tags", "orders"] },
  }),
  () => api.identify({ baseUrl: tracking, query: { a: account_id, e: "luke@example.org" } }),
  () => api.deleteInvoice({ path: { ...path, id: "1" } }),
  () => api.deleteSubscription({ path: { ...path, id: "1" } }),
  () => api.deleteContact({ path: { ...path, contact_id_or_email: "249" } }),
];

async function main(): Promise<void> {
  for (const call of calls) await call();
}

void main();
