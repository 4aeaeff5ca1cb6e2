"""A token server that misbehaves on purpose, and a door that lets only known logins through to a gateway."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import grpc

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.certificates import Identity

SECRET = "made-up-secret"


class Door(grpc.aio.ServerInterceptor):
    """Refuse every call whose `authorization` is not among `accepted`."""

    def __init__(self, *accepted: str) -> None:
        self.accepted = set(accepted)
        self.refusals = 0

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        if dict(details.invocation_metadata).get("authorization") in self.accepted:
            return await continuation(details)
        self.refusals += 1
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    async def _refuse(self, _request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


class TokenServer:
    """Give `token-1`, `token-2`, … and let each through the door; one answer after the other as `answers` says."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.requests: list[dict[str, str]] = []
        self.answers: list[tuple[int, Any]] = []
        self.lifetime: float | None = 300
        self.delay = 0.0
        self.port = 0
        self._scheme = "http"
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/token"

    async def start(self, identity: Identity | None = None, folder: Path | None = None) -> TokenServer:
        context = _context(identity, folder) if identity and folder else None
        self._scheme = "https" if context else "http"
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            form = parse_qs((await reader.readexactly(length)).decode())
            self.requests.append({name: values[0] for name, values in form.items()})
            await asyncio.sleep(self.delay)
            status, content = self._answer()
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self) -> tuple[int, Any]:
        if self.answers:
            return self.answers.pop(0)
        if self.requests[-1].get("client_secret") != SECRET:
            return 401, {"error": "invalid_client", "error_description": "secret words of the server"}
        token = f"token-{len(self.requests)}"
        self.door.accepted.add(f"Bearer {token}")
        lifetime = {} if self.lifetime is None else {"expires_in": self.lifetime}
        return 200, {"access_token": token, "token_type": "Bearer", **lifetime}


def _context(identity: Identity, folder: Path) -> ssl.SSLContext:
    path = folder / "token-server.pem"
    path.write_bytes(identity.key + identity.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
