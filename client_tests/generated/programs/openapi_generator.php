<?php
// Calls every operation with openapi-generator's PHP client. Arguments: folder of the client, then the usual ones.
use OpenAPI\Client\Api;
use OpenAPI\Client\Configuration;
use OpenAPI\Client\Model;

[, $folder, $key, $account] = $argv;
require 'GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class) use ($folder): void {
    $file = $folder . '/lib/' . str_replace('\\', '/', substr($class, strlen('OpenAPI\\Client\\'))) . '.php';
    if (is_file($file)) {
        require $file;
    }
});

$settings = Configuration::getDefaultConfiguration()->setApiKey('Authorization', $key);
$at = [$account, 'payments'];
$contact = new Model\ContactInput([
    'contact_id' => 249, 'email' => 'luke@example.org', 'custom_fields' => ['Droids' => 2, 'Planet' => null],
    'tags' => [3, 'Lead', new Model\TagObject(['id' => 9])],
]);
$update = new Model\ContactInput(['contact_id' => 249, 'first_name' => 'Luke']);
$vip = new Model\TagsInput(['contact_id' => 249, 'tags' => ['VIP']]);
$item = new Model\InvoiceItemInput(['name' => 'Course', 'product_id' => 8, 'amount' => 1999]);
$order = new Model\InvoiceInput([
    'id' => 1, 'contact_id' => 249, 'amount' => 1999, 'paid' => 1999, 'date_created' => '2018-10-02',
    'is_refunded' => true, 'items' => [$item],
]);
$subscription = new Model\SubscriptionInput([
    'id' => 1, 'contact_id' => 249, 'amount' => 2900, 'product_id' => 8, 'start_date' => '2018-10-02',
    'last_bill_date' => '2018-10-02', 'billing_cycle' => 'month', 'frequency' => 1,
]);
$product = new Model\ProductInput(['id' => 8, 'name' => 'Course']);
$figures = new Model\AdPerformanceInput(['ad' => 'ad-1', 'spend' => 100, 'date' => '2018-10-02']);

$calls = [
    [Api\ContactsApi::class, 'upsertContact', [...$at, $contact]],
    [Api\ContactsApi::class, 'upsertContact', [...$at, $update]],
    [Api\TagsApi::class, 'addTags', [...$at, $vip]],
    [Api\TagsApi::class, 'removeTags', [...$at, $vip]],
    [Api\OrdersApi::class, 'upsertInvoice', [...$at, $order]],
    [Api\SubscriptionsApi::class, 'upsertSubscription', [...$at, $subscription]],
    [Api\ProductsApi::class, 'upsertProduct', [...$at, $product]],
    [Api\AdsApi::class, 'recordAdPerformance', [$account, 'ads', $figures]],
    [Api\ReadingApi::class, 'readContact', [$account, '249', ['tags', 'orders']]],
    [Api\TrackingApi::class, 'identify', [$account, null, 'luke@example.org']],
    [Api\OrdersApi::class, 'deleteInvoice', [...$at, '1']],
    [Api\SubscriptionsApi::class, 'deleteSubscription', [...$at, '1']],
    [Api\ContactsApi::class, 'deleteContact', [...$at, '249']],
];
foreach ($calls as [$api, $call, $arguments]) {
    (new $api(null, $settings))->$call(...$arguments);
}
