"""Read what people send: plain text without what deceives the eye or a machine, plain files and no links or pipes."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

KEPT = frozenset("\t\n")
# They turn the direction of what follows: a name can then show as another one.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# A pattern, since most of what a worker reads is text: asking for the category of each character takes 50 times longer.
_CONTROL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029{_DIRECTION}]")
_LINE_END = re.compile(r"\r\n|[\r\u2028\u2029]")


def is_control(char: str) -> bool:
    """Tell whether a character controls or turns what is shown, or is half a character; tab and line feed do not."""
    return _CONTROL.match(char) is not None


def plain(text: str) -> str:
    """Compose to NFC, write every line end as a line feed, and drop control and direction characters."""
    if not text.isprintable():
        text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", text)


def plain_values(value: Any) -> Any:
    """Apply `plain` to every text inside a JSON value."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [plain_values(part) for part in value]
    if isinstance(value, dict):
        return {key: plain_values(part) for key, part in value.items()}
    return value


def open_plain(path: Path, *, follow: bool = False) -> BufferedReader:
    """Open a regular file for reading, without waiting for the other end of a pipe.

    `follow`: the last part of the path may be a link. Raises OSError for anything that is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return os.fdopen(handle, "rb")
