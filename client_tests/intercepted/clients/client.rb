require "net/http"

base = "https://import.segmetrics.io/api/v1/#{ENV["SEGMETRICS_ACCOUNT_ID"]}/#{ENV["SEGMETRICS_INTEGRATION_ID"]}"
headers = { "Authorization" => ENV["SEGMETRICS_API_KEY"], "Content-Type" => "application/json" }
{ "contact" => ENV["CONTACT"], "invoice" => ENV["INVOICE"] }.each do |path, body|
  Net::HTTP.post(URI("#{base}/#{path}"), body, headers).value
end
