"""Compare what was filed with what a procedure asks for.

The applicant is guided completely, specifically and once (“đầy đủ, cụ thể, một lần”): the result is one complete
list, each paper once with every reason, in the order of the procedure.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from pydantic import Field

from workers.regulation.calendar import Rule, show_day


class PaperForm(StrEnum):
    """Tell the forms of a paper apart (bản chính, bản chứng thực, bản chụp)."""

    ORIGINAL = "original"
    CERTIFIED = "certified"
    COPY = "copy"


FORM_NAMES = {
    PaperForm.ORIGINAL: "bản chính",
    PaperForm.CERTIFIED: "bản sao chứng thực",
    PaperForm.COPY: "bản sao",
}

# What is stronger stands in for what is weaker: an original is accepted where a copy is asked for.
_STRENGTH = {PaperForm.COPY: 0, PaperForm.CERTIFIED: 1, PaperForm.ORIGINAL: 2}


class Requirement(Rule):
    """Ask for one paper. `cases`: the cases it is asked for in, empty for all.

    `reusable`: the state holds it already and may reuse it. `digital_ok`: an electronic file is accepted.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1)
    form: PaperForm
    copies: int = Field(default=1, ge=1, le=20)
    required: bool = True
    cases: tuple[str, ...] = ()
    reusable: bool = False
    digital_ok: bool = True

    def applies_to(self, case: str | None) -> bool:
        """Say whether the paper is asked for in a case."""
        return not self.cases or case in self.cases


class FiledPaper(Rule):
    """Describe one filed document. `problems`: why it cannot be used, empty when the checks accepted it."""

    composition: str
    name: str
    form: PaperForm = PaperForm.COPY
    problems: tuple[str, ...] = ()
    digital: bool = False
    copies: int = Field(default=1, ge=1)
    expires_on: date | None = None


class MissingPaper(Rule):
    """Name one paper to add or replace, and why (Vietnamese)."""

    code: str
    name: str
    reason: str


def missing_papers(
    requirements: Sequence[Requirement], filed: Iterable[FiledPaper], case: str | None, today: date | None = None
) -> tuple[MissingPaper, ...]:
    """List everything that is missing or defective, once.

    A paper is settled when one filing of it is usable; a defective filing of an optional paper is listed too,
    because the applicant meant to hand it in. Filings that no requirement names are not judged. With `today` a paper
    past its expiry is defective.
    """
    by_code: dict[str, list[FiledPaper]] = {}
    for paper in filed:
        by_code.setdefault(paper.composition, []).append(paper)
    asked = [one for one in requirements if one.applies_to(case)]
    found = ((one, _reasons(one, by_code.get(one.code, []), today)) for one in asked)
    return tuple(MissingPaper(code=one.code, name=one.name, reason="; ".join(why) + ".") for one, why in found if why)


def _reasons(requirement: Requirement, filed: Sequence[FiledPaper], today: date | None) -> list[str]:
    if not filed:
        return [f"Chưa nộp ({_wanted(requirement)})"] if requirement.required else []
    judged = [(paper, _faults(requirement, paper, today)) for paper in filed]
    usable = sum(paper.copies for paper, faults in judged if not faults)
    if usable >= requirement.copies or (usable and any(paper.digital for paper, faults in judged if not faults)):
        return []
    if usable:
        return [f"Mới có {usable} bản, cần {requirement.copies} bản"]
    return [_worded(paper, faults) for paper, faults in judged]


def _faults(requirement: Requirement, paper: FiledPaper, today: date | None) -> list[str]:
    faults = list(paper.problems)
    if paper.expires_on and today and paper.expires_on < today:
        faults.append(f"đã hết hạn ngày {show_day(paper.expires_on)}")
    if _STRENGTH[paper.form] < _STRENGTH[requirement.form]:
        faults.append(f"là {FORM_NAMES[paper.form]}, cần {FORM_NAMES[requirement.form]}")
    if paper.digital and not requirement.digital_ok:
        faults.append("là tệp điện tử, cần nộp bản giấy")
    return faults


def _worded(paper: FiledPaper, faults: Sequence[str]) -> str:
    return f"{paper.name}: " + ", ".join(fault.rstrip(".; ") for fault in faults)


def _wanted(requirement: Requirement) -> str:
    number = f"{requirement.copies} " if requirement.copies > 1 else ""
    return f"cần {number}{FORM_NAMES[requirement.form]}"
