"""The texts of findings, one or more for each code: what was sent, what is expected, what to do.

A place that raises a finding states its code, the data that stand in braces here and, of a code with several texts,
the case: `code/case`. Errors of a refused call are the texts of its findings.
"""

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    # The body and its values. The first is the one text that the vendor documents, with the blank at its end.
    "missing-field": "missing {fields} field ",
    "bad-value": "'{field}' is {sent}. {expected}",
    "bad-value/null": "'{field}' is null; leave the field out. {expected}",
    "bad-value/null-required": "'{field}' is null, and the field is required; send a value. {expected}",
    "bad-value/empty": "'{field}' is {sent}, an empty text; leave the field out. {expected}",
    "bad-value/empty-required": "'{field}' is {sent}, an empty text, and the field is required; send one. {expected}",
    "bad-value/readable": "'{field}' is {sent}, which is {kind}; send {intended}. {expected}",
    "bad-value/other-type": "'{field}' is {sent}, which is {kind}. {expected}",
    "bad-value/date": "'{field}' is {sent}: {fault}. {expected}",
    "bad-value/date-readable": "'{field}' is {sent}: {fault}; send {intended}. {expected}",
    "bad-value/body": "the body is {sent}, which is {kind}; send a JSON object.",
    "bad-value/too-many-parameters": (
        "there are more than {most:,} parameters, or {most_bytes:,} bytes of them; send those that the call takes."
    ),
    "bad-value/not-all-listed": "only the first {most:,} errors are listed; there are more. Send a smaller body.",
    "broken-json": "the body is not JSON: {reason}. Send what a JSON library writes.",
    "broken-json/empty": "the body is empty; send a JSON object.",
    "broken-json/encoded": "Content-Encoding: {sent} is not read by this API; send the body uncompressed.",
    "broken-json/gzip": "the body is compressed with gzip, which is not read by this API; send it uncompressed.",
    "broken-json/byte-order-mark": "the body begins with a byte-order mark (U+FEFF); send UTF-8 without one.",
    "broken-json/utf-16": "the body is UTF-16; send JSON as UTF-8.",
    "broken-json/not-utf-8": (
        "the body is not UTF-8: byte {byte} at position {position} would be '{latin_1}' in Latin-1. Send JSON as UTF-8."
    ),
    "broken-json/too-deep": "the body nests deeper than {most} levels; flatten it.",
    "broken-json/long-integer": "the integer {sent} has more than 64 bits; send it as a text.",
    "wrong-media-type": "the Content-Type is {sent}; send JSON, and Content-Type: application/json.",
    "body-too-large": "the body is over the limit of {most} bytes; send it in several calls.",
    "former-name": "'{field}' is the name that this parameter had before; send it as '{now}'.",
    "repeated-parameter": "'{field}' is sent {count} times, and only the last one counts. Send it once.",
    "unknown-field": "'{field}' is not a field that the contract knows, and is not stored. Check its spelling.",
    "misspelled-field": (
        "'{field}' is not a field that the contract knows, and is not stored. Did you mean '{near}'? Send it so."
    ),
    "decimal-money": (
        "'{field}' is {sent}, with a decimal point, and is taken as {cents} cents. Money is whole cents: send {cents},"
        " or 100 times as much if it is in whole units."
    ),
    "invisible-character": (
        "'{field}' is \"{sent}\", with characters that nobody sees: {characters}. Send it without them; as it is, it is"
        " another one than the same text without them."
    ),
    "invisible-character/mailto": '\'{field}\' is "{sent}", with mailto: before the address; send "{intended}".',
    "missing-ad-field": "'{field}' is missing; the reference lists it among what is required here. Send it.",
    "duplicate-item-id": "'{field}' has the id '{id}', as '{first}' has. Give each an id of its own, or send it once.",
    "duplicate-tag": "'{field}' names the same tag as '{first}'. Send each tag once.",
    "duplicate-tag/alike": (
        "'{field}' and '{first}' differ by case, blanks or Unicode form alone and are two tags. Send one of them."
    ),
    "naive-date": "'{sent}' has no offset and is taken as UTC. Send one, such as {advised}.",
    # The path and the key.
    "bad-path": "'{sent}' in the path is not UTF-8; percent-encode the UTF-8 bytes.",
    "unknown-path": "there is no {method} {path}; {advice}",
    "unknown-path/of-partly-known-api": (
        "{method} {path} is not known to be part of {api}, and the fake does not play it; {advice}"
    ),
    "not-played": (
        "{method} {path} is part of {api}, and the fake does not play it: {what}. Leave it out of this run, or"
        " answer it with a stub of your own."
    ),
    "unknown-method": "{method} is not an operation of this path; use {allowed}.",
    "unknown-account": "there is no account '{account_id}', which the path names; send the id of the key's account.",
    "unknown-account/in-query": (
        "there is no account '{account_id}'; send the id of the account that the site belongs to."
    ),
    "unknown-integration": (
        "the account '{account_id}' has no integration '{integration_id}', which the path names; send the id of one of"
        " its integrations."
    ),
    "missing-key": "the Authorization header is missing; send the bare API key in it.",
    "wrong-key": "the API key in Authorization is unknown; send the account's.",
    "wrong-key/of-another": (
        "the API key in Authorization is not that of the account '{account_id}'; send the key of the account in the"
        " path."
    ),
    "key-prefix": "Authorization is `{sent}`; the API takes the bare key: send it alone, without a prefix or quotes.",
    "refused-by-guard/host": (
        "the Host '{sent}' is not this server's, so the request was refused before it was looked at. Call the server by"
        " its address, or start it with --allow-host-header {name}."
    ),
    "refused-by-guard/page": (
        "a page of another site sent this request ({name}: {sent}), so it was refused before it was looked at. Send it"
        " from a program: in Jest with jsdom set testEnvironment to node, or give axios its http adapter."
    ),
    "insecure-scheme": (
        "{host} was called over plain http: the API key went out in clear text, for anybody on the way to read. Call"
        " https://{host}."
    ),
    "insecure-scheme/without-key": (
        "{host} was called over plain http: what was sent to it went out in clear text, for anybody on the way to read."
        " Call https://{host}."
    ),
    # Contacts and tags.
    "contact-rekeyed": (
        "the contact '{old}' has this email and got the id '{new}'. Send the old id if it is the same person."
    ),
    "shared-email-deleted": (
        "{count} contacts shared this email and are all deleted: {ids}. Delete by id to delete one."
    ),
    "shared-email-made": (
        "the contact '{contact_id}' got the email '{email}', which {others} has too: both stay, each with it. Send"
        " the id of the right one, or merge them yourself."
    ),
    "digits-as-tag-name": (
        "'{field}' is the text \"{sent}\", and no tag has this id, so it became the name of one. For an id send"
        " the number {sent}."
    ),
    "tags-dropped": "'tags' replaced the contact's tags, which dropped {names}. To keep them, use tags/add.",
    # Orders and subscriptions.
    "unknown-contact": (
        "'contact_id' is '{contact_id}', a contact that does not exist. Add the contact first, or send its email."
    ),
    "unmatched-email": "no contact has the email '{email}' yet. Add the contact, or check the address.",
    "items-amount-mismatch": (
        "the items add up to {items} cents, 'amount' is {amount}, also with tax, shipping and discount in or out."
        " Check the units and the items."
    ),
    "paid-exceeds-amount": "'paid' is {paid} cents, more than the 'amount' of {amount}. Check both.",
    "not-found": "{kind} '{named}' does not exist in this {where}. Create it, or correct its identifier.",
    "integration-kind": (
        "{operation} was sent to '{integration_id}', a custom {kind} integration. Send it to one of custom {wanted}."
    ),
    # Retries.
    "retry-after-400": (
        "this very call was refused with 400 just before, and unchanged it is refused again. Change it, or give up."
    ),
    "answer-abandoned": (
        "the client closed the connection after {milliseconds:.0f} ms, before the answer was out. The call was {done}."
        " Wait longer for answers, and after a timeout send the same call again."
    ),
    "no-retry": "{lost}, and the call was never sent again. Send the same call again after a short period.",
    "retry-without-pause": (
        "{lost}, and the call was sent again {pause:.0f} ms later. Wait at least {least:g} ms before a retry."
    ),
    "retry-after-ignored": (
        "{lost} with Retry-After: {sent}, and the call was sent again {pause:.1f} s later. Wait {wanted:.1f} s."
    ),
    "not-converged/doubled": (
        "{lost}, and the call was sent again under another id: both may be stored. Keep the id in a retry."
    ),
    "not-converged/changed": (
        "{lost}, and other data came under the same id. Send the same call again before a new one."
    ),
    # The fake itself.
    "bad-answer": "this answer of the fake breaks the contract, a bug: {error}. Please report it.",
}


