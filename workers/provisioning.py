"""Make what docker-compose.yml needs and nobody should choose: passwords, and the certificate of the gateway."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from workers.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

GENERATED = (
    "CAMUNDA_ADMIN_PASSWORD",
    "CAMUNDA_WORKER_PASSWORD",
    "CAMUNDA_DB_PASSWORD",
    "REGISTRY_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
)
CERTIFICATE, KEY = "gateway.crt", "gateway.key"

_ENVIRONMENT = """\
# Thiết lập của docker-compose.yml trên máy này, do `dieuphoi secrets` tạo. Không đưa vào git, không gửi cho ai.

# Chạy thử: thư vào hộp thư thử (http://127.0.0.1:8025). Vận hành: để trống dòng đầu và ghi máy chủ thư của cơ quan.
COMPOSE_PROFILES=trial
SMTP_HOST=mail
SMTP_PORT=1025
SMTP_TLS=none
SMTP_USER=
SMTP_PASSWORD=
MAIL_FROM=dieuphoi@example.vn
# Ai nhận cảnh báo vận hành (Alertmanager); nhiều địa chỉ thì cách nhau bằng dấu phẩy.
ALERT_MAIL_TO=truc-he-thong@example.vn
TRACKING_BASE_URL=http://127.0.0.1:8090

WORKER_REPLICAS=2

# Từ 8.6, Camunda cần giấy phép của hãng khi vận hành chính thức.
CAMUNDA_LICENSE_KEY=

# Sinh ngẫu nhiên. Đổi mật khẩu cơ sở dữ liệu ở đây không đổi mật khẩu trong cơ sở dữ liệu đã có.
"""
_VALID_FOR = timedelta(days=730)
_RENEW_BEFORE = timedelta(days=60)


def environment() -> str:
    """Write the content of .env with fresh random passwords; hexadecimal, so that no place needs to quote them."""
    return _ENVIRONMENT + "".join(f"{name}={secrets.token_hex(24)}\n" for name in GENERATED)


def write_environment(path: Path) -> None:
    """Write .env for its owner only. Raises UserError when it exists: its passwords are those of existing data."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError(
            f"{path} đã có và chứa mật khẩu của dữ liệu đang dùng nên không bị ghi đè. "
            "Muốn làm lại từ đầu, hãy chuyển tệp đó đi nơi khác rồi chạy lại."
        ) from None
    except OSError as error:
        raise _unwritable(path) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(environment())


def ensure_certificate(folder: Path, host: str, now: datetime) -> bool:
    """Make the gateway's key and a certificate that vouches for itself, unless a good one is there.

    Tells whether it made one. The key is for its owner only. Raises UserError when the folder cannot be written.
    """
    if _is_good(folder / CERTIFICATE, host, now) and (folder / KEY).is_file():
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = _certify(key, host, now).public_bytes(serialization.Encoding.PEM)
    try:
        _replace(folder / KEY, private, 0o600)
        _replace(folder / CERTIFICATE, public, 0o644)
    except OSError as error:
        raise _unwritable(folder) from error
    return True


def _certify(key: ec.EllipticCurvePrivateKey, host: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    # Modeler and the command line reach the gateway through the published port.
    hosts = x509.SubjectAlternativeName([x509.DNSName(host), x509.DNSName("localhost")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _is_good(path: Path, host: str, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    in_time = now.astimezone(UTC) + _RENEW_BEFORE < certificate.not_valid_after_utc
    return in_time and host in names.get_values_for_type(x509.DNSName)


def _replace(path: Path, content: bytes, mode: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    fresh.rename(path)


def _unwritable(path: Path) -> UserError:
    return UserError(f"Không ghi được {path}; hãy kiểm tra thư mục và quyền ghi rồi chạy lại.")
