# The calls of a developer reference, top to bottom, as somebody pastes them: nothing made contact 249 before.
api=https://import.segmetrics.io/api/v1/A42/i7
call() {
  curl --silent --output /dev/null --write-out '%{http_code}\n' -X "$1" "$api/$2" \
    -H 'Authorization: reference-key-0123456789' ${3:+-H 'Content-Type: application/json' --data-raw "$3"}
}

call POST contact "{\"contact_id\": 249, \"email\": \"luke@example.org\", \"status\": 'active'}"
call DELETE contact/249
call DELETE contact/luke@example.org
call POST tags/add '{"contact_id": 249, "tags": [3, 5]}'
call POST tags/add '{"contact_id": 249, "tags": ["New Lead"]}'
call POST tags/add '{"email": "luke@example.org", "tags": [{"id": 3, "name": "New Lead", "date": "2018-10-02 16:15:00"}]}'
call POST tags/remove '{"contact_id": 249, "tags": [3, 5]}'
call POST tags/remove '{"contact_id": 249, "tags": ["New Lead"]}'
call POST tags/remove '{"email": "luke@example.org", "tags": [{"id": 3}]}'
call POST invoice '{"id": 1001, "email": "luke@example.org", "amount": 4500, "paid": 4500, "items": [],}'
call DELETE invoice/1001
call POST product '{"id": 8, "name": "Holocron"}'
