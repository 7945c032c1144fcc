<?php
$base = "https://import.segmetrics.io/api/v1/" . getenv("SEGMETRICS_ACCOUNT_ID") . "/" . getenv("SEGMETRICS_INTEGRATION_ID");
foreach (["contact" => getenv("CONTACT"), "invoice" => getenv("INVOICE")] as $path => $body) {
    $handle = curl_init("$base/$path");
    curl_setopt_array($handle, [
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FAILONERROR => true,
        CURLOPT_HTTPHEADER => ["Authorization: " . getenv("SEGMETRICS_API_KEY"), "Content-Type: application/json"],
    ]);
    if (curl_exec($handle) === false) {
        fwrite(STDERR, curl_error($handle) . "\n");
        exit(1);
    }
}
