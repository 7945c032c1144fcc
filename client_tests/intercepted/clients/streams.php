<?php
$base = "https://import.segmetrics.io/api/v1/" . getenv("SEGMETRICS_ACCOUNT_ID") . "/" . getenv("SEGMETRICS_INTEGRATION_ID");
foreach (["contact" => getenv("CONTACT"), "invoice" => getenv("INVOICE")] as $path => $body) {
    $headers = ["Authorization: " . getenv("SEGMETRICS_API_KEY"), "Content-Type: application/json"];
    $context = stream_context_create(["http" => ["method" => "POST", "header" => $headers, "content" => $body]]);
    if (file_get_contents("$base/$path", false, $context) === false) {
        exit(1);
    }
}
