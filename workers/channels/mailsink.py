"""Take all mail on a development machine and show it on a small web page; nothing is passed on.

Run it: python -m workers.channels.mailsink --smtp-port 1025 --http-port 8025 --directory DIR
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import uvicorn
from aiosmtpd.smtp import SMTP
from jinja2 import DictLoader, Environment, StrictUndefined
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from workers.channels.mailbox import Mailbox
from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiosmtpd.smtp import Envelope, Session
    from starlette.requests import Request

LOOPBACK = "127.0.0.1"
_MAX_BYTES = 64 * 1024 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_STYLE = """
:root { color-scheme: light dark; --line: #d6dae0; --soft: #5b6573; --accent: #9b1c1c; --paper: #fff; --ground: #f4f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --line: #3a414b; --soft: #a3adba; --accent: #f29b9b; --paper: #1d2127; --ground: #14171b; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: var(--ground); }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p.note { color: var(--soft); margin: 0 0 1.25rem; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: left; padding: .55rem .75rem; border-top: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
thead th { border-top: 0; font-weight: 600; color: var(--soft); font-size: .85rem; }
th.when, td.when { width: 10.5rem; color: var(--soft); font-variant-numeric: tabular-nums; }
th.who, td.who { width: 15rem; }
th.files, td.files { width: 5.5rem; text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; padding: 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0; padding: 1rem; border-top: 1px solid var(--line); font: inherit; white-space: pre-wrap;
  overflow-wrap: anywhere; }
ul { margin: 0; padding: 1rem 1rem 1rem 2rem; border-top: 1px solid var(--line); }
.empty { padding: 3rem 1rem; text-align: center; color: var(--soft); }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; } thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  td, td.when, td.who, td.files { width: auto; border: 0; padding: .1rem .75rem; text-align: left; }
}
"""
_PAGES = {
    "base": """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}{% endblock %}</title><link rel="stylesheet" href="/style.css"></head>
<body><main>{% block main %}{% endblock %}</main></body></html>""",
    "list": """{% extends "base" %}{% block title %}Hộp thư thử nghiệm{% endblock %}{% block main %}
<h1>Hộp thư thử nghiệm</h1>
<p class="note">Mọi thư của hệ thống dừng ở đây, không gửi ra ngoài. {{ mails|length }} thư, mới nhất ở trên.</p>
<div class="card">{% if mails %}<table>
<thead><tr><th class="when" scope="col">Thời gian</th><th class="who" scope="col">Người nhận</th>
<th scope="col">Tiêu đề</th><th class="files" scope="col">Đính kèm</th></tr></thead>
<tbody>{% for mail in mails %}<tr><td class="when">{{ mail.date|moment }}</td><td class="who">{{ mail.recipients|join(", ") }}</td>
<td><a href="/mail/{{ mail.id }}">{{ mail.subject or "(không có tiêu đề)" }}</a></td>
<td class="files">{{ mail.attachments|length or "" }}</td></tr>{% endfor %}</tbody></table>
{% else %}<p class="empty">Chưa có thư nào.<br>Thư xuất hiện ở đây khi hồ sơ đầu tiên được tiếp nhận.</p>{% endif %}</div>
{% endblock %}""",
    "mail": """{% extends "base" %}{% block title %}{{ mail.subject or "Thư" }}{% endblock %}{% block main %}
<p class="note"><a href="/">← Tất cả thư</a></p>
<article class="card"><dl>
<dt>Tiêu đề</dt><dd><h1>{{ mail.subject or "(không có tiêu đề)" }}</h1></dd>
<dt>Người gửi</dt><dd>{{ mail.sender }}</dd><dt>Người nhận</dt><dd>{{ mail.recipients|join(", ") }}</dd>
<dt>Thời gian</dt><dd>{{ mail.date|moment }}</dd><dt>Mã thư</dt><dd>{{ mail.message_id }}</dd></dl>
<pre>{{ mail.body }}</pre>
{% if mail.attachments %}<ul>{% for file in mail.attachments %}
<li><a href="/mail/{{ mail.id }}/{{ loop.index0 }}">{{ file.name }}</a> ({{ file.content|length|size }})</li>
{% endfor %}</ul>{% endif %}</article>{% endblock %}""",
    "missing": """{% extends "base" %}{% block title %}Không có thư này{% endblock %}{% block main %}
