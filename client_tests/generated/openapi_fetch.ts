// Calls every operation with openapi-fetch, typed by openapi-typescript. Arguments: base URL, API key, account.
import createClient from "openapi-fetch";
import type { paths } from "./api";

const [baseUrl = "", key = "", account_id = ""] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: key } });
const at = { account_id, integration_id: "payments" };
const path = { params: { path: at } };
const tags = { contact_id: 249, tags: ["VIP"] };
const order = {
  id: 1, contact_id: 249, amount: 1999, paid: 1999, date_created: "2018-10-02", is_refunded: true,
  items: [{ name: "Course", product_id: 8, amount: 1999 }],
};
const subscription = {
  id: 1, contact_id: 249, amount: 2900, product_id: 8, start_date: "2018-10-02", last_bill_date: "2018-10-02",
  billing_cycle: "month" as const, frequency: 1,
};
const figures = { ad: { id: 1, name: "Hero", adset: 2, adcampaign: 3 }, adset: 2, spend: 100, date: "2018-10-02" };

async function main(): Promise<void> {
  const contact = "/v1/{account_id}/{integration_id}/contact";
  const answers = [
    await client.POST(contact, {
      ...path,
      body: { contact_id: 249, email: "luke@example.org", tags: [3, "Lead", { id: 9 }], custom_fields: { Droids: 2 } },
    }),
    await client.POST("/v1/{account_id}/{integration_id}/tags/add", { ...path, body: tags }),
    await client.POST("/v1/{account_id}/{integration_id}/tags/remove", { ...path, body: tags }),
    await client.POST("/v1/{account_id}/{integration_id}/invoice", { ...path, body: order }),
    await client.POST("/v1/{account_id}/{integration_id}/subscription", { ...path, body: subscription }),
    await client.POST("/v1/{account_id}/{integration_id}/product", { ...path, body: { id: 8, name: "Course" } }),
    await client.POST("/v1/{account_id}/{integration_id}/ad/performance", {
      params: { path: { ...at, integration_id: "ads" } },
      body: figures,
    }),
    await client.DELETE("/v1/{account_id}/{integration_id}/invoice/{id}", { params: { path: { ...at, id: "1" } } }),
    await client.DELETE("/v1/{account_id}/{integration_id}/subscription/{id}", {
      params: { path: { ...at, id: "1" } },
    }),
    await client.DELETE(`${contact}/{contact_id_or_email}`, {
      params: { path: { ...at, contact_id_or_email: "249" } },
    }),
  ];
  for (const { error } of answers) if (error) throw new Error(JSON.stringify(error));
}

void main();
