"""Recognise text that is not precomposed Unicode: combining marks, and remnants of TCVN3 (ABC) and VNI encodings."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.documents.checks.report import Report

# The five tones, the circumflex, the breve and the horn, as combining marks.
_VIETNAMESE_MARKS = r"\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b"
_DECOMPOSED = re.compile(rf"[^\W\d_][{_VIETNAMESE_MARKS}]")
# TCVN3 keeps Vietnamese letters where Latin-1 has signs that never stand inside a word.
_SIGNS = r"\u00a7-\u00ac\u00ae\u00b5-\u00be\u00d7\u00f7"
_WORD = re.compile(rf"(?:[^\W\d_]|[{_SIGNS}])+")
_TCVN3_SIGNS = re.compile(rf"(?<=\w)[{_SIGNS}]|[{_SIGNS}](?=\w)")
# VNI writes the tone as a letter of its own behind the vowel.
_VNI_SIGNS = re.compile("[aeiouyôöAEIOUYÔÖ][äøûïåëüÄØÛÏÅËÜ]")
_UNICODE_VIETNAMESE = re.compile("[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")
_TCVN3_FONTS = re.compile(r"(?:^|[+/])\.vn[a-z]|(?:^|[+/])vn(?:time|arial|helv|book|cour)", re.IGNORECASE)
_VNI_FONTS = re.compile(r"(?:^|[+/])vni[-_ ]", re.IGNORECASE)
_SUSPECT_WORDS = 3
_SUSPECT_SHARE = 0.15


def has_decomposed_vietnamese(text: str) -> bool:
    """Tell whether a letter is followed by a combining mark although a precomposed letter exists."""
    return any(unicodedata.normalize("NFC", match.group()) != match.group() for match in _DECOMPOSED.finditer(text))


def legacy_encoding(text: str) -> str | None:
    """Name the old encoding whose remnants fill the text: "TCVN3", "VNI" or None.

    A single odd letter proves nothing (a German name, a degree sign): several words and a share of all are needed.
    """
    words = _WORD.findall(unicodedata.normalize("NFC", text))
    if sum(1 for word in words if _UNICODE_VIETNAMESE.search(word)) > len(words) / 10:
        return None
    for name, signs in (("TCVN3", _TCVN3_SIGNS), ("VNI", _VNI_SIGNS)):
        suspects = sum(1 for word in words if signs.search(word))
        if suspects >= _SUSPECT_WORDS and suspects >= len(words) * _SUSPECT_SHARE:
            return name
    return None


def legacy_font(font_names: Iterable[str]) -> str | None:
    """Name the old encoding that one of the fonts was made for, or None."""
    for font in font_names:
        if _TCVN3_FONTS.search(font):
            return "TCVN3"
        if _VNI_FONTS.search(font):
            return "VNI"
    return None


def check_text(report: Report, text: str, font_names: Iterable[str] = ()) -> None:
    """Add the findings about the Unicode form of one body of text and the fonts it is set in."""
    if has_decomposed_vietnamese(text):
        report.add("text_not_nfc")
    if encoding := legacy_font(font_names) or legacy_encoding(text):
        report.add("legacy_encoding", encoding=encoding)
