"""Tell other systems of events: signed as Standard Webhooks asks, and never into a network that was not allowed.

A system knows a second copy by `webhook-id`, so whatever is not known to have arrived is sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from base64 import b64decode, b64encode
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import httpx2 as httpx

from workers.channels.outcomes import SendLater, SendRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from workers.channels.dispatcher import OutboxMessage

    Network = IPv4Network | IPv6Network
    Address = IPv4Address | IPv6Address

SECONDS = 10.0
PREFIX = "whsec_"
_PORTS = {"https": 443, "http": 80}


class Endpoint(Protocol):
    """Hold where a system is told."""

    @property
    def url(self) -> str:
        """Give the address."""

    @property
    def secret(self) -> str:
        """Give what signs."""

    @property
    def removed_at(self) -> datetime | None:
        """Say since when nothing more is told."""


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a message (Standard Webhooks, version 1)."""
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def networks(text: str) -> list[Network]:
    """Read a list of networks, separated by commas."""
    return [ip_network(part.strip()) for part in text.split(",") if part.strip()]


def may_call(scheme: str, address: Address, allowed: list[Network]) -> bool:
    """Say whether an address may be called: a public one over TLS, or one of a network that was allowed."""
    address = getattr(address, "ipv4_mapped", None) or address
    inside = any(address in network for network in allowed if network.version == address.version)
    return inside or (scheme == "https" and address.is_global and not address.is_multicast)


class WebhookSender:
    """Send events. `find` gives a webhook by its number."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[Endpoint | None]],
        allowed: list[Network],
        now: Callable[[], datetime],
        seconds: float = SECONDS,
    ) -> None:
        self._find = find
        self._allowed = allowed
        self._now = now
        self._seconds = seconds

    async def send(self, message: OutboxMessage) -> None:
        """Send one event. Raises SendRefused when it never will arrive, SendLater when it did not for now."""
        endpoint = await self._find(message.recipient)
        if endpoint is None or endpoint.removed_at is not None:
            raise SendRefused("webhook đã bị xóa")
        body = json.dumps(dict(message.variables), ensure_ascii=False, sort_keys=True).encode()
        timestamp = int(self._now().timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "dieuphoi",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(endpoint.secret, message.message_id, timestamp, body),
        }
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._post(endpoint.url, headers, body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise SendLater(f"hệ thống nhận không trả lời ({type(error).__name__})") from None
        if status == httpx.codes.GONE:
            raise SendRefused("hệ thống nhận cho biết không còn nhận (410)")
        if not httpx.codes.is_success(status):
            raise SendLater(f"hệ thống nhận trả lời {status}")

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        address = await self._address(parts.scheme, host, port)
        # The address that was looked at is the one that is called: a name may mean another one a moment later.
        written = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        pinned = parts._replace(netloc=f"{written}:{port}", fragment="").geturl()
        async with (
            httpx.AsyncClient(timeout=self._seconds, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                pinned,
                content=body,
                headers={**headers, "host": parts.netloc.rpartition("@")[2]},
                extensions={"sni_hostname": host},
            ) as response,
        ):
            # What it says is not read: it may be endless.
            return response.status_code

    async def _address(self, scheme: str, host: str, port: int) -> Address:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(one[4][0]) for one in found]
        if not addresses or not all(may_call(scheme, one, self._allowed) for one in addresses):
            raise SendRefused("địa chỉ webhook nằm ngoài những mạng được phép gọi tới")
        return addresses[0]
