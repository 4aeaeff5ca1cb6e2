"""Form and read the codes that people meet: dossier codes, feedback codes, document numbers, tracking secrets.

Dossier code: `{agency}-{yyMMdd}-{NNNN}`, counted per agency and day. Agency codes come in two kinds, both read:
`H29.14` (QĐ 20/2020/QĐ-TTg) and the older `000.00.14.H29` (QCVN 102:2016/BTTTT).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

_AGENCY = r"(?:[A-Z]\d{2}(?:\.\d{1,6}){0,3}|\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})"
FEEDBACK_PREFIX = "PA-"
_FEEDBACK_LENGTH = 8
_DOSSIER = re.compile(rf"(?P<agency>{_AGENCY})-(?P<day>\d{{6}})-(?P<number>(?!0+$)\d{{4,6}})")

TRACKING_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters and digits that cannot be mistaken for each other: no 0 or O, no 1, l or I."""

TRACKING_LENGTH = 10

_DOCUMENT_SIGNS = {
    "decision": "QĐ",
    "plan": "KH",
    "submission": "TTr",
    "report": "BC",
    "notice": "TB",
    "certificate": "GCN",
    "permit": "GP",
    "confirmation": "GXN",
}


@dataclass(frozen=True, order=True)
class DossierCode:
    """Hold the parts of a dossier code."""

    agency: str
    day: date
    number: int

    def __str__(self) -> str:
        """Write the code."""
        return format_dossier_code(self.agency, self.day, self.number)


def is_agency_code(text: str) -> bool:
    """Say whether a text has the form of an agency code, new or old."""
    return re.fullmatch(_AGENCY, text) is not None


def format_dossier_code(agency: str, day: date, number: int) -> str:
    """Write a dossier code; past 9999 a day the number grows a digit. Raises ValueError for impossible parts."""
    if not is_agency_code(agency):
        raise ValueError(f"not an agency code: {agency!r}")
    if not 1 <= number <= 999_999:  # noqa: PLR2004 - six digits are what the code can hold
        raise ValueError(f"not a dossier number: {number}")
    return f"{agency}-{day:%y%m%d}-{number:04d}"


def parse_dossier_code(text: str) -> DossierCode:
    """Read a dossier code as people type it. Raises UserError naming the form that is expected."""
    match = _DOSSIER.fullmatch(text.strip().upper())
    if match:
        with suppress(ValueError):
            return DossierCode(match["agency"], _day_of(match["day"]), int(match["number"]))
    raise UserError(f"“{text.strip()}” không phải mã hồ sơ. Mã hồ sơ có dạng H29.04-261123-0001.")


def dossier_counter(agency: str, day: date) -> str:
    """Name the counter of dossier codes: one an agency and day."""
    return f"dossier:{agency}:{day:%y%m%d}"


def format_document_number(number: int, result_type: str, issuer: str) -> str:
    """Write the number and sign of a document, such as `12/QĐ-UBND`; a letter has no kind: `12/STC`.

    `issuer` is the unit's abbreviation. Below 10 a zero comes first, as NĐ 30/2020/NĐ-CP asks.
    """
    sign = _DOCUMENT_SIGNS.get(result_type)
    return f"{number:02d}/{sign}-{issuer}" if sign else f"{number:02d}/{issuer}"


def document_counter(unit: str, result_type: str, year: int) -> str:
    """Name the counter of document numbers: one a unit, kind and year."""
    kind = result_type if result_type in _DOCUMENT_SIGNS else "letter"
    return f"document:{unit}:{kind}:{year}"


def supplement_key(dossier_code: str, number: int) -> str:
    """Name one request for a supplement; the message that answers it carries this key."""
    return f"{dossier_code}:bs{number}"


def opinion_request_id(dossier_code: str, number: int, unit: str) -> str:
    """Name the request to one unit in one round of opinions."""
    return f"{dossier_code}:yk{number}:{unit}"


def tracking_secret(choose: Callable[[str], str]) -> str:
    """Make the secret that opens a dossier's tracking page.

    `choose` picks one character of an alphabet at random (`secrets.choice`); 31^10 secrets are about 2^49.
    """
    return "".join(choose(TRACKING_ALPHABET) for _ in range(TRACKING_LENGTH))


def new_feedback_code(choose: Callable[[str], str]) -> str:
    """Make a feedback code such as `PA-7KX2MQ9D`, which nobody can guess from another one.

    `choose` picks one character of an alphabet at random (`secrets.choice`); 31^8 codes are about 2^39.
    """
    return FEEDBACK_PREFIX + "".join(choose(TRACKING_ALPHABET) for _ in range(_FEEDBACK_LENGTH))


def is_feedback_code(text: str) -> bool:
    """Say whether a text has the form of a feedback code."""
    rest = text.removeprefix(FEEDBACK_PREFIX)
    return rest != text and len(rest) == _FEEDBACK_LENGTH and not set(rest) - set(TRACKING_ALPHABET)


def parse_feedback_code(text: str) -> str:
    """Read a feedback code as people type it. Raises UserError naming the form that is expected."""
    typed = re.sub(r"[\s-]", "", text).upper()
    code = FEEDBACK_PREFIX + typed[-_FEEDBACK_LENGTH:]
    if typed in {code.replace("-", ""), code.removeprefix(FEEDBACK_PREFIX)} and is_feedback_code(code):
        return code
    raise UserError(f"“{text.strip()}” không phải mã phản ánh. Mã phản ánh có dạng PA-7KX2MQ9D.")


def rating_key(feedback_code: str, answered: int) -> str:
    """Name one answer to a feedback, counted from 0; the message with the citizen's rating carries this key."""
    return f"{feedback_code}:dg{answered}"


def clean_tracking_secret(text: str) -> str | None:
    """Read a tracking secret as people type it; None when it cannot be one."""
    typed = re.sub(r"[\s-]", "", text).upper()
    if len(typed) != TRACKING_LENGTH or set(typed) - set(TRACKING_ALPHABET):
        return None
    return typed


def _day_of(text: str) -> date:
    # The century is not in the code; dossiers of the system lie in this one.
    return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
