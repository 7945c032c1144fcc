"""The environment that routes a program of any language through the fake, and makes it trust the fake's CA."""

import json
import os
import shlex
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mock_server.intercept.certificates import TRUST_STORE_PASSWORD, trust_store
from mock_server.network import bracket_host

HOOKS = Path(__file__).parent / "hooks"
BUNDLE = "ca-bundle.pem"
TRUST_STORE = "trust.p12"
HOOK_VARIABLE = "SEGMETRICS_MOCK_HOOK"

_LOOPBACK = "localhost,127.0.0.1,::1"
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
_NO_PROXY = ("no_proxy", "NO_PROXY")
# Some clients prefer ALL_PROXY to our variables; OpenSSL and Go search a folder of certificates as well as the bundle.
_REMOVED = ("ALL_PROXY", "all_proxy", "SSL_CERT_DIR")
# Variables for the certificates of every client, whichever way it comes.
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PERL_LWP_SSL_CA_FILE")

# An empty part of PHP_INI_SCAN_DIR means the folder that was compiled in.
_PHP_COMPILED_FOLDER = ""


def proxied(
    base: Mapping[str, str],
    *,
    host: str,
    port: int,
    hosts: Collection[str],
    allow_hosts: Collection[str],
    allow_addresses: Collection[str],
    certificates: bytes,
    folder: Path,
) -> dict[str, str]:
    """Return `base` for a child whose requests to `hosts` must reach the fake at `host`:`port`, by proxy and hooks.

    `allow_addresses`: of the hosts that it may call. `certificates`: all that it trusts, PEM. `folder`: for the files
    that the variables name.
    The user's own settings are kept and extended; only their proxies are replaced.
    """
    proxy = f"http://{bracket_host(host)}:{port}"
    hook = {
        "host": host,
        "port": port,
        "hosts": sorted(hosts),
        "allow_hosts": sorted(allow_hosts),
        "allow_addresses": sorted(allow_addresses),
        **_call_sites(hosts, port),
    }
    found = _trusting(base, certificates, folder, _java_proxy(host, port))
    found |= dict.fromkeys(_PROXIES, proxy)
    # Without the user's list: it may contain the intercepted hosts.
    found |= dict.fromkeys(_NO_PROXY, _LOOPBACK)
    return found | _hooked(base, hook) | {"NODE_USE_ENV_PROXY": "1", "PERL_LWP_ENV_PROXY": "1"}


def isolated(
    base: Mapping[str, str], *, port: int, hosts: Collection[str], certificates: bytes, folder: Path
) -> dict[str, str]:
    """Return `base` for a child in a network of its own, without proxies: it trusts `certificates`, PEM.

    `hosts`: those of the API, which lead to the fake; it listens at `port`, too.

    Behind a proxy libcurl hands the answer to CONNECT to header callbacks, and clients take it for the API's.
    """
    found = _trusting(base, certificates, folder, {})
    kept = {name: value for name, value in found.items() if name not in {*_PROXIES, *_NO_PROXY}}
    return kept | _hooked(base, _call_sites(hosts, port))


def _call_sites(hosts: Collection[str], port: int) -> dict[str, list[str]]:
    """Return the setting by which the hooks know a request to the fake."""
    return {"call_site_hosts": [*sorted(hosts), *(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))]}


def _hooked(base: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that load the hooks into Python and Node."""
    return {
        HOOK_VARIABLE: json.dumps(settings),
        "NODE_OPTIONS": _joined(" ", base.get("NODE_OPTIONS"), f"--require {json.dumps(str(HOOKS / 'hook.cjs'))}"),
        "PYTHONPATH": _joined(os.pathsep, str(HOOKS), base.get("PYTHONPATH")),
    }


def _trusting(base: Mapping[str, str], certificates: bytes, folder: Path, java: Mapping[str, str]) -> dict[str, str]:
    """Return `base` for a child that trusts the certificates. `java`: further system properties for Java."""
    bundle = folder / BUNDLE
    bundle.write_bytes(certificates)
    found = {name: value for name, value in base.items() if name not in _REMOVED}
    found |= dict.fromkeys(_BUNDLES, str(bundle))
    found |= {
        "PHP_INI_SCAN_DIR": os.pathsep.join(
            [base.get("PHP_INI_SCAN_DIR", _PHP_COMPILED_FOLDER), str(_php_settings(folder, bundle))]
        ),
        "SYSTEM_WGETRC": str(_wget_settings(folder, bundle, base)),
    }
    if base.get("JAVA_HOME") or shutil.which("java", path=base.get("PATH", "")):
        options = _java_options({**java, **_java_trust(folder, certificates)})
        found["JAVA_TOOL_OPTIONS"] = _joined(" ", base.get("JAVA_TOOL_OPTIONS"), options)
    return found


def exports(environment: Mapping[str, str], base: Mapping[str, str]) -> str:
    """Return what differs from `base`, as lines for a POSIX shell."""
    lines = [
        f"export {name}={shlex.quote(value)}" for name, value in sorted(environment.items()) if base.get(name) != value
    ]
    return "\n".join([*lines, f"unset {' '.join(_REMOVED)}"])


def _joined(separator: str, *parts: str | None) -> str:
    """Join the parts that are not empty, each once."""
    return separator.join(dict.fromkeys(part for part in parts if part))


def _php_settings(folder: Path, bundle: Path) -> Path:
    scanned = folder / "php"
    scanned.mkdir(exist_ok=True)
    (scanned / "segmetrics-mock.ini").write_text(f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n', "utf-8")
    return scanned


def _wget_settings(folder: Path, bundle: Path, base: Mapping[str, str]) -> Path:
    """Write a file that replaces the system's and contains its lines."""
    replaced = Path(base.get("SYSTEM_WGETRC") or "/etc/wgetrc")
    lines = replaced.read_text("utf-8", "surrogateescape") if replaced.is_file() else ""
    file = folder / "wgetrc"
    file.write_text(f"{lines}\nca_certificate = {bundle}\n", "utf-8", "surrogateescape")
    return file


def _java_proxy(host: str, port: int) -> dict[str, str]:
    return {
        "http.proxyHost": host,
        "http.proxyPort": str(port),
        "https.proxyHost": host,
        "https.proxyPort": str(port),
        "http.nonProxyHosts": "localhost|127.*|[::1]",
    }


def _java_trust(folder: Path, certificates: bytes) -> dict[str, str]:
    store = folder / TRUST_STORE
    store.write_bytes(trust_store(certificates))
    return {
        "javax.net.ssl.trustStore": str(store),
        "javax.net.ssl.trustStorePassword": TRUST_STORE_PASSWORD,
        "javax.net.ssl.trustStoreType": "PKCS12",
    }


def _java_options(properties: Mapping[str, str]) -> str:
    return " ".join(
        f'-D{name}="{value}"' if " " in value else f"-D{name}={value}" for name, value in properties.items()
    )
