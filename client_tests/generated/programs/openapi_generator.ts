// Calls every operation with openapi-generator's client for TypeScript and fetch.
import * as api from "./client";

const [, , apiKey = "", accountId = "", readingUrl, trackingUrl] = process.argv;
const settings = new api.Configuration({ apiKey });
const contacts = new api.ContactsApi(settings);
const tags = new api.TagsApi(settings);
const orders = new api.OrdersApi(settings);
const subscriptions = new api.SubscriptionsApi(settings);
const products = new api.ProductsApi(settings);
const ads = new api.AdsApi(settings);
const reading = new api.ReadingApi(new api.Configuration({ apiKey, basePath: readingUrl }));
const tracking = new api.TrackingApi(new api.Configuration({ basePath: trackingUrl }));

const at = { accountId, integrationId: "payments" };
const contactInput: api.ContactInput = {
  contactId: 249, email: "luke@example.org", tags: [{ id: 3 }, { name: "Lead" }], customFields: { Droids: 2, Planet: null },
};
const tagsInput: api.TagsInput = { contactId: 249, tags: [{ name: "VIP" }] };
const invoiceInput: api.InvoiceInput = {
  id: 1, contactId: 249, amount: 1999, paid: 1999, dateCreated: "2018-10-02", isRefunded: true,
  items: [{ name: "Course", productId: 8, amount: 1999 }],
};
const subscriptionInput: api.SubscriptionInput = {
  id: 1, contactId: 249, amount: 2900, productId: 8, startDate: "2018-10-02", lastBillDate: "2018-10-02",
  billingCycle: "month", frequency: 1,
};
const adPerformanceInput: api.AdPerformanceInput = { ad: { id: "ad-1", name: "Hero" }, spend: 100, date: "2018-10-02" };

const calls = [
  () => contacts.upsertContact({ ...at, contactInput }),
  () => contacts.upsertContact({ ...at, contactInput: { contactId: 249, firstName: "Luke" } }),
  () => tags.addTags({ ...at, tagsInput }),
  () => tags.removeTags({ ...at, tagsInput }),
  () => orders.upsertInvoice({ ...at, invoiceInput }),
  () => subscriptions.upsertSubscription({ ...at, subscriptionInput }),
  () => products.upsertProduct({ ...at, productInput: { id: 8, name: "Course" } }),
  () => ads.recordAdPerformance({ ...at, integrationId: "ads", adPerformanceInput }),
  () => reading.readContact({ accountId, contactIdOrEmail: "249", extend: ["tags", "orders"] }),
  () => tracking.identify({ a: accountId, e: "luke@example.org" }),
  () => orders.deleteInvoice({ ...at, id: "1" }),
  () => subscriptions.deleteSubscription({ ...at, id: "1" }),
  () => contacts.deleteContact({ ...at, contactIdOrEmail: "249" }),
];

async function main(): Promise<void> {
  for (const call of calls) await call();
}

void main();
