"""Tracking: identify a visitor."""

import hashlib

from mock_server.spec import Answer, Call
from mock_server.store.identifications import IDENTIFICATIONS
from mock_server.store.session import Session

_SESSION_CHARACTERS = 32


def identify(call: Call, session: Session) -> Answer:
    """Note who the visitor of a session is; without `uid` the session is made from `cid`, or else from `e`.

    A later call for the session adds to what is known of it, or replaces it (assumed).
    Source: developer reference, JavaScript, Identify.
    """
    person = {name: value for name, value in call.query.items() if name in ("e", "cid")}
    uid = call.query.get("uid") or _session_of(person.get("cid") or person["e"])
    IDENTIFICATIONS.put(session, IDENTIFICATIONS.find(session, uid), {"uid": uid, **person})
    return Answer.success()


def _session_of(id: str) -> str:
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:_SESSION_CHARACTERS]
