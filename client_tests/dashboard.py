"""The dashboard as a browser without JavaScript gets it."""

import re
from html import unescape

import httpx

from client_tests.sandbox import Sandbox

LUKE = {"contact_id": "7", "email": "luke@example.org", "first_name": "Luke", "last_name": "Skywalker"}
AD = {"ad": {"id": "ad-1"}, "adcampaign": {"id": "c-1", "name": "Spring"}, "date": "2026-01-05", "spend": 4500}


def get(sandbox: Sandbox, path: str) -> httpx.Response:
    return sandbox.http.get(f"{sandbox.origin}/__admin/ui/{sandbox.account_id}{path}")


def page(sandbox: Sandbox, path: str) -> str:
    answer = get(sandbox, path)
    assert answer.status_code == 200, answer.text
    return answer.text


def curl_in(text: str) -> str:
    found = re.search(r'<pre[^>]*aria-label="curl command"[^>]*>(.*?)</pre>', text, re.DOTALL)
    assert found
    return unescape(found[1])
