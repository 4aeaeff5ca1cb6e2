"""Check what an applicant writes about themselves and their request. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.records import Applicant, Submission
from workers.regulation.identity import normalise_phone, validate_citizen_id, validate_tax_code
from workers.regulation.organization import UnitLevel
from workers.regulation.procedures import DossierKind, ProcedureLevel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from workers.regulation.organization import Unit
    from workers.regulation.procedures import Procedure
    from workers.rulebook import Rulebook

ONLINE = "online"
LONGEST = {"title": 300, "name": 200, "address": 300, "email": 200, "phone": 30, "id_number": 20, "tax_code": 20}
REQUIRED = ("title", "name", "address")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LEVELS = {
    ProcedureLevel.CITY: UnitLevel.DEPARTMENT,
    ProcedureLevel.DEPARTMENT: UnitLevel.DEPARTMENT,
    ProcedureLevel.COMMUNE: UnitLevel.COMMUNE,
}


@dataclass(frozen=True)
class Details:
    """Hold the answers as typed, and by field the key of the text that says what is wrong.

    `doubts` are probable typing errors in numbers: shown, but nobody is refused for them.
    """

    values: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    def applicant(self) -> Applicant:
        """Make the applicant of answers without mistakes."""
        said = self.values
        return Applicant(
            name=said["name"],
            id_number=said["id_number"] or None,
            tax_code=said["tax_code"] or None,
            phone=normalise_phone(said["phone"]) if said["phone"] else None,
            email=said["email"] or None,
            address=said["address"],
            consent_email=said["consent_email"] == "yes",
            consent_sms=said["consent_sms"] == "yes",
        )

    def submission(self, number: str, procedure: Procedure, submitted_at: datetime) -> Submission:
        """Make the submission of answers without mistakes."""
        return Submission(
            id=number,
            submitted_at=submitted_at,
            channel=ONLINE,
            kind=procedure.kind,
            procedure_code=procedure.code,
            case=self.values["case"] or None,
            title=self.values["title"],
            origin_unit=self.values["origin_unit"],
            applicant=self.applicant(),
        )


def offered(rules: Rulebook, today: date) -> list[Procedure]:
    """List the procedures that citizens and businesses may file for."""
    return [one for one in rules.procedures.in_force(today) if one.kind is DossierKind.ADMINISTRATIVE_PROCEDURE]


def receivers(procedure: Procedure, rules: Rulebook, today: date) -> Sequence[Unit]:
    """List the units that receive a procedure: the one that leads it, else all of its level."""
    if procedure.lead_unit:
        unit = rules.unit_at(procedure.lead_unit, today)
        return [unit] if unit else []
    return list(rules.organization.units_at(today, _LEVELS[procedure.level]))


def blank() -> Details:
    """Give a form that nobody has written on."""
    return Details(dict.fromkeys(_FIELDS, ""))


def answers_of(submission: Submission) -> Details:
    """Give the form as it was filled in before."""
    who = submission.applicant
    texts = {name: getattr(who, name) or "" for name in ("name", "id_number", "tax_code", "phone", "email", "address")}
    ticks = {"consent_email": who.consent_email, "consent_sms": who.consent_sms}
    return Details(
        {
            **texts,
            **{name: "yes" if ticked else "" for name, ticked in ticks.items()},
            "title": submission.title,
            "case": submission.case or "",
            "origin_unit": submission.origin_unit,
        }
    )


def check(given: Mapping[str, object], procedure: Procedure, units: Sequence[Unit], today: date) -> Details:
    """Read a form: tidy texts, mistakes and doubts by field."""
    said = {name: tidy(given.get(name, "")) for name in _FIELDS}
    if len(units) == 1:
        said["origin_unit"] = units[0].code
    wrong = {name: "wrong.required" for name in REQUIRED if not said[name]}
    wrong |= {name: "wrong.too_long" for name, most in LONGEST.items() if len(said[name]) > most}
    if said["origin_unit"] not in {unit.code for unit in units}:
        wrong["origin_unit"] = "wrong.choose"
    if procedure.cases and said["case"] not in {case.code for case in procedure.cases}:
        wrong["case"] = "wrong.choose"
    if not said["id_number"] and not said["tax_code"]:
        wrong["id_number"] = "wrong.identity"
    if said["email"] and not is_email(said["email"]):
        wrong["email"] = "wrong.email"
    if said["phone"] and normalise_phone(said["phone"]) is None:
        wrong["phone"] = "wrong.phone"
    if not said["phone"] and not said["email"]:
        wrong["phone"] = "wrong.reachable"
    if said["consent_email"] and not said["email"]:
        wrong["email"] = "wrong.email_for_consent"
    if said["consent_sms"] and not said["phone"]:
        wrong["phone"] = "wrong.phone_for_consent"
    return Details(said, wrong, _doubts(said, today))


def _doubts(said: Mapping[str, str], today: date) -> dict[str, str]:
    found = {
        "id_number": validate_citizen_id(said["id_number"], today.year) if said["id_number"] else None,
        "tax_code": validate_tax_code(said["tax_code"]) if said["tax_code"] else None,
    }
    return {name: problem.message for name, problem in found.items() if problem}


def is_email(text: str) -> bool:
    """Say whether a text has the form of an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def tidy(value: object, *, lines: bool = False) -> str:
    """Compose what was typed to NFC, drop what is no character of a text and needless spaces; keep `lines` if asked."""
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    kept = "".join(
        one if one == "\n" or not one.isspace() else " " for one in text if one.isspace() or one.isprintable()
    )
    if lines:
        return "\n".join(" ".join(line.split()) for line in kept.strip().split("\n"))
    return " ".join(kept.split())


_FIELDS = (*LONGEST, "case", "origin_unit", "consent_email", "consent_sms")
