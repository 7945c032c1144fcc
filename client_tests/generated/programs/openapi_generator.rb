# Calls every operation with openapi-generator's Ruby client.
require 'openapi_client'
include OpenapiClient

key, account = ARGV
OpenapiClient.configure { |settings| settings.api_key['Authorization'] = key }
at = [account, 'payments']
contact = ContactInput.new(
  contact_id: 249, email: 'luke@example.org', tags: [3, 'Lead', TagObject.new(id: 9)],
  custom_fields: { 'Droids' => 2, 'Planet' => nil }
)
update = ContactInput.new(contact_id: 249, first_name: 'Luke')
vip = TagsInput.new(contact_id: 249, tags: ['VIP'])
order = InvoiceInput.new(
  id: 1, contact_id: 249, amount: 1999, paid: 1999, date_created: '2018-10-02', is_refunded: true,
  items: [InvoiceItemInput.new(name: 'Course', product_id: 8, amount: 1999)]
)
subscription = SubscriptionInput.new(
  id: 1, contact_id: 249, amount: 2900, product_id: 8, start_date: '2018-10-02', last_bill_date: '2018-10-02',
  billing_cycle: 'month', frequency: 1
)
product = ProductInput.new(id: 8, name: 'Course')
figures = AdPerformanceInput.new(ad: 'ad-1', spend: 100, date: '2018-10-02')

[
  [ContactsApi, :upsert_contact, [*at, contact]],
  [ContactsApi, :upsert_contact, [*at, update]],
  [TagsApi, :add_tags, [*at, vip]],
  [TagsApi, :remove_tags, [*at, vip]],
  [OrdersApi, :upsert_invoice, [*at, order]],
  [SubscriptionsApi, :upsert_subscription, [*at, subscription]],
  [ProductsApi, :upsert_product, [*at, product]],
  [AdsApi, :record_ad_performance, [account, 'ads', figures]],
  [ReadingApi, :read_contact, [account, '249', { extend: %w[tags orders] }]],
  [TrackingApi, :identify, [account, { e: 'luke@example.org' }]],
  [OrdersApi, :delete_invoice, [*at, '1']],
  [SubscriptionsApi, :delete_subscription, [*at, '1']],
  [ContactsApi, :delete_contact, [*at, '249']]
].each { |api, call, arguments| api.new.public_send(call, *arguments) }
