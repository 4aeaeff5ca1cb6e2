"""Take from text that people send what could deceive the eye or a machine: control and direction characters."""

from __future__ import annotations

import unicodedata
from typing import Any

KEPT = frozenset("\t\n")
# They turn the direction of what follows: a name can then show as another one.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_control(char: str) -> bool:
    """Tell whether a character is a control or direction character; tab and line feed are none."""
    return char not in KEPT and (unicodedata.category(char) in {"Cc", "Zl", "Zp"} or char in _DIRECTION)


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
