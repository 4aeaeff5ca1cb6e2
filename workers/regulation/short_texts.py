"""Count what a short message costs: in GSM-7 when every character is in it, else in UCS-2 (3GPP TS 23.038)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("^{}\\[~]|€")
_GSM_ROOM = (160, 153)
_UCS2_ROOM = (70, 67)


def segments(text: str) -> int:
    """Count the segments of a text: one whole message, or parts with a header each; a character is never split."""
    gsm = all(one in _GSM or one in _GSM_EXTENDED for one in text)
    widths = [_septets(one) if gsm else _units(one) for one in text]
    alone, part = _GSM_ROOM if gsm else _UCS2_ROOM
    return 1 if sum(widths) <= alone else _parts(widths, part)


def _parts(widths: Sequence[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def _septets(char: str) -> int:
    return 2 if char in _GSM_EXTENDED else 1


def _units(char: str) -> int:
    return len(char.encode("utf-16-be")) // 2
