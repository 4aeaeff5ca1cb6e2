"""Mask what looks like a citizen or phone number in text that leaves a handler.

Handlers write their messages without personal data; this is the last line of defence, for a
message that quotes a foreign error.
"""

from __future__ import annotations

import re
import unicodedata

MASK = "•••"

_NUMBERS = re.compile(
    r"(?<![\d-])(?:\+84|0)(?:[ .]?\d){8,11}(?!\d)"  # phone numbers, twelve-digit citizen numbers
    r"|(?<![\d-])\d{9}(?:\d{3})?(?!\d)"  # old nine-digit identity numbers
)
_ADDRESSES = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def redact(text: str) -> str:
    """Return the text as NFC with numbers of persons and e-mail addresses masked; codes of dossiers stay."""
    normal = unicodedata.normalize("NFC", text)
    return _ADDRESSES.sub(MASK, _NUMBERS.sub(MASK, normal))
