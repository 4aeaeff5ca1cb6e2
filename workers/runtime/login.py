"""Log in to the gateway with each call: user and password, or a token that is renewed once when it is refused."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from workers.runtime.tokens import TokenSource


class BasicLogin(grpc.AuthMetadataPlugin):  # type: ignore[misc]
    """Send user and password with each call."""

    def __init__(self, user: str, password: str) -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._metadata = (("authorization", f"Basic {token}"),)

    def __call__(self, _context: object, callback: Callable[[object, Exception | None], None]) -> None:
        """Hand the metadata to gRPC."""
        callback(self._metadata, None)


class TokenOnCalls(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Send the token with each call that has one answer. gRPC takes an interceptor for one kind of call only."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """Call; a token that the gateway refuses is replaced once."""
        token = await self._source.token()
        call = await continuation(_with_token(details, token), request)
        if await call.code() is not grpc.StatusCode.UNAUTHENTICATED:
            return call
        token = await self._source.token(refused=token)
        return await continuation(_with_token(details, token), request)


class TokenOnStreams(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Send the token with each call that has a stream of answers."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """Call; a token that the gateway refuses is replaced once."""
        token = await self._source.token()
        call = await continuation(_with_token(details, token), request)
        return self._answers(call, token, continuation, details, request)

    async def _answers(
        self, call: Any, token: str, continuation: Any, details: Any, request: Any
    ) -> AsyncIterator[Any]:
        begun = False
        try:
            async for answer in call:
                begun = True
                yield answer
        except grpc.aio.AioRpcError as error:
            if begun or error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
        else:
            return
        token = await self._source.token(refused=token)
        async for answer in await continuation(_with_token(details, token), request):
            yield answer


def _with_token(details: Any, token: str) -> Any:
    kept = [pair for pair in details.metadata or () if pair[0] != "authorization"]
    return details._replace(metadata=grpc.aio.Metadata(*kept, ("authorization", f"Bearer {token}")))
