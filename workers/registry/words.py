"""Fold Vietnamese text into the words it is searched by."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> set[str]:
    """List the words of a text in lower case without diacritics: "Đất đai" gives dat and dai."""
    plain = text.casefold().replace("đ", "d")
    letters = (letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
    return set(_WORD.findall("".join(letters)))


def dossier_words(code: str, title: str) -> set[str]:
    """List the words a dossier is found by: its code and title, never who filed it."""
    return fold(code) | fold(title)
