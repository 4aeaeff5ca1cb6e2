"""Send e-mail over SMTP and tell exactly what is known of the result."""

from __future__ import annotations

import re
from contextlib import suppress
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Literal

import aiosmtplib
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.plain import is_control
from workers.regulation.identity import is_email_address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from workers.channels.dispatcher import NamedFile, OutboxMessage

UNSUBSCRIBE_URL = "unsubscribe_url"
"""Where an outbox row's variables keep the address that ends a subscription with one POST (RFC 8058)."""

_MESSAGE_ID = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")
_TEMPORARY = range(400, 500)
_POLICY = compat32.clone(linesep="\r\n")


class SmtpSettings(BaseModel):
    """Say how to reach the mail server. `timeout` in seconds holds for each exchange; `sender` is an address."""

    model_config = ConfigDict(frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=1025, ge=1, le=65535)
    tls: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: SecretStr | None = None
    sender: str = "dieuphoi@example.vn"
    sender_name: str = "Hệ thống điều phối hồ sơ"
    timeout: float = Field(default=30, gt=0)
    verify_certificate: bool = True


class EmailSender:
    """Send one message at a time over its own connection; many may run at once."""

    def __init__(
        self, settings: SmtpSettings, load_file: Callable[[str], Awaitable[bytes]], now: Callable[[], datetime]
    ) -> None:
        """Take how to reach the server, how to load an attachment by its sha-256, and the clock for the Date header."""
        self._settings = settings
        self._load_file = load_file
        self._now = now

    async def send(self, message: OutboxMessage) -> None:
        """Send a message under its own Message-ID, the same on every attempt.

        Raises:
            SendLater: the server is unreachable, or said 4xx, or broke off before the letter was handed over.
            SendRefused: the server said 5xx, or address or attachment are unusable.
            SendUnknown: the connection ended after the letter was handed over and before the server answered.

        """
        letter = await self._compose(message)
        client = self._client()
        try:
            await self._open(client)
            await self._hand_over(client, message.recipient, letter)
            # The letter's fate is known by now; a server that is rude about QUIT changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    async def _compose(self, message: OutboxMessage) -> bytes:
        if not is_email_address(message.recipient):
            raise SendRefused("địa chỉ thư điện tử không hợp lệ")
        if not _MESSAGE_ID.fullmatch(message.message_id):
            raise SendRefused("mã thư không hợp lệ")
        text = MIMEText(message.body, "plain", "utf-8")
        files = [await self._attachment(attachment) for attachment in message.attachments]
        letter = MIMEMultipart(_subparts=[text, *files]) if files else text
        settings = self._settings
        letter["From"] = formataddr((one_line(settings.sender_name), settings.sender))
        letter["To"] = message.recipient
        letter["Subject"] = _header("Subject", message.subject)
        letter["Date"] = format_datetime(self._now())
        letter["Message-ID"] = f"<{message.message_id}@{settings.sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        if url := message.variables.get(UNSUBSCRIBE_URL):
            letter["List-Unsubscribe"] = f"<{one_line(str(url))}>"
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if message.dossier_code:
            letter["X-Dossier-Code"] = _header("X-Dossier-Code", message.dossier_code)
        return letter.as_bytes(policy=_POLICY)

    async def _attachment(self, attachment: NamedFile) -> MIMEApplication:
        try:
            content = await self._load_file(attachment.sha256)
        except (OSError, KeyError) as error:
            raise SendRefused("không đọc được tệp đính kèm trong kho tài liệu") from error
        part = MIMEApplication(content, "pdf")
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", one_line(attachment.name)))
        return part

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user,
            password=settings.password.get_secret_value() if settings.password else None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            validate_certs=settings.verify_certificate,
            timeout=settings.timeout,
            local_hostname=settings.sender.rpartition("@")[2],
        )

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
        except aiosmtplib.SMTPResponseException as error:
            # A login or greeting that fails is the operator's to mend; letters wait meanwhile.
            raise SendLater(f"máy chủ thư từ chối phiên làm việc (mã {error.code})") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise SendLater("không kết nối được máy chủ thư") from error

    async def _hand_over(self, client: aiosmtplib.SMTP, recipient: str, letter: bytes) -> None:
        try:
            await client.mail(self._settings.sender)
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise SendLater("máy chủ thư ngắt kết nối trước khi nhận thư") from error
        try:
            await client.data(letter)
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise SendUnknown("mất kết nối sau khi bắt đầu trao thư, không rõ máy chủ đã nhận hay chưa") from error


def _header(name: str, text: str) -> str:
    # The newer email.message folds long Vietnamese subjects so that spaces between words get lost.
    return Header(one_line(text), "utf-8", header_name=name).encode()


def one_line(text: str) -> str:
    """Make a header value: one line, no control characters, so that it can start no other header."""
    return " ".join("".join(" " if is_control(char) else char for char in text).split())


def _answered(code: int) -> SendLater | SendRefused:
    if code in _TEMPORARY:
        return SendLater(f"máy chủ thư tạm thời chưa nhận (mã {code})")
    return SendRefused(f"máy chủ thư từ chối (mã {code})")
