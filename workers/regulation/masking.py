"""Mask what may tell who a person is in a text that others will read. A person confirms the result."""

import re

MASK = "•••"
# Nine digits are the shortest number of a person (old identity cards); dates and amounts are shorter.
_SHORTEST_NUMBER = 9
_GAP = r"[\s.,\-–_()/]{0,3}"
_NUMBER = re.compile(rf"\+?\(?\d(?:{_GAP}\d){{{_SHORTEST_NUMBER - 1},}}\)?")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>,;]+")
_PLATE = re.compile(r"\b\d{2}\s?-?\s?[A-ZĐ]{1,2}\d?\s?[-.]?\s?\d{3}[.\s]?\d{1,2}\b", re.IGNORECASE)
_CAPITAL = "A-ZÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯẠ-Ỹ"
_TITLES = "ông|bà|anh|chị|em|cô|chú|bác|cháu|thầy|đồng chí|đ/c|tên là|tôi là|tôi tên"
_NAME = re.compile(rf"\b(?P<title>(?i:{_TITLES}))\s+(?P<name>[{_CAPITAL}]\w*(?:\s+[{_CAPITAL}]\w*){{0,4}})")


def mask_personal(text: str) -> str:
    """Mask e-mail addresses, runs of nine digits and more, licence plates, and names that follow a form of address."""
    for pattern in (_EMAIL, _NUMBER, _PLATE):
        text = pattern.sub(MASK, text)
    return _NAME.sub(lambda found: f"{found['title']} {MASK}", text)
