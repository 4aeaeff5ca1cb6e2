"""Open the channel to the gateway: plain, TLS, basic login or OAuth."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import grpc
from pyzeebe import create_insecure_channel, create_oauth2_client_credentials_channel, create_secure_channel

from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from workers.settings import Settings

OPTIONS = (
    ("grpc.keepalive_time_ms", 45_000),
    # gRPC's own default lets two minutes pass between attempts after a long outage.
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


def open_channel(settings: Settings, default_address: str) -> grpc.aio.Channel:
    """Open the channel the settings describe; call it inside the running event loop.

    `default_address` is used when the settings name none. Raises UserError for an unreadable CA file.
    """
    address = settings.gateway_address or default_address
    if not settings.gateway_tls:
        return create_insecure_channel(address, OPTIONS)
    tls = grpc.ssl_channel_credentials(_ca_of(settings))
    if settings.gateway_auth == "oauth":
        return create_oauth2_client_credentials_channel(
            grpc_address=address,
            client_id=settings.gateway_client_id or "",
            client_secret=_secret(settings.gateway_client_secret),
            authorization_server=settings.gateway_token_url or "",
            scope=settings.gateway_scope,
            audience=settings.gateway_audience,
            channel_credentials=tls,
            channel_options=OPTIONS,
        )
    if settings.gateway_auth == "basic":
        login = BasicLogin(settings.gateway_user or "", _secret(settings.gateway_password))
        tls = grpc.composite_channel_credentials(tls, grpc.metadata_call_credentials(login, name="basic"))
    return create_secure_channel(address, OPTIONS, tls)


class BasicLogin(grpc.AuthMetadataPlugin):  # type: ignore[misc]
    """Send user and password with each call."""

    def __init__(self, user: str, password: str) -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._metadata = (("authorization", f"Basic {token}"),)

    def __call__(self, _context: object, callback: Callable[[object, Exception | None], None]) -> None:
        """Hand the metadata to gRPC."""
        callback(self._metadata, None)


def _ca_of(settings: Settings) -> bytes | None:
    if settings.gateway_ca_file is None:
        return None
    try:
        return settings.gateway_ca_file.read_bytes()
    except OSError as error:
        raise UserError(
            f"Không đọc được chứng thư CA {settings.gateway_ca_file}; hãy kiểm tra DIEUPHOI_GATEWAY_CA_FILE."
        ) from error


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()