# What is expected, in a phrase, where the contract's description of a value does not say it.
EXPECTED: Mapping[str, str] = {
    "missing-field": "every required field",
    "bad-value": "a value that its schema allows",
    "broken-json": "a JSON object in UTF-8, uncompressed",
    "wrong-media-type": "Content-Type: application/json",
    "body-too-large": "a body within the limit",
    "bad-path": "percent-encoded UTF-8",
    "missing-key": "the bare API key in Authorization",
    "wrong-key": "the API key of the account that the path names",
    "unknown-account": "the id of the account whose key was sent",
    "unknown-integration": "the id of an integration of the account",
    "unknown-path": "a path that the API has",
    "unknown-method": "a method that the path has",
    "not-played": "a call that the fake plays",
    "repeated-parameter": "each parameter once, a list with commas in it",
    "former-name": "the name that the parameter has now",
    "insecure-scheme": "https",
    "refused-by-guard": "a call by a program, to this server's own address",
    "unknown-contact": "the id of a contact that exists, or an email",
    "invisible-character": "a text without characters that nobody sees",
    "bad-answer": "an answer that keeps the contract",
    "key-prefix": "the bare API key in Authorization",
    "tags-dropped": "all tags that the contact keeps, or a call of tags/add",
    "contact-rekeyed": "the id that the contact has",
    "shared-email-deleted": "the id of the one contact to delete",
    "items-amount-mismatch": "items that add up to the order's amount",
    "paid-exceeds-amount": "at most the order's amount",
    "unmatched-email": "the email of a contact that exists",
    "not-found": "the id of something that exists",
    "misspelled-field": "a field that the contract knows",
    "decimal-money": "whole cents, without a decimal point",
    "missing-ad-field": "what the reference lists as required",
    "duplicate-item-id": "each id once",
    "duplicate-tag": "each tag once",
    "integration-kind": "an integration of the operation's kind",
    "retry-after-400": "a changed call, or none",
    "no-retry": "the same call again",
    "retry-without-pause": "a pause before the retry",
    "retry-after-ignored": "a pause as long as Retry-After asks",
    "not-converged": "the same call again, before any other for the same data",
    "shared-email-made": "an email that no other contact has",
    "digits-as-tag-name": "a number where an id is meant",
    "unknown-field": "a field that the contract knows",
    "answer-abandoned": "a client that waits until the answer is out",
    "naive-date": "a date with an offset",
}


def message_of(code: str, case: str, data: Mapping[str, object]) -> str:
    """Return the text of a finding. Raises KeyError for a code, a case or a datum that is not there."""
    return MESSAGES[f"{code}/{case}" if case else code].format_map(data)
