"""Open the channel to the gateway: plain, TLS, basic login or OAuth."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import grpc
from pyzeebe import create_insecure_channel, create_secure_channel
from pyzeebe.channel.channel_options import get_channel_options

from workers.errors import UserError
from workers.runtime.login import BasicLogin, TokenOnCalls, TokenOnStreams
from workers.runtime.tokens import TokenServer, TokenSource

if TYPE_CHECKING:
    from pydantic import SecretStr

    from workers.settings import Settings

OPTIONS = (
    ("grpc.keepalive_time_ms", 45_000),
    # Calls go to every gateway that an address names, and past one that is away.
    ("grpc.lb_policy_name", "round_robin"),
    # gRPC's own default lets two minutes pass between attempts after a long outage.
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)


def open_channel(settings: Settings, default_address: str) -> grpc.aio.Channel:
    """Open the channel the settings describe; call it inside the running event loop.

    `default_address` is used when the settings name none. Raises UserError for an unusable CA file.
    """
    address = settings.gateway_address or default_address
    if not settings.gateway_tls:
        return create_insecure_channel(address, OPTIONS)
    tls = grpc.ssl_channel_credentials(_authority(settings))
    if settings.gateway_auth == "basic":
        login = BasicLogin(settings.gateway_user or "", _secret(settings.gateway_password))
        tls = grpc.composite_channel_credentials(tls, grpc.metadata_call_credentials(login, name="basic"))
    if settings.gateway_auth == "oauth":
        source = TokenSource(_token_server(settings))
        interceptors = (TokenOnCalls(source), TokenOnStreams(source))
        return grpc.aio.secure_channel(address, tls, get_channel_options(OPTIONS), interceptors=interceptors)
    return create_secure_channel(address, OPTIONS, tls)


def _token_server(settings: Settings) -> TokenServer:
    form = {
        "grant_type": "client_credentials",
        "client_id": settings.gateway_client_id,
        "client_secret": _secret(settings.gateway_client_secret),
        "audience": settings.gateway_audience,
        "scope": settings.gateway_scope,
    }
    tls = ssl.create_default_context()
    if settings.gateway_ca_file is not None:
        tls.load_verify_locations(settings.gateway_ca_file)
    given = {name: value for name, value in form.items() if value is not None}
    return TokenServer(settings.gateway_token_url or "", given, tls)


def _authority(settings: Settings) -> bytes | None:
    """Read the CA file; gRPC itself would take any bytes and then trust nobody, without a word."""
    if settings.gateway_ca_file is None:
        return None
    try:
        ssl.create_default_context().load_verify_locations(settings.gateway_ca_file)
        return settings.gateway_ca_file.read_bytes()
    except OSError as error:
        raise UserError(
            f"Không đọc được chứng thư CA (PEM) trong {settings.gateway_ca_file}; "
            "hãy kiểm tra DIEUPHOI_GATEWAY_CA_FILE."
        ) from error


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()
