"""Be an SMS and Zalo gateway on a development machine: keep every message, pass nothing on, show them on a page.

Run it: python -m workers.channels.gatewaysink --port 8026 --directory DIR
"""

from __future__ import annotations

import argparse
import json
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from workers.channels.local_pages import ASKED_BY_LOCAL_NAMES, HEADERS, LocalPages, run_sink
from workers.channels.mailsink_pages import PAGES, STYLE
from workers.errors import UserError
from workers.regulation.calendar import VIETNAM
from workers.regulation.short_texts import segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

CHANNELS = {"sms": "Tin nhắn", "zalo": "Zalo"}
_LONGEST_BODY = 64 * 1024

Fault = Literal["busy", "away", "refuse", "broken", "lost", "taken_then_broken", "taken_then_lost"]
"""What goes wrong with one request: 429, 503, 400, 500, the connection dies, or one of the last two after taking it."""

_ANSWERS: dict[Fault, int] = {"busy": 429, "away": 503, "refuse": 400, "broken": 500, "taken_then_broken": 500}


@dataclass(frozen=True)
class Delivery:
    """Hold a message that was taken, as the person who got it would see it."""

    id: str
    channel: str
    sender: str
    to: str
    text: str
    template: str | None
    segments: int
    at: str


@dataclass
class GatewayFaults:
    """Say what to do wrong, request after request; `retry_after` in seconds goes with 429 and 503."""

    coming: deque[Fault] = field(default_factory=deque)
    retry_after: int = 1


class Deliveries:
    """Keep what was taken in a file that only its owner reads; it is there again after a restart."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = directory / "messages.jsonl"
        self._file.touch(mode=0o600)
        self._all = [Delivery(**json.loads(line)) for line in self._file.read_text(encoding="utf-8").splitlines()]
        self._ids = {one.id for one in self._all}

    def take(self, delivery: Delivery, *, dropping_copies: bool) -> None:
        """Keep a message; of one id only the first when copies are dropped."""
        if dropping_copies and delivery.id in self._ids:
            return
        self._ids.add(delivery.id)
        self._all.append(delivery)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(delivery), ensure_ascii=False) + "\n")

    def all(self) -> list[Delivery]:
        """List the messages, newest first."""
        return self._all[::-1]


class GatewaySink:
    """Run the gateway; port 0 takes a free one, read it from `port` after `start`."""

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        key: str | None = None,
        dropping_copies: bool = True,
        faults: GatewayFaults | None = None,
    ) -> None:
        self.deliveries = Deliveries(directory)
        self.faults = faults or GatewayFaults()
        self.requests = 0
        self._key = key
        self._dropping_copies = dropping_copies
        self._pages = LocalPages(self._app(), port)

    @property
    def port(self) -> int:
        """Give the port."""
        return self._pages.port

    @property
    def url(self) -> str:
        """Give the address messages are posted to."""
        return f"http://127.0.0.1:{self.port}/messages"

    async def start(self) -> None:
        """Listen. Raises UserError when the port is taken."""
        try:
            await self._pages.start()
        except OSError as error:
            raise UserError(f"Cổng {self.port} đang được dùng: hãy chọn cổng khác cho cổng gửi tin thử.") from error

    async def stop(self) -> None:
        """Stop listening; kept messages stay."""
        await self._pages.stop()

    def _app(self) -> Starlette:
        pages = Environment(loader=DictLoader(PAGES), autoescape=True, undefined=StrictUndefined)
        pages.globals["channels"] = CHANNELS

        async def index(request: Request) -> Response:
            del request
            page = pages.get_template("texts").render(messages=self.deliveries.all())
            return HTMLResponse(page, headers=HEADERS)

        async def listed(request: Request) -> Response:
            del request
            return JSONResponse([asdict(one) for one in self.deliveries.all()], headers=HEADERS)

        async def style(request: Request) -> Response:
            del request
            return Response(STYLE, media_type="text/css", headers=HEADERS)

        return Starlette(
            routes=[
                Route("/", index),
                Route("/messages", listed),
                Route("/messages", self._take, methods=["POST"]),
                Route("/style.css", style),
            ],
            middleware=ASKED_BY_LOCAL_NAMES,
        )

    async def _take(self, request: Request) -> Response:
        self.requests += 1
        fault = self.faults.coming.popleft() if self.faults.coming else None
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            return JSONResponse({"error": "unauthorized"}, 401)
        delivery = _read(await request.body())
        if delivery is None:
            return JSONResponse({"error": "unreadable message"}, 400)
        if fault in {None, "taken_then_broken", "taken_then_lost"}:
            self.deliveries.take(delivery, dropping_copies=self._dropping_copies)
        if fault in {"lost", "taken_then_lost"}:
            return _Nothing()
        if fault is not None:
            code = _ANSWERS[fault]
            told = {"Retry-After": str(self.faults.retry_after)} if fault in {"busy", "away"} else None
            return JSONResponse({"error": fault}, code, headers=told)
        return JSONResponse({"id": delivery.id}, 202)


class _Nothing(Response):
    """Say that an answer comes and break off, as a connection that dies does."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _read(body: bytes) -> Delivery | None:
    try:
        said = json.loads(body[:_LONGEST_BODY])
        text, channel = str(said["text"]), str(said["channel"])
        if channel not in CHANNELS:
            return None
        return Delivery(
            id=str(said["id"]),
            channel=channel,
            sender=str(said["from"]),
            to=str(said["to"]),
            text=text,
            template=said.get("template"),
            segments=segments(text) if channel == "sms" else 1,
            at=f"{datetime.now(UTC).astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}",
        )
    except (ValueError, KeyError, TypeError):
        return None


def main(given: Sequence[str] | None = None) -> int:
    """Run the gateway until SIGTERM or SIGINT; 2 when it cannot listen."""
    parser = argparse.ArgumentParser(prog="python -m workers.channels.gatewaysink", description="Cổng gửi tin thử")
    parser.add_argument("--port", type=int, default=8026, help="cổng nhận tin và trang xem tin")
    parser.add_argument("--directory", type=Path, required=True, help="thư mục giữ tin")
    arguments = parser.parse_args(given)
    return run_sink(parser, arguments.directory, lambda: GatewaySink(arguments.directory, arguments.port))


if __name__ == "__main__":
    raise SystemExit(main())
