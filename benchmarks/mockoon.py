"""Data files for Mockoon: a CRUD route over a data bucket, and an upsert that is validated by a JSON schema."""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

_CONTACTS, _SCHEMA = "contacts", "schema"
_MERGE = "{{setData 'merge' 'contacts' (body 'contact_id') (bodyRaw)}}"
_NO_TLS = dict.fromkeys(("pfxPath", "certPath", "keyPath", "caPath", "passphrase"), "") | {
    "enabled": False,
    "type": "CERT",
}


def crud(contacts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an environment where `POST /contact` adds and `PUT /contact/{contact_id}` changes."""
    response = _response(bodyType="DATABUCKET", databucketID=_CONTACTS, crudKey="contact_id", default=True)
    return _environment(_route("crud", "", "contact", [response]), {_CONTACTS: contacts})


def upsert(schema: dict[str, Any]) -> dict[str, Any]:
    """Return one where `POST …/contact` merges the contact into those with its id; 400 if the schema does not fit."""
    rule = {"target": "body", "modifier": "", "value": _SCHEMA, "invert": False, "operator": "valid_json_schema"}
    stored = _response(body=_MERGE + '{"status":"success"}', rules=[rule])
    refused = _response(body='{"status":"error","errors":["bad data"]}', statusCode=400, default=True)
    route = _route("http", "post", "api/v1/:account/:integration/contact", [stored, refused])
    return _environment(route, {_CONTACTS: {}, _SCHEMA: schema})


def _environment(route: dict[str, Any], buckets: dict[str, Any]) -> dict[str, Any]:
    lists = ("folders", "headers", "proxyReqHeaders", "proxyResHeaders", "callbacks")
    texts = ("endpointPrefix", "hostname", "proxyHost")
    return {
        "uuid": _uuid("environment"),
        "lastMigration": 33,
        "name": "contacts",
        "latency": 0,
        "port": 3000,
        "routes": [route],
        "rootChildren": [{"type": "route", "uuid": route["uuid"]}],
        "proxyMode": False,
        "proxyRemovePrefix": False,
        "tlsOptions": _NO_TLS,
        "cors": False,
        "data": [_bucket(name, value) for name, value in buckets.items()],
        **{name: list[Any]() for name in lists},
        **dict.fromkeys(texts, ""),
    }


def _bucket(name: str, value: Any) -> dict[str, Any]:
    return {"uuid": _uuid(name), "id": name, "name": name, "documentation": "", "value": json.dumps(value)}


def _route(type: str, method: str, endpoint: str, responses: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "uuid": _uuid("route"),
        "type": type,
        "documentation": "",
        "method": method,
        "endpoint": endpoint,
        "responses": responses,
        "responseMode": None,
        "streamingMode": None,
        "streamingInterval": 0,
    }


def _response(**given: Any) -> dict[str, Any]:
    return {
        "uuid": _uuid(json.dumps(given)),
        "body": "",
        "latency": 0,
        "statusCode": 200,
        "label": "",
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "bodyType": "INLINE",
        "filePath": "",
        "databucketID": "",
        "sendFileAsBody": False,
        "rules": [],
        "rulesOperator": "OR",
        "disableTemplating": False,
        "fallbackTo404": False,
        "default": False,
        "crudKey": "id",
        "callbacks": [],
        **given,
    }


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
