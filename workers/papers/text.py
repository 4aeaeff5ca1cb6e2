"""Clean text and write moments for papers."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_SPACES = {"Zs", "Zl", "Zp"}


def clean(text: str) -> str:
    """Compose to NFC, keep line breaks, drop what has no shape (control, direction and zero-width characters)."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(map(_visible, composed)).strip()


def _visible(char: str) -> str:
    if char == "\n":
        return char
    category = unicodedata.category(char)
    if char == "\t" or category in _SPACES:
        return " "
    return "" if category in _HIDDEN else char


def moment_parts(moment: datetime) -> dict[str, str]:
    """Write an aware instant in local time, the ways papers need; days below 10 and months 1 and 2 carry a zero."""
    local = moment.astimezone(LOCAL)
    month = f"{local.month:02d}" if local.month <= 2 else str(local.month)  # noqa: PLR2004 - the rule names January and February
    day = f"ngày {local.day:02d} tháng {month} năm {local.year}"
    return {
        "date": f"{local:%d/%m/%Y}",
        "time": f"{local:%H:%M}",
        "short": f"{local:%d/%m/%Y %H:%M}",
        "day": day,
        "full": f"{local:%H} giờ {local:%M} phút, {day}",
    }
