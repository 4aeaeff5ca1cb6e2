import asyncio
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.channels.email import EmailSender, SmtpSettings, one_line
from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.records import Attachment

PDF = b"%PDF-1.7 example"
MOMENT = datetime(2026, 11, 23, 9, tzinfo=UTC)
Letter = partial(SimpleNamespace, variables={})


async def load_file(sha256):
    if sha256 != "a" * 64:
        raise KeyError(sha256)
    return PDF


def sender(port, clock, **changes):
    return EmailSender(SmtpSettings(port=port, timeout=5, **changes), load_file, clock)


async def test_a_letter_arrives_whole(sink, clock, queued):
    name = "Giấy tiếp nhận hồ sơ và hẹn trả kết quả H29-261123-0001.pdf"
    message = queued(id=1, message_id="225.dossier_received", attachments=[Attachment(name=name, sha256="a" * 64)])
    await sender(sink.smtp_port, clock).send(message)
    (mail,) = sink.mailbox.all()
    assert mail.subject == message.subject
    assert mail.body.replace("\r\n", "\n") == message.body
    assert mail.recipients == [message.recipient]
    assert mail.message_id == "<225.dossier_received@example.vn>"
    assert mail.sender == "Hệ thống điều phối hồ sơ <dieuphoi@example.vn>"
    assert [(f.name, f.media_type, f.content) for f in mail.attachments] == [(name, "application/pdf", PDF)]
    assert mail.date.endswith("09:00:00 +0700")


