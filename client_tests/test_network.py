"""Which hosts are this machine, and how a host is parsed: it decides what is reached without a token."""

import pytest

from mock_server.network import connects_to_this_machine, is_loopback, split_host_port

LOOPBACK = [
    "localhost",
    "LOCALHOST.",
    "foo.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "[::1]",
    "::1%lo",
    "::ffff:127.0.0.1",
    "[::ffff:7f00:1]",
]
NOT_LOOPBACK = [
    "127.evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "notlocalhost",
    "0.0.0.0",
    "::",
    "192.0.2.1",
    "::ffff:192.0.2.1",
    "import.segmetrics.io",
    "",
    ".",
    "[]",
    "127.",
    "127.0.0.1:80",
    "127.0.0.1/8",
    "http://localhost",
    "é\x00%",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_recognized_in_each_spelling(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", NOT_LOOPBACK)
def test_what_only_resembles_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("::", True),
        ("::ffff:0.0.0.0", True),
        ("192.0.2.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_a_connection_to_an_unspecified_address_stays_on_this_machine(address: str, stays: bool) -> None:
    assert connects_to_this_machine(address) is stays


@pytest.mark.parametrize(
    ("authority", "host", "port"),
    [
        ("API.example.org.", "api.example.org", None),
        ("api.example.org:8443", "api.example.org", 8443),
        ("[::1]:80", "::1", 80),
        ("[::1]", "::1", None),
        ("127.0.0.1:", "127.0.0.1", None),
    ],
)
def test_a_host_is_read_with_and_without_its_port(authority: str, host: str, port: int | None) -> None:
    assert split_host_port(authority) == (host, port)


@pytest.mark.parametrize(
    "authority",
    ["", ":80", "a:b:c", "a:port", "a:70000", "localhost/x", "localhost?x", "a@localhost", "[::1", "http://a", "a\n"],
)
def test_what_is_not_a_host_is_refused(authority: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_host_port(authority)
