"""Take all mail on a development machine and show it on a small web page; nothing is passed on.

Run it: python -m workers.channels.mailsink --smtp-port 1025 --http-port 8025 --directory DIR
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiosmtpd.smtp import SMTP
from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from workers.channels.local_pages import ASKED_BY_LOCAL_NAMES, HEADERS, LOOPBACK, LocalPages, run_sink
from workers.channels.mailbox import Mailbox
from workers.channels.mailsink_pages import PAGES, STYLE
from workers.errors import UserError
from workers.regulation.calendar import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtpd.smtp import Envelope, Session
    from starlette.requests import Request

_MAX_BYTES = 64 * 1024 * 1024


@dataclass
class Faults:
    """Say what to do wrong, for tests: how many more letters meet each fault, and how slow answers are, in seconds."""

    fail_after_data: int = 0
    refuse: int = 0
    busy: int = 0
    delay: float = 0


class MailHandler:
    """Answer the SMTP server: keep each letter, or meet the fault that is due."""

    def __init__(self, mailbox: Mailbox, faults: Faults) -> None:
        self._mailbox = mailbox
        self._faults = faults

    async def handle_RCPT(  # noqa: N802 - the name and arguments aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient unless a refusal is due."""
        del server, session, options
        if self._faults.refuse > 0:
            self._faults.refuse -= 1
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a letter; with `fail_after_data` the connection breaks after that, before the answer."""
        del session
        await asyncio.sleep(self._faults.delay)
        if self._faults.busy > 0:
            self._faults.busy -= 1
            return "451 4.3.0 Try again later"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await asyncio.to_thread(self._mailbox.add, list(envelope.rcpt_tos), content)
        if self._faults.fail_after_data > 0:
            self._faults.fail_after_data -= 1
            _break_off(server)
        return "250 2.0.0 OK"


class MailSink:
    """Run the SMTP server and the page; port 0 takes a free one, read it from the fields after `start`."""

    def __init__(
        self,
        directory: Path,
        smtp_port: int = 0,
        http_port: int = 0,
        faults: Faults | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self.mailbox = Mailbox(directory)
        self.host = host
        self.smtp_port = smtp_port
        self.http_port = http_port
        self.faults = faults or Faults()
        self._smtp: asyncio.Server | None = None
        self._pages: LocalPages | None = None

    async def start(self) -> None:
        """Listen. Raises UserError when a port is taken."""
        handler = MailHandler(self.mailbox, self.faults)
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(handler, hostname="localhost", data_size_limit=_MAX_BYTES, enable_SMTPUTF8=True, loop=loop)

        try:
            self._smtp = await loop.create_server(protocol, self.host, self.smtp_port)
        except OSError as error:
            raise UserError(f"Cổng {self.smtp_port} đang được dùng: hãy chọn cổng SMTP khác cho hộp thư.") from error
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        page = LocalPages(web_app(self.mailbox), self.http_port, self.host)
        try:
            await page.start()
        except OSError as error:
            self._smtp.close()
            raise UserError(f"Cổng {self.http_port} đang được dùng: hãy chọn cổng web khác cho hộp thư.") from error
        self.http_port, self._pages = page.port, page

    async def stop(self) -> None:
        """Stop listening; kept mail stays."""
        if self._pages:
            await self._pages.stop()
        if self._smtp:
            self._smtp.close()
            await self._smtp.wait_closed()


def _break_off(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def web_app(mailbox: Mailbox) -> Starlette:
    """Build the page: the list, a mail, its attachments, and /messages as JSON for tests."""
    pages = Environment(loader=DictLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    pages.filters.update(moment=_moment, size=_size)

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(pages.get_template(name).render(**values), status_code=status, headers=HEADERS)

    async def index(request: Request) -> Response:
        del request
        return page("list", mails=await asyncio.to_thread(mailbox.all))

    async def one(request: Request) -> Response:
        mail = mailbox.get(request.path_params["mail_id"])
        return page("mail", mail=mail) if mail else page("missing", status=404)

    async def attachment(request: Request) -> Response:
        mail = mailbox.get(request.path_params["mail_id"])
        number = request.path_params["number"]
        if mail is None or number >= len(mail.attachments):
            return page("missing", status=404)
        file = mail.attachments[number]
        disposition = f"attachment; filename*=utf-8''{quote(file.name, safe='')}"
        headers = {**HEADERS, "Content-Disposition": disposition}
        return Response(file.content, media_type=file.media_type, headers=headers)

    async def messages(request: Request) -> Response:
        del request
        return JSONResponse([mail.as_json() for mail in await asyncio.to_thread(mailbox.all)], headers=HEADERS)

    async def style(request: Request) -> Response:
        del request
        return Response(STYLE, media_type="text/css", headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/mail/{mail_id}", one),
            Route("/mail/{mail_id}/{number:int}", attachment),
            Route("/messages", messages),
            Route("/style.css", style),
        ],
        middleware=ASKED_BY_LOCAL_NAMES,
    )


def _moment(header: str) -> str:
    try:
        return f"{parsedate_to_datetime(header).astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"
    except ValueError:
        return header


def _size(count: int) -> str:
    return f"{max(1, round(count / 1024))} KB"


def main(given: Sequence[str] | None = None) -> int:
    """Run the sink until SIGTERM or SIGINT; 2 when it cannot listen."""
    parser = argparse.ArgumentParser(prog="python -m workers.channels.mailsink", description="Hộp thư thử nghiệm")
    parser.add_argument("--smtp-port", type=int, default=1025, help="cổng SMTP")
    parser.add_argument("--http-port", type=int, default=8025, help="cổng trang web")
    parser.add_argument("--host", default=LOOPBACK, help="địa chỉ nghe; trang web chỉ trả lời tên 127.0.0.1, localhost")
    parser.add_argument("--directory", type=Path, required=True, help="thư mục giữ thư (.eml)")
    parser.add_argument("--fail-after-data", type=int, default=0, help="kiểm thử: ngắt kết nối N lần sau khi nhận thư")
    arguments = parser.parse_args(given)
    faults = Faults(fail_after_data=arguments.fail_after_data)
    return run_sink(
        parser,
        arguments.directory,
        lambda: MailSink(arguments.directory, arguments.smtp_port, arguments.http_port, faults, arguments.host),
    )


if __name__ == "__main__":
    raise SystemExit(main())
