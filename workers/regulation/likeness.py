"""Compare Vietnamese texts as people type them, and places, to see whether two people say the same."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Iterable

_EARTH_METRES = 6_371_000


def plain_text(text: str) -> str:
    """Write a text in lower case, without diacritics, its words one space apart."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    kept = (letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))
    return " ".join("".join(kept).split())


def likeness(one: str, other: str) -> int:
    """Say how alike two texts are, 0 to 100; order of words, diacritics and repetitions do not count."""
    return round(fuzz.token_set_ratio(plain_text(one), plain_text(other)))


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Measure the distance of two places in metres; each is latitude and longitude in degrees."""
    south, north = math.radians(one[0]), math.radians(other[0])
    east = math.radians(other[1] - one[1])
    half = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * math.sin(east / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(math.sqrt(min(1.0, half)))


def has_words(text: str, words: Iterable[str]) -> bool:
    """Tell whether a text has one of the words or phrases, whole and with its diacritics."""
    said = f" {_spaced(text)} "
    return any(f" {_spaced(word)} " in said for word in words)


def _spaced(text: str) -> str:
    composed = unicodedata.normalize("NFC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in composed).split())
