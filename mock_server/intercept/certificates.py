"""Certificates of one run: made in memory, trusted by the checked command alone; no private key stays on disk."""

import os
import ssl
import warnings
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

# Java's own default. It protects nothing: a trust store holds public certificates.
TRUST_STORE_PASSWORD = "changeit"

# Apple's TLS, which Go uses on macOS, rejects a certificate that is valid for more than 825 days.
_VALID_DAYS = 397

_USER_BUNDLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
)
_PLATFORM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class Authority:
    """A certificate authority of this run; its key exists in memory only."""

    def __init__(self, hosts: Iterable[str], folder: Path) -> None:
        """Issue a certificate for the hosts. `folder`: holds the certificate's own key while OpenSSL reads it."""
        now = datetime.now(UTC)
        authority = trustme.CA(
            organization_name="segmetrics-mock", organization_unit_name="interception, this run only"
        )
        leaf = authority.issue_cert(
            *sorted(hosts), not_before=now - timedelta(days=1), not_after=now + timedelta(days=_VALID_DAYS - 1)
        )
        self.certificate: bytes = authority.cert_pem.bytes()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # uvicorn speaks HTTP/1.1 only.
        self.tls.set_alpn_protocols(["http/1.1"])
        with leaf.private_key_and_cert_chain_pem.tempfile(dir=str(folder)) as path:
            self.tls.load_cert_chain(path)


def trusted(base: Mapping[str, str]) -> bytes:
    """Return the certificates, PEM, that a client with the environment `base` trusts: the system's and the user's."""
    own = [_read(Path(part)) for name in _USER_BUNDLES for part in base.get(name, "").split(os.pathsep) if part]
    return b"".join(dict.fromkeys(_certificates(b"\n".join([*own, _system()]))))


def trust_store(pem: bytes) -> bytes:
    """Return the certificates as a PKCS12 trust store for Java, without those that it cannot hold."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    found = []
    with warnings.catch_warnings():
        # Debian's bundle has an old certificate with the serial number zero.
        warnings.simplefilter("ignore")
        for number, one in enumerate(_certificates(pem)):
            try:
                certificate = x509.load_pem_x509_certificate(one)
            except ValueError:
                continue
            found.append(pkcs12.PKCS12Certificate(certificate, f"ca{number}".encode()))
    return pkcs12.serialize_java_truststore(found, BestAvailableEncryption(TRUST_STORE_PASSWORD.encode()))


def _system() -> bytes:
    """Return the bundle at OpenSSL's default path, else at a well-known one, else certifi's, else nothing."""
    for candidate in (ssl.get_default_verify_paths().openssl_cafile, *_PLATFORM_BUNDLES):
        if content := _read(Path(candidate)):
            return content
    try:
        import certifi
    except ImportError:
        return b""
    return Path(certifi.where()).read_bytes()


def _read(path: Path) -> bytes:
    """Return the content of a file, or of all files in a folder; nothing when it cannot be read."""
    try:
        if path.is_dir():
            return b"\n".join(_read(entry) for entry in sorted(path.iterdir()) if entry.is_file())
        return path.read_bytes()
    except OSError:
        return b""


def _certificates(pem: bytes) -> list[bytes]:
    """Return each certificate, without the text between them."""
    parts = (part.partition(_END) for part in pem.split(BEGIN)[1:])
    return [BEGIN + body + end + b"\n" for body, end, _ in parts if end]
