"""Get the token of the OAuth client-credentials grant (RFC 6749, 4.4), keep it, renew it before it expires."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import grpc
import httpx2

from workers.runtime.troubles import NOT_OBTAINED, tls_trouble

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import NoReturn

ANSWER_SECONDS = 10.0
"""How long the token server may take."""
RETRY_SECONDS = 5.0
"""How long a token that could not be renewed but still holds is used before the next attempt."""

_UNSAID_LIFETIME = 300.0
_LAST_SHARE, _LAST_SECONDS = 0.2, 60.0
_NAMED_ERRORS = frozenset({
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope",
})  # fmt: skip


@dataclass(frozen=True)
class TokenServer:
    """Say whom to ask and how. `form` holds the client's secret; `tls` decides which server is trusted."""

    url: str
    form: dict[str, str]
    tls: ssl.SSLContext


@dataclass
class _Held:
    value: str
    renew_at: float
    expires_at: float


class TokenSource:
    """Hand out the token; one request at a time asks for a new one. `clock` counts seconds.

    Raises AioRpcError as a call would: UNAVAILABLE when repeating may help, UNAUTHENTICATED when it cannot. Its
    details are a sentence for the operator, never the server's own text.
    """

    def __init__(self, server: TokenServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._clock = clock
        self._held: _Held | None = None
        self._asking = asyncio.Lock()

    async def token(self, refused: str | None = None) -> str:
        """Return a token other than `refused`, the one the gateway did not accept."""
        async with self._asking:
            held, now = self._held, self._clock()
            if held is None or held.value == refused or now >= held.expires_at:
                self._held = held = await self._ask()
            elif now >= held.renew_at:
                held = await self._renew(held)
            return held.value

    async def _renew(self, held: _Held) -> _Held:
        try:
            self._held = await self._ask()
        except grpc.aio.AioRpcError:
            held.renew_at = self._clock() + RETRY_SECONDS
            return held
        return self._held

    async def _ask(self) -> _Held:
        asked = self._clock()
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                httpx2.AsyncClient(verify=self._server.tls, timeout=None, trust_env=False) as http,
            ):
                response = await http.post(self._server.url, data=self._server.form)
        except (httpx2.TransportError, TimeoutError) as error:
            self._fail(grpc.StatusCode.UNAVAILABLE, _transport_trouble(error))
        status, content = response.status_code, _content(response)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._fail(grpc.StatusCode.UNAVAILABLE, f"máy chủ trả lời HTTP {status}; hãy kiểm tra máy chủ cấp token")
        if status != HTTPStatus.OK:
            self._fail(grpc.StatusCode.UNAUTHENTICATED, _refusal(status, content))
        value = content.get("access_token")
        if not (isinstance(value, str) and value.isascii() and value.isprintable() and value):
            self._fail(
                grpc.StatusCode.UNAUTHENTICATED,
                "câu trả lời không có token; hãy xem lại địa chỉ DIEUPHOI_GATEWAY_TOKEN_URL",
            )
        return _held(value, asked, content.get("expires_in"))

    def _fail(self, status: grpc.StatusCode, why: str) -> NoReturn:
        nothing = grpc.aio.Metadata()
        raise grpc.aio.AioRpcError(
            status, nothing, nothing, details=f"{NOT_OBTAINED} từ {self._server.url}: {why}"
        ) from None


def _held(value: str, asked: float, lifetime: object) -> _Held:
    seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else _UNSAID_LIFETIME
    return _Held(value, asked + seconds - min(seconds * _LAST_SHARE, _LAST_SECONDS), asked + seconds)


def _content(response: httpx2.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _refusal(status: int, content: dict[str, Any]) -> str:
    named = content.get("error")
    reason = f" {named}" if named in _NAMED_ERRORS else ""
    return (
        f"máy chủ từ chối (HTTP {status}{reason}); hãy kiểm tra DIEUPHOI_GATEWAY_CLIENT_ID, "
        "DIEUPHOI_GATEWAY_CLIENT_SECRET, DIEUPHOI_GATEWAY_AUDIENCE, DIEUPHOI_GATEWAY_SCOPE"
    )


def _transport_trouble(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"máy chủ không trả lời trong {ANSWER_SECONDS:g} giây; hãy kiểm tra máy chủ cấp token"
    return tls_trouble(str(error)) or "không kết nối được; hãy kiểm tra địa chỉ và máy chủ cấp token"
