"""Describe procedures: what is asked for, by when, who decides. A dossier keeps the version it was received under."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from workers.regulation.calendar import Rule
from workers.regulation.composition import Requirement
from workers.regulation.deadlines import ExtensionRule, SameDay, SupplementRule
from workers.regulation.limits import Limit


class DossierKind(StrEnum):
    """Tell administrative procedures (TTHC) and other work dossiers apart."""

    ADMINISTRATIVE_PROCEDURE = "administrative_procedure"
    WORK_DOSSIER = "work_dossier"


class ProcedureLevel(StrEnum):
    """Name the level that receives and resolves."""

    CITY = "city"
    DEPARTMENT = "department"
    COMMUNE = "commune"


class Authority(StrEnum):
    """Name who decides."""

    DEPARTMENT = "department"
    CITY_PEOPLE_COMMITTEE = "city_people_committee"
    COMMUNE = "commune"


class Named(Rule):
    """Pair a code with its Vietnamese name."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1)


class OpinionPlan(Rule):
    """Name the units whose opinion is asked for. `optional`: the lead unit decides whether to ask."""

    units: tuple[str, ...] = Field(min_length=1)
    limit: Limit
    optional: bool = False


class SupplementPlan(Rule):
    """Hold the supplement rule of each stage."""

    intake: SupplementRule
    appraisal: SupplementRule


class Fee(Rule):
    """Hold one fee in dong."""

    name: str
    amount_vnd: int = Field(ge=0)
    clause: str | None = None
    confirmed: bool = False


class StepLimit(Rule):
    """Limit one step of this procedure; it replaces the general norm."""

    step: str
    limit: Limit


class Result(Rule):
    """Name what the applicant gets; `type` chooses the sign of the document number."""

    type: str
    name: str


class Procedure(Rule):
    """Hold one version of a procedure.

    `lead_unit` empty: the receiving unit leads. `placeholder`: the national code is not known, the code is a stand-in.
    `code_confirmed`: the code was compared with the national list. `confirmed`: so was the content.
    """

    code: str = Field(min_length=1)
    version: str = Field(min_length=1)
    name: str = Field(min_length=1)
    field: Named
    kind: DossierKind
    level: ProcedureLevel
    authority: Authority
    lead_unit: str | None = None
    valid_from: date
    valid_to: date | None = None
    legal_basis: tuple[str, ...] = ()
    clause: str | None = None
    confirmed: bool = False
    code_confirmed: bool = False
    placeholder: bool = False
    limit: Limit
    same_day: SameDay | None = None
    cases: tuple[Named, ...] = ()
    default_case: str | None = None
    composition: tuple[Requirement, ...] = Field(min_length=1)
    opinions: OpinionPlan | None = None
    supplement: SupplementPlan
    extension: ExtensionRule
    silence_regulation: str = "default"
    result: Result
    fees: tuple[Fee, ...] = ()
    steps: tuple[StepLimit, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        cases = {case.code for case in self.cases}
        problems = []
        if self.valid_to and self.valid_to < self.valid_from:
            problems.append("valid_to phải từ valid_from trở đi")
        problems += [f"mã giấy tờ “{code}” ghi hai lần" for code in _repeated(one.code for one in self.composition)]
        problems += [f"bước “{step}” ghi hai lần" for step in _repeated(one.step for one in self.steps)]
        problems += [
            f"giấy tờ “{one.code}” nêu trường hợp “{case}” không có trong cases"
            for one in self.composition
            for case in one.cases
            if case not in cases
        ]
        if cases and self.default_case not in cases:
            problems.append("default_case phải là một trong các mã của cases")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def in_force_on(self, day: date) -> bool:
        """Say whether dossiers received on a day come under this version."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def step_limit(self, step: str) -> Limit | None:
        """Find the limit this procedure sets for a step."""
        return next((one.limit for one in self.steps if one.step == step), None)

    def case_or_default(self, case: str | None) -> str | None:
        """Give the case to judge the composition by: the one stated, or the procedure's default."""
        return case if case in {one.code for one in self.cases} else self.default_case


class Procedures:
    """Look procedures up. A look-up is O(versions of the code)."""

    def __init__(self, versions: Iterable[Procedure]) -> None:
        self._versions: dict[str, list[Procedure]] = defaultdict(list)
        for procedure in sorted(versions, key=lambda one: one.valid_from):
            self._versions[procedure.code].append(procedure)

    def at(self, code: str, received_on: date) -> Procedure | None:
        """Find the version in force on the receiving date."""
        return next((one for one in self._versions.get(code, ()) if one.in_force_on(received_on)), None)

    def version(self, code: str, version: str) -> Procedure:
        """Find the version a dossier is pinned to. Raises KeyError when it is unknown."""
        for one in self._versions.get(code, ()):
            if one.version == version:
                return one
        raise KeyError(code, version)

    def all(self) -> tuple[Procedure, ...]:
        """List every version, by code and date."""
        return tuple(one for code in sorted(self._versions) for one in self._versions[code])

    def in_force(self, day: date) -> tuple[Procedure, ...]:
        """List the procedures in force on a day, by code."""
        return tuple(one for one in self.all() if one.in_force_on(day))


def _repeated(values: Iterable[str]) -> list[str]:
    seen = list(values)
    return sorted({one for one in seen if seen.count(one) > 1})
