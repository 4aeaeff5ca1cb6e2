"""Keep visitors' browsers and the portal safe: headers, size of requests, forged forms, guessed secrets."""

from __future__ import annotations

import hmac
import math
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
WITH_LOCATION = {
    "content-security-policy": HEADERS["content-security-policy"] + "; script-src 'self'",
    "permissions-policy": HEADERS["permissions-policy"].replace("geolocation=()", "geolocation=(self)"),
}
"""What a page sends instead that offers to read the browser's position."""
CSRF = "csrf"
MINUTE = 60.0


class SafeHeaders:
    """Add the headers that tell browsers what these pages never need; a route may set its own `cache-control`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                added = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in given]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, with_headers)


class LimitedBody:
    """Refuse bodies of more than `most` bytes with 413, whatever their header says."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self._most:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


class Attempts:
    """Count wrong secrets by key, so that nobody tries them all; forgets a key after `window` seconds.

    Counts stand in this process's memory: with several portals each grants its own `most`.
    """

    def __init__(
        self, most: int, window: float, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window = window
        self._keys = keys
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise HTTPException 429 when one of the keys failed too often lately."""
        for key in keys:
            recent = self._recent(key)
            if len(recent) >= self._most:
                wait = max(1, round(recent[0] + self._window - self._clock()))
                raise HTTPException(429, headers={"Retry-After": str(wait)})

    def failed(self, *keys: str) -> None:
        """Count a failure for each key."""
        for key in keys:
            self._failures[key] = [*self._recent(key), self._clock()]
            self._failures.move_to_end(key)
        while len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def _recent(self, key: str) -> list[float]:
        since = self._clock() - self._window
        return [moment for moment in self._failures.get(key, ()) if moment > since]


class Rate:
    """Let each caller through so many times a minute; counts stand in this process's memory, as those of `Attempts`."""

    def __init__(self, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, who: str, per_minute: int) -> int:
        """Count a request; give the seconds to wait when it was one too many, else 0."""
        now = self._clock()
        left, seen = self._left.get(who, (float(per_minute), now))
        left = min(per_minute, left + (now - seen) * per_minute / MINUTE)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        self._left.move_to_end(who)
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) * MINUTE / per_minute)


def new_token() -> str:
    """Make the token that every form of a visit carries."""
    return secrets.token_urlsafe(24)


def require_token(expected: str | None, given: object) -> None:
    """Raise HTTPException 403 unless a form carries the visit's own token."""
    if not expected or not isinstance(given, str) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise HTTPException(403)
