import asyncio
import contextlib
import json
import signal
import sys

import httpx2 as httpx
import pytest

from workers.channels.email import EmailSender, SmtpSettings
from workers.channels.mailbox import Mailbox
from workers.channels.mailsink import MailSink, main, web_app
from workers.errors import UserError
from workers.records import Attachment

PDF = b"%PDF-1.7 \xff example"


async def load_file(sha256):
    return PDF


async def deliver(sink, clock, message):
    await EmailSender(SmtpSettings(port=sink.smtp_port, timeout=5), load_file, clock).send(message)


@pytest.fixture
async def browser(sink):
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sink.http_port}") as client:
        yield client


async def test_an_empty_box_says_so(browser):
    page = await browser.get("/")
    assert page.status_code == 200
    assert "Chưa có thư nào" in page.text
    assert (await browser.get("/messages")).json() == []


async def test_mail_is_for_its_owner_alone(tmp_path):
    folder = tmp_path / "mail"
    Mailbox(folder).add(["nguoi.nop@example.vn"], b"Subject: a\r\n\r\n")
    (mail,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, mail.stat().st_mode & 0o777) == (0o700, 0o600)


async def test_newest_mail_is_listed_first_and_shown_whole(sink, browser, clock, queued):
    name = "Giấy tiếp nhận “số 1”.pdf"
    await deliver(sink, clock, queued(id=1, message_id="a", subject="Thư thứ nhất"))
    await deliver(
        sink,
        clock,
        queued(id=2, message_id="b", subject="Thư thứ hai", attachments=[Attachment(name=name, sha256="a")]),
    )
    page = (await browser.get("/")).text
    assert page.index("Thư thứ hai") < page.index("Thư thứ nhất")
    second, first = (await browser.get("/messages")).json()
    assert [first["message_id"], second["message_id"]] == ["<a@example.vn>", "<b@example.vn>"]
    assert second["to"] == ["nguoi.nop@example.vn"]
    assert second["attachments"] == [{"name": name, "media_type": "application/pdf", "size": len(PDF)}]
    shown = (await browser.get(f"/mail/{second['id']}")).text
    assert "Hồ sơ đã được tiếp nhận." in shown
    assert "23/11/2026 09:00:00" in shown
    file = await browser.get(f"/mail/{second['id']}/0")
    assert file.content == PDF
    assert file.headers["content-disposition"].startswith("attachment; filename*=utf-8''Gi%E1%BA%A5y")


async def test_mail_is_shown_as_text_and_nothing_runs(sink, browser, clock, queued):
    evil = "<script>alert(1)</script>"
    await deliver(sink, clock, queued(id=1, message_id="a", subject=evil, body=evil + "\n"))
    (mail,) = (await browser.get("/messages")).json()
    for path in ("/", f"/mail/{mail['id']}"):
        page = await browser.get(path)
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/mail/x", "/mail/..%2f..%2fetc%2fpasswd", "/mail/" + "0" * 20 + "-0000", "/mail/x/0"]
)
async def test_what_is_not_there_is_not_found(browser, path):
    assert (await browser.get(path)).status_code == 404


async def test_another_host_name_is_refused(browser):
    assert (await browser.get("/messages", headers={"Host": "evil.example"})).status_code == 400


async def test_mail_is_there_again_after_a_restart(tmp_path, clock, queued):
    first = MailSink(tmp_path)
    await first.start()
    await deliver(first, clock, queued(id=1, message_id="a"))
    await first.stop()
    second = MailSink(tmp_path)
    await second.start()
    try:
        assert [mail.message_id for mail in second.mailbox.all()] == ["<a@example.vn>"]
    finally:
        await second.stop()


async def test_a_half_written_or_strange_file_is_no_mail(tmp_path):
    (tmp_path / "x.eml").write_text("no", encoding="utf-8")
    (tmp_path / ("0" * 20 + "-0000.part")).write_text("no", encoding="utf-8")
    assert Mailbox(tmp_path).all() == []


async def test_any_bytes_are_shown_without_failing(tmp_path):
    box = Mailbox(tmp_path)
    box.add(["a@example.vn"], b"\xff\xfe\x00 no header at all")
    box.add(["a@example.vn"], b"Subject: =?utf-8?b?!!!?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xff")
    box.add([], b"Content-Type: multipart/mixed\r\n\r\nno boundary")
    transport = httpx.ASGITransport(app=web_app(box))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/")).status_code == 200
        for mail_id in box.ids():
            assert (await client.get(f"/mail/{mail_id}")).status_code == 200


async def test_a_taken_port_is_one_clear_sentence(sink, tmp_path):
    with pytest.raises(UserError, match=f"Cổng {sink.smtp_port} đang được dùng"):
        await MailSink(tmp_path, smtp_port=sink.smtp_port).start()
    with pytest.raises(UserError, match=f"Cổng {sink.http_port} đang được dùng"):
        await MailSink(tmp_path, http_port=sink.http_port).start()


def test_a_wrong_command_line_ends_with_two(tmp_path):
    with pytest.raises(SystemExit) as caught:
        main(["--smtp-port", "0"])
    assert caught.value.code == 2


async def test_it_runs_as_a_command_and_stops_on_sigterm(tmp_path, unused_tcp_port_factory, clock, queued):
    smtp_port, http_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.channels.mailsink", "--smtp-port", str(smtp_port), "--http-port", str(http_port),
        "--directory", str(tmp_path / "mail"),
    )  # fmt: skip
    try:
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}") as client:
            answer = None
            while answer is None:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get("/messages")
                await asyncio.sleep(0.05)
            assert json.loads(answer.text) == []
    finally:
        process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
