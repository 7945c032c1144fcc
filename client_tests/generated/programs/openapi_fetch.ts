// Calls every operation with openapi-fetch, typed by openapi-typescript.
import createClient from "openapi-fetch";
import type { components, paths } from "./client";

type Schemas = components["schemas"];
const [, , key = "", account_id = "", ...urls] = process.argv;
const headers = { Authorization: key };
const [client, reading] = urls.map((baseUrl) => createClient<paths>({ baseUrl, headers }));
const tracking = createClient<paths>({ baseUrl: urls[2] });
const payments = { params: { path: { account_id, integration_id: "payments" } } };
const ads = { params: { path: { account_id, integration_id: "ads" } } };
const order_1 = { params: { path: { account_id, integration_id: "payments", id: "1" } } };
const luke = { params: { path: { account_id, integration_id: "payments", contact_id_or_email: "249" } } };
const contact: Schemas["ContactInput"] = {
  contact_id: 249, email: "luke@example.org", tags: [3, "Lead", { id: 9 }], custom_fields: { Droids: 2, Planet: null },
};
const vip: Schemas["TagsInput"] = { contact_id: 249, tags: ["VIP"] };
const order: Schemas["InvoiceInput"] = {
  id: 1, contact_id: 249, amount: 1999, paid: 1999, date_created: "2018-10-02", is_refunded: true,
  items: [{ name: "Course", product_id: 8, amount: 1999 }],
};
const subscription: Schemas["SubscriptionInput"] = {
  id: 1, contact_id: 249, amount: 2900, product_id: 8, start_date: "2018-10-02", last_bill_date: "2018-10-02",
  billing_cycle: "month", frequency: 1,
};
const figures: Schemas["AdPerformanceInput"] = {
  ad: { id: 1, name: "Hero", adset: 2, adcampaign: 3 }, adset: [2], spend: 100, date: "2018-10-02",
};
const calls = [
  () => client.POST("/v1/{account_id}/{integration_id}/contact", { ...payments, body: contact }),
  () => client.POST("/v1/{account_id}/{integration_id}/contact", {
    ...payments, body: { contact_id: 249, first_name: "Luke" },
  }),
  () => client.POST("/v1/{account_id}/{integration_id}/tags/add", { ...payments, body: vip }),
  () => client.POST("/v1/{account_id}/{integration_id}/tags/remove", { ...payments, body: vip }),
  () => client.POST("/v1/{account_id}/{integration_id}/invoice", { ...payments, body: order }),
  () => client.POST("/v1/{account_id}/{integration_id}/subscription", { ...payments, body: subscription }),
  () => client.POST("/v1/{account_id}/{integration_id}/product", { ...payments, body: { id: 8, name: "Course" } }),
  () => client.POST("/v1/{account_id}/{integration_id}/ad/performance", { ...ads, body: figures }),
  () => reading.GET("/{account_id}/contact/{contact_id_or_email}", {
    params: { path: { account_id, contact_id_or_email: "249" }, query: { extend: ["tags", "orders"] } },
    querySerializer: { array: { style: "form", explode: false } },
  }),
  () => tracking.GET("/identify", { params: { query: { a: account_id, e: "luke@example.org" } } }),
  () => client.DELETE("/v1/{account_id}/{integration_id}/invoice/{id}", order_1),
  () => client.DELETE("/v1/{account_id}/{integration_id}/subscription/{id}", order_1),
  () => client.DELETE("/v1/{account_id}/{integration_id}/contact/{contact_id_or_email}", luke),
];

async function main(): Promise<void> {
  for (const call of calls) {
    const { error } = await call();
    if (error) throw new Error(JSON.stringify(error));
  }
}

void main();
