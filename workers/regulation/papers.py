"""Choose the statutory form: the set in force on the receiving date, and in it the form for an event."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from workers.regulation.calendar import Rule


class PaperEvent(StrEnum):
    """Name what a statutory form is made for."""

    RECEIPT = "receipt"
    SUPPLEMENT = "supplement"
    REFUSAL = "refusal"
    APOLOGY = "apology"
    STOP = "stop"
    CONTROL_SLIP = "control_slip"
    REGISTER = "register"


class PageSize(StrEnum):
    """Name the page sizes of the forms."""

    A4 = "a4"
    A5 = "a5"


class StatutoryForm(Rule):
    """Hold one form: its number in the set, its title and its page."""

    code: str = Field(pattern=r"^\d{2}$")
    title: str
    page: PageSize = PageSize.A4


class FormSet(Rule):
    """Hold the forms of one circular. `valid_to`: the last receiving date it serves."""

    code: str
    basis: str
    valid_from: date
    valid_to: date | None = None
    confirmed: bool = False
    forms: dict[PaperEvent, StatutoryForm]

    @model_validator(mode="after")
    def _numbers_differ(self) -> Self:
        codes = [form.code for form in self.forms.values()]
        if len(set(codes)) != len(codes):
            raise ValueError("các mẫu trong một bộ phải có số khác nhau")
        return self

    def serves(self, received_on: date) -> bool:
        """Say whether dossiers received on a day use this set."""
        return self.valid_from <= received_on and (self.valid_to is None or received_on <= self.valid_to)


def form_set_at(sets: Sequence[FormSet], received_on: date) -> FormSet | None:
    """Find the set in force on the receiving date."""
    return next((one for one in sets if one.serves(received_on)), None)


def form_for(sets: Sequence[FormSet], event: PaperEvent, received_on: date) -> tuple[FormSet, StatutoryForm] | None:
    """Find the form for an event; None when the set in force has none, such as stopping before 2025."""
    chosen = form_set_at(sets, received_on)
    form = chosen.forms.get(event) if chosen else None
    return (chosen, form) if chosen and form else None
