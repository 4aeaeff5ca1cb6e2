"""Make the example certificate authority: keys anybody can compute again, hence worth nothing outside the examples."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

if TYPE_CHECKING:
    from pathlib import Path

_EXPONENT = 65537
_PRIME_BITS = 1024
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_END = datetime(2124, 12, 31, tzinfo=UTC)
_EXPIRED = datetime(2025, 2, 1, tzinfo=UTC)
_SIGNING_MOMENT = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


@cache
def private_key(seed: str) -> rsa.RSAPrivateKey:
    """Derive an RSA key from a word, so that making the examples again gives the same bytes."""
    source = random.Random(seed)  # noqa: S311 - the point is that anybody gets the same key
    p, q = _prime(source), _prime(source)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def _prime(source: random.Random) -> int:
    while True:
        candidate = source.getrandbits(_PRIME_BITS) | 3 << (_PRIME_BITS - 2) | 1
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)) and candidate % _EXPONENT != 1:
            return candidate


def root_certificate(name: str) -> x509.Certificate:
    """Make a self-signed root."""
    builder = _builder(name, name, name, _END)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True), critical=True)
    return builder.sign(private_key(name), hashes.SHA256())


def signer(root: str, name: str, *, expired: bool = False) -> SimpleSigner:
    """Make a signer whose certificate `root` issued."""
    builder = _builder(name, root, name, _EXPIRED if expired else _END)
    builder = builder.add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
    certificate = builder.sign(private_key(root), hashes.SHA256())
    store = SimpleCertificateStore()
    store.register(_asn1(root_certificate(root)))
    return SimpleSigner(signing_cert=_asn1(certificate), signing_key=_asn1_key(name), cert_registry=store)


def timestamper(root: str, name: str) -> DummyTimeStamper:
    """Make a time-stamping service that answers without a network, always at the same moment."""
    builder = _builder(name, root, name, _END)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(private_key(root), hashes.SHA256())
    store = SimpleCertificateStore()
    store.register(_asn1(root_certificate(root)))
    return DummyTimeStamper(
        _asn1(certificate), _asn1_key(name), certs_to_embed=store, fixed_dt=_SIGNING_MOMENT, include_nonce=False
    )


def write_root(name: str, path: Path) -> None:
    """Write a root as PEM under a line that says what it is worth."""
    pem = root_certificate(name).public_bytes(serialization.Encoding.PEM)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        "# Gốc chứng thư VÍ DỤ: ai cũng tính lại được khóa. Không tin trên hệ thống thật.\n".encode() + pem
    )


def _builder(subject: str, issuer: str, key: str, end: datetime) -> x509.CertificateBuilder:
    serial = random.Random(f"{issuer}/{subject}").getrandbits(120) | 1  # noqa: S311 - the same every time
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(private_key(key).public_key())
        .serial_number(serial)
        .not_valid_before(_BEGIN)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key(key).public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(private_key(issuer).public_key()), critical=False
        )
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "VÍ DỤ"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(**granted: bool) -> x509.KeyUsage:
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _asn1_key(seed: str) -> asn1_keys.PrivateKeyInfo:
    der = private_key(seed).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return asn1_keys.PrivateKeyInfo.load(der)
