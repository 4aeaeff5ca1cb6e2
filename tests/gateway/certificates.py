"""Made-up authorities and the certificates they give."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    """Hold a certificate and its key, both as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    def __init__(self, name: str = "Example CA") -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def certificate(self) -> bytes:
        extension = x509.BasicConstraints(ca=True, path_length=0)
        return _pem(self._issue(self._name, self._key, 10 * DAY, extension, critical=True))

    def certify(self, host: str = "127.0.0.1", *, until: dt.timedelta = DAY) -> Identity:
        """Give a certificate to a host, begun two days ago and good until `until` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        is_address = host.replace(".", "").isdigit()
        given = x509.IPAddress(ipaddress.ip_address(host)) if is_address else x509.DNSName(host)
        certificate = self._issue(name, key, until, x509.SubjectAlternativeName([given]), critical=False)
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return Identity(_pem(certificate), private)

    def _issue(self, subject, key, until, extension, *, critical) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + until)
            .add_extension(extension, critical=critical)
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
