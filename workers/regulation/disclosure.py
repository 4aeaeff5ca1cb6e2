"""Find in a text what must not, or perhaps must not, be made public. Pure; a person decides on what may stay."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workers.regulation.identity import mask_citizen_id, mask_phone, normalise_phone, read_citizen_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class DisclosureKind(StrEnum):
    """Tell apart what is found."""

    PHONE = "phone"
    EMAIL = "email"
    ID_NUMBER = "id_number"
    SECRET_MARK = "secret_mark"  # noqa: S105 - a kind, no password
    INTERNAL_MARK = "internal_mark"


@dataclass(frozen=True)
class Disclosure:
    """Hold one place: the line, counted from 1, and an excerpt that does not repeat personal data."""

    kind: DisclosureKind
    line: int
    excerpt: str


_NUMBER = re.compile(r"(?<![\w/])\+?\(?\d(?:[ .\-–()]{0,2}\d){8,14}(?![\w/])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CITY_EMAIL = re.compile(r"@(?:[\w-]+\.)*gov\.vn$", re.IGNORECASE)
_OLD_ID_DIGITS = 9
# The degrees of Luật Bảo vệ bí mật nhà nước as they are stamped; “mật” alone is part of many harmless words.
_SECRET = (
    re.compile(r"\b(?:tuyệt|tối)[ \t]+mật\b", re.IGNORECASE),
    re.compile(r"\b(?:độ|mức độ)[ \t]+mật[ \t]*:[ \t]*\S+", re.IGNORECASE),
    re.compile(r"^\W*mật\W*$", re.IGNORECASE),
    re.compile(r"(?<!BÍ )(?<!BẢO )(?<!CƠ )\bMẬT\b(?! (?:ĐỘ|KHẨU|MÃ|THIẾT|ONG|TẬP))"),
    re.compile(r"[(\[]mật[)\]]", re.IGNORECASE),
)


def find_disclosures(text: str, internal_marks: Iterable[str]) -> list[Disclosure]:
    """Find telephone and identity numbers, e-mail addresses, marks of state secrets, and an office's own marks.

    Addresses of the administration (gov.vn) are no finding; `internal_marks` are compared without regard to case.
    """
    marks = [_composed(mark).casefold() for mark in internal_marks]
    lines = enumerate(_composed(text).splitlines(), start=1)
    return [found for number, line in lines for found in _in_line(number, line, marks)]


def _in_line(number: int, line: str, marks: Iterable[str]) -> Iterator[Disclosure]:
    for match in _NUMBER.finditer(line):
        yield from _number(number, match.group())
    for match in _EMAIL.finditer(line):
        if not _CITY_EMAIL.search(match.group()):
            name, _, domain = match.group().partition("@")
            yield Disclosure(DisclosureKind.EMAIL, number, f"{name[0]}…@{domain}")
    stamps = [stamp.group().strip() for pattern in _SECRET for stamp in pattern.finditer(line)]
    if stamps:
        yield Disclosure(DisclosureKind.SECRET_MARK, number, stamps[0])
    folded = line.casefold()
    for mark in marks:
        if mark in folded:
            yield Disclosure(DisclosureKind.INTERNAL_MARK, number, mark)


def _number(line: int, written: str) -> Iterator[Disclosure]:
    digits = re.sub(r"\D", "", written)
    if normalise_phone(written):
        yield Disclosure(DisclosureKind.PHONE, line, mask_phone(written))
    elif read_citizen_id(digits) or len(digits) == _OLD_ID_DIGITS:
        yield Disclosure(DisclosureKind.ID_NUMBER, line, mask_citizen_id(digits))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