async def test_a_letter_to_a_subscriber_can_be_ended_with_one_press_and_others_cannot(clock, queued):
    url = "https://dieuphoi.example.vn/nhan-tin/ABCDEFGHJKMNPQRS/huy"
    letters = []
    for variables in ({"unsubscribe_url": url}, {}):
        composed = await sender(1025, clock)._compose(queued(id=1, message_id="225.x", variables=variables))
        letters.append(message_from_bytes(composed, policy=policy.default))
    assert letters[0]["List-Unsubscribe"] == f"<{url}>"
    assert letters[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letters[1]["List-Unsubscribe"] is letters[1]["List-Unsubscribe-Post"] is None


async def test_every_attempt_has_the_same_message_id(sink, clock, queued):
    message = queued(id=1, message_id="225.x")
    mailer = sender(sink.smtp_port, clock)
    await mailer.send(message)
    await mailer.send(message)
    assert {mail.message_id for mail in sink.mailbox.all()} == {"<225.x@example.vn>"}


async def test_a_refused_recipient_is_refused(sink, clock, queued):
    sink.faults.refuse = 1
    with pytest.raises(SendRefused, match="550"):
        await sender(sink.smtp_port, clock).send(queued(id=1, message_id="a"))
    assert sink.mailbox.ids() == []


async def test_a_busy_server_is_tried_later(sink, clock, queued):
    sink.faults.busy = 1
    with pytest.raises(SendLater, match="451"):
        await sender(sink.smtp_port, clock).send(queued(id=1, message_id="a"))
    assert sink.mailbox.ids() == []


async def test_a_server_that_is_away_is_tried_later(clock, queued, unused_tcp_port):
    with pytest.raises(SendLater, match="không kết nối được"):
        await sender(unused_tcp_port, clock).send(queued(id=1, message_id="a"))


async def test_a_connection_lost_after_the_hand_over_is_unknown(sink, clock, queued):
    sink.faults.fail_after_data = 1
    with pytest.raises(SendUnknown):
        await sender(sink.smtp_port, clock).send(queued(id=1, message_id="a"))
    assert len(sink.mailbox.ids()) == 1


@pytest.mark.parametrize(("answers", "outcome"), [([], SendLater), ([b"220 hi"], SendLater),
    ([b"220 hi", b"250 ok"], SendLater), ([b"220 hi", b"250 ok", b"250 ok"], SendLater),
    ([b"220 hi", b"250 ok", b"250 ok", b"250 ok"], SendUnknown),
    ([b"220 hi", b"250 ok", b"250 ok", b"250 ok", b"354 go"], SendUnknown),
    ([b"554 no"], SendLater), ([b"220 hi", b"250 ok", b"452 full"], SendLater),
    ([b"220 hi", b"250 ok", b"250 ok", b"250 ok", b"354 go", b"554 spam"], SendRefused)])  # fmt: skip
async def test_what_is_known_follows_from_where_the_server_broke_off(clock, queued, answers, outcome):
    async def rude(reader, writer):
        for number, answer in enumerate(answers):
            if number == 5:
                await reader.readuntil(b"\r\n.\r\n")
            elif number:
                await reader.readline()
            writer.write(answer + b"\r\n")
            await writer.drain()
        if len(answers) > 1:
            await reader.readline()
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(outcome):
            await sender(port, clock).send(queued(id=1, message_id="a"))
        await asyncio.wait_for(ended.wait(), 5)


@pytest.mark.parametrize(
    "address", ["", "không@example.vn", "a@b\r\nRCPT TO:<x@example.vn>", "a b@example.vn", "a@@b", "<a@example.vn>"]
)
async def test_an_address_that_is_none_is_refused_before_connecting(clock, queued, address):
    with pytest.raises(SendRefused, match="địa chỉ"):
        await sender(1, clock).send(queued(id=1, message_id="a", recipient=address))


async def test_a_message_id_that_breaks_out_is_refused(clock, queued):
    with pytest.raises(SendRefused, match="mã thư"):
        await sender(1, clock).send(queued(id=1, message_id="a>\r\nBcc: x@example.vn"))


async def test_a_lost_attachment_is_refused(clock, queued):
    message = queued(id=1, message_id="a", attachments=[Attachment(name="a.pdf", sha256="b" * 64)])
    with pytest.raises(SendRefused, match="đính kèm"):
        await sender(1, clock).send(message)


TEXT = st.text(max_size=120)
WORDS = st.lists(
    st.sampled_from(["Nhắc", "xác nhận", "kết", "quả", "hồ", "sơ", "H29.14-261102-0007:", "ok,"]), max_size=40
)


@settings(max_examples=200, deadline=None)
@given(words=WORDS)
def test_a_subject_of_any_length_keeps_its_spaces(words):
    subject = " ".join(["Thư", *words])
    message = Letter(variables={}, id=1, message_id="a", recipient="a@example.vn", subject=subject, dossier_code=None,
                     body="", attachments=[])  # fmt: skip
    letter = asyncio.run(EmailSender(SmtpSettings(), load_file, lambda: MOMENT)._compose(message))
    assert all(len(line) <= 78 for line in letter.split(b"\r\n"))
    for reading in (policy.default, policy.compat32):
        parsed = message_from_bytes(letter, policy=reading)["Subject"]
        assert str(make_header(decode_header(parsed))) == subject


@settings(max_examples=60, deadline=None)
@given(subject=TEXT, name=TEXT, code=TEXT, body=st.text(max_size=300))
def test_no_value_can_start_a_header(subject, name, code, body):
    message = Letter(
        variables={},
        id=1, message_id="a", recipient="a@example.vn",
        subject=subject + "\r\nBcc: x@example.vn", dossier_code=code + "\nCc: y@example.vn",
        body=body.encode("utf-8", "replace").decode("utf-8"),
        attachments=[Attachment(name=name + "\r\nX-Evil: 1.pdf", sha256="a" * 64)],
    )  # fmt: skip
    letter = asyncio.run(EmailSender(SmtpSettings(), load_file, lambda: MOMENT)._compose(message))
    parsed = message_from_bytes(letter, policy=policy.default)
    assert "Bcc" not in parsed
    assert "Cc" not in parsed
    assert not [part for part in parsed.walk() if "X-Evil" in part]
    assert sorted(set(parsed.keys())) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Dossier-Code",
         "Content-Type", "MIME-Version"]
    )  # fmt: skip
    assert str(parsed["Subject"]).endswith("Bcc: x@example.vn")


@given(TEXT)
def test_a_header_value_is_one_visible_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(char) == "Cc" for char in line)
