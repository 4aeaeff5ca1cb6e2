"""Keep received mail as .eml files in a folder and read it back for people and tests."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart
    from pathlib import Path

_NAME = re.compile(r"\d{20}-\d{4}")


@dataclass(frozen=True)
class SavedFile:
    """Hold an attachment."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """Hold a received mail, decoded."""

    id: str
    message_id: str
    sender: str
    recipients: list[str]
    subject: str
    date: str
    body: str
    attachments: list[SavedFile]

    def as_json(self) -> dict[str, Any]:
        """Describe the mail for tests: everything but the attachments' bytes."""
        files = [{"name": f.name, "media_type": f.media_type, "size": len(f.content)} for f in self.attachments]
        return {
            "id": self.id,
            "message_id": self.message_id,
            "from": self.sender,
            "to": self.recipients,
            "subject": self.subject,
            "date": self.date,
            "body": self.body,
            "attachments": files,
        }


class Mailbox:
    """Keep mail in a folder that only its owner reads; it is there again after a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, recipients: list[str], content: bytes) -> str:
        """Keep a mail as it came, with its envelope's recipients, and return its id."""
        mail_id = f"{time.time_ns():020d}-{next(self._numbers) % 10000:04d}"
        envelope = "".join(f"X-Envelope-To: {recipient}\r\n" for recipient in recipients).encode("utf-8")
        path = self._directory / f"{mail_id}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(envelope + content)
        unfinished.rename(path)
        return mail_id

    def ids(self) -> list[str]:
        """List the mails, newest first."""
        return sorted((path.stem for path in self._directory.glob("*.eml") if _NAME.fullmatch(path.stem)), reverse=True)

    def get(self, mail_id: str) -> Mail | None:
        """Read a mail; None when there is none of that id."""
        if not _NAME.fullmatch(mail_id):
            return None
        try:
            content = (self._directory / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return _decoded(mail_id, message_from_bytes(content, policy=policy.default))

    def all(self) -> list[Mail]:
        """Read all mails, newest first."""
        return [mail for mail_id in self.ids() if (mail := self.get(mail_id))]


def _decoded(mail_id: str, message: EmailMessage) -> Mail:
    body = message.get_body(preferencelist=("plain",))
    return Mail(
        id=mail_id,
        message_id=str(message.get("Message-ID", "")).strip(),
        sender=str(message.get("From", "")),
        recipients=[parseaddr(str(value))[1] for value in message.get_all("X-Envelope-To", [])],
        subject=str(message.get("Subject", "")),
        date=str(message.get("Date", "")),
        body=_text(body) if body else "",
        attachments=[_file(part) for part in message.iter_attachments()],
    )


def _text(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except LookupError:
        return _bytes(part).decode("utf-8", "replace")


def _bytes(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _file(part: EmailMessage) -> SavedFile:
    return SavedFile(
        name=part.get_filename() or "tep-dinh-kem",
        media_type=part.get_content_type(),
        content=_bytes(part),
    )