<h1>Không có thư này</h1><p class="note"><a href="/">← Tất cả thư</a></p>{% endblock %}""",
}


@dataclass
class Faults:
    """Say what to do wrong, for tests: how many more letters meet each fault."""

    fail_after_data: int = 0
    refuse: int = 0
    busy: int = 0


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
        if self._faults.busy > 0:
            self._faults.busy -= 1
            return "451 4.3.0 Try again later"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await asyncio.to_thread(self._mailbox.add, list(envelope.rcpt_tos), content)
        if self._faults.fail_after_data > 0:
            self._faults.fail_after_data -= 1
            server.transport.abort()
        return "250 2.0.0 OK"


class MailSink:
    """Run the SMTP server and the page on loopback; port 0 takes a free one, read it from the fields after `start`."""

    def __init__(self, directory: Path, smtp_port: int = 0, http_port: int = 0, faults: Faults | None = None) -> None:
        self.mailbox = Mailbox(directory)
        self.smtp_port = smtp_port
        self.http_port = http_port
        self.faults = faults or Faults()
        self._smtp: asyncio.Server | None = None
        self._http: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises UserError when a port is taken."""
        handler = MailHandler(self.mailbox, self.faults)
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(handler, hostname="localhost", data_size_limit=_MAX_BYTES, enable_SMTPUTF8=True, loop=loop)

        try:
            self._smtp = await loop.create_server(protocol, LOOPBACK, self.smtp_port)
        except OSError as error:
            raise UserError(f"Cổng {self.smtp_port} đang được dùng: hãy chọn cổng SMTP khác cho hộp thư.") from error
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        try:
            page = socket.create_server((LOOPBACK, self.http_port))
        except OSError as error:
            self._smtp.close()
            raise UserError(f"Cổng {self.http_port} đang được dùng: hãy chọn cổng web khác cho hộp thư.") from error
        self.http_port = page.getsockname()[1]
        config = uvicorn.Config(web_app(self.mailbox), log_level="warning", lifespan="off", ws="none")
        self._http = uvicorn.Server(config)
        # serve() would take over the signals of a process that may have its own use for them.
        self._serving = asyncio.create_task(self._http._serve(sockets=[page]))  # noqa: SLF001
        while not self._http.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening; kept mail stays."""
        if self._http and self._serving:
            self._http.should_exit = True
            await self._serving
        if self._smtp:
            self._smtp.close()
            await self._smtp.wait_closed()


def web_app(mailbox: Mailbox) -> Starlette:
    """Build the page: the list, a mail, its attachments, and /messages as JSON for tests."""
    pages = Environment(loader=DictLoader(_PAGES), autoescape=True, undefined=StrictUndefined)
    pages.filters.update(moment=_moment, size=_size)

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(pages.get_template(name).render(**values), status_code=status, headers=_HEADERS)

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
        headers = {**_HEADERS, "Content-Disposition": disposition}
        return Response(file.content, media_type=file.media_type, headers=headers)

    async def messages(request: Request) -> Response:
        del request
        return JSONResponse([mail.as_json() for mail in await asyncio.to_thread(mailbox.all)], headers=_HEADERS)

    async def style(request: Request) -> Response:
        del request
        return Response(_STYLE, media_type="text/css", headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/mail/{mail_id}", one),
            Route("/mail/{mail_id}/{number:int}", attachment),
            Route("/messages", messages),
            Route("/style.css", style),
        ]
    )


def _moment(header: str) -> str:
    try:
        return f"{parsedate_to_datetime(header):%d/%m/%Y %H:%M:%S}"
    except ValueError:
        return header


def _size(count: int) -> str:
    return f"{max(1, round(count / 1024))} KB"


async def _run(arguments: argparse.Namespace) -> None:
    faults = Faults(fail_after_data=arguments.fail_after_data)
    sink = MailSink(arguments.directory, arguments.smtp_port, arguments.http_port, faults)
    await sink.start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await sink.stop()


def main(given: Sequence[str] | None = None) -> int:
    """Run the sink until SIGTERM or SIGINT; 2 when it cannot listen."""
    parser = argparse.ArgumentParser(prog="python -m workers.channels.mailsink", description="Hộp thư thử nghiệm")
    parser.add_argument("--smtp-port", type=int, default=1025, help="cổng SMTP (127.0.0.1)")
    parser.add_argument("--http-port", type=int, default=8025, help="cổng trang web (127.0.0.1)")
    parser.add_argument("--directory", type=Path, required=True, help="thư mục giữ thư (.eml)")
    parser.add_argument("--fail-after-data", type=int, default=0, help="kiểm thử: ngắt kết nối N lần sau khi nhận thư")
    arguments = parser.parse_args(given)
    try:
        asyncio.run(_run(arguments))
    except UserError as error:
        parser.exit(2, f"{error.message}\n")
    except PermissionError:
        parser.exit(2, f"Không ghi được vào {arguments.directory}: hãy cấp quyền hoặc chọn thư mục khác.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
