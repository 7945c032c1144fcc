set -eu
base="https://import.segmetrics.io/api/v1/$SEGMETRICS_ACCOUNT_ID/$SEGMETRICS_INTEGRATION_ID"
send() {
  wget --quiet --output-document=- --header "Authorization: $SEGMETRICS_API_KEY" \
    --header 'Content-Type: application/json' --post-data "$2" "$base/$1"
}
send contact "$CONTACT"
send invoice "$INVOICE"
