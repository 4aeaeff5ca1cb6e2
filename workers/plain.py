"""Read what people send: plain text without what deceives the eye or a machine, plain files and no links or pipes."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

KEPT = frozenset("\t\n")
# They turn the direction of what follows: a name can then show as another one.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_control(char: str) -> bool:
    """Tell whether a character controls or turns what is shown, or is half a character; tab and line feed do not."""
    return char not in KEPT and (unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in _DIRECTION)


def plain(text: str) -> str:
    """Compose to NFC, write every line end as a line feed, and drop control and direction characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return unicodedata.normalize("NFC", "".join(char for char in lines if not is_control(char)))


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
