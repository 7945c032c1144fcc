<?php
// A shop's module: prices are floats times 100, and the status is what the header callback sees first.
$base = "https://import.segmetrics.io/api/v1/" . getenv("SEGMETRICS_ACCOUNT_ID") . "/" . getenv("SEGMETRICS_INTEGRATION_ID");
$status = 0;

function send($method, $url, $data = null)
{
    global $status;
    $status = 0;
    $handle = curl_init($url);
    curl_setopt($handle, CURLOPT_CUSTOMREQUEST, $method);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($handle, CURLOPT_HTTPHEADER, ["Authorization: " . getenv("SEGMETRICS_API_KEY"), "Content-Type: application/json"]);
    curl_setopt($handle, CURLOPT_HEADERFUNCTION, function ($_, $line) {
        global $status;
        if ($status === 0 && preg_match('#^HTTP/\S+ (\d{3})#', $line, $found)) {
            $status = (int) $found[1];
        }
        return strlen($line);
    });
    if ($data !== null) {
        curl_setopt($handle, CURLOPT_POSTFIELDS, json_encode($data));
    }
    if (curl_exec($handle) === false) {
        fwrite(STDERR, curl_error($handle) . "\n");
        exit(1);
    }
    echo $status, "\n";
}

$price = 19.99;
send("POST", "$base/contact", ["contact_id" => "7", "email" => "ada@example.org", "group_id" => 1]);
send("POST", "$base/invoice", [
    "id" => "000000123",
    "contact_id" => "7",
    "amount" => $price * 100,
    "paid" => $price * 100,
    "date_created" => "2026-01-02 03:04:05",
    "items" => [["name" => "Bag", "product_id" => "24-MB01", "amount" => $price * 100, "total_paid" => $price * 100]],
]);
