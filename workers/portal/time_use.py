"""Show leaders where the time of dossiers goes: by holder and unit, between units, and where deadlines break."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from starlette.exceptions import HTTPException
from starlette.routing import Route

from workers.portal.months import Month, asked_month, last_months
from workers.portal.sheets import csv_file
from workers.portal.staff import SIGN_IN, overseer
from workers.portal.visit import Visit
from workers.registry.durations import breaks, held_for, held_steps, passages, spread
from workers.regulation.organization import UnitLevel
from workers.rulebook import Oversight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from workers.portal.kept import Kept
    from workers.registry.durations import Break, HeldFor, Passage, Spread
    from workers.rulebook import Account, Rulebook

TIME_USE, STEPS, LATE = "/dieu-hanh", "/dieu-hanh/buoc", "/dieu-hanh/tre-han"
MOST_LISTED, MOST_PASSAGES = 200, 20
CSV_COLUMNS = ("month", "unit_code", "unit", "holder", "steps", "working_minutes", "share", "median_minutes",
               "p90_minutes", "over_limit")  # fmt: skip


K = TypeVar("K")


class Holder(StrEnum):
    """Name who has a dossier, as one asks where time goes."""

    ONE_STOP = "one_stop"
    OFFICERS = "officers"
    HEADS = "heads"
    CONSULTED = "consulted"
    OFFICE = "office"
    LEADERS = "leaders"


_ROLES = {"one_stop_officer": Holder.ONE_STOP, "head": Holder.HEADS}


def holder_of(level: UnitLevel, role: str, *, asked: bool) -> Holder:
    """Say who holds a step: the City's leaders and the Office by unit, a unit asked for its opinion, else by role."""
    if level is UnitLevel.CITY:
        return Holder.LEADERS
    if level is UnitLevel.OFFICE:
        return Holder.OFFICE
    return Holder.CONSULTED if asked else _ROLES.get(role, Holder.OFFICERS)


@dataclass(frozen=True)
class Line:
    """Hold one row: a name, how long it held dossiers, and its share of all working time."""

    key: str
    name: str
    spread: Spread
    share: float
    broke: int


@dataclass(frozen=True)
class Counted:
    """Hold what was read of a month."""

    held: Sequence[HeldFor]
    passages: Sequence[Passage]
    breaks: Sequence[Break]


async def page(request: Request) -> Response:
    """Show a month."""
    visit, account = _admitted(request)
    if account is None:
        return visit.go(SIGN_IN)
    month = asked_month(visit)
    counted = await _counted(visit, month)
    day, rules = month.start.date(), visit.services.rules
    return visit.page(
        "time_use",
        account=account,
        month=month,
        months=last_months(visit),
        holders=_by_holder(visit, counted, month),
        units=_by_unit(rules, counted, month),
        total=spread(counted.held),
        late=len({one.dossier_code for one in counted.breaks}),
        nobody=sum(one.unit is None for one in counted.breaks),
        passages=[
            (rules.unit_name(one.source, day), rules.unit_name(one.target, day), one.count)
            for one in counted.passages[:MOST_PASSAGES]
        ],
        office=_through_office(rules, counted.passages),
        passed=sum(one.count for one in counted.passages),
        may_list=lambda unit: _may_list(account, unit),
        duration=rules.amount_label,
    )


async def table(request: Request) -> Response:
    """Give a month as CSV: a row for each unit and kind of holder."""
    visit, account = _admitted(request)
    if account is None:
        return visit.go(SIGN_IN)
    month = asked_month(visit)
    counted = await _counted(visit, month)
    rules, day = visit.services.rules, month.start.date()
    groups = _grouped(counted.held, lambda one: (one.unit, _holder(rules, month, one.unit, one.role, asked=one.asked)))
    minutes = spread(counted.held).minutes
    rows = []
    for (unit, holder), held in sorted(groups.items()):
        one = spread(held)
        share = round(one.minutes / minutes, 4) if minutes else None
        words = (str(month), unit, rules.unit_name(unit, day), visit.say(f"time.holder_{holder}"))
        rows.append((*words, one.steps, one.minutes, share, one.median, one.p90, one.late))
    return csv_file(f"thoi-gian-{month}.csv", CSV_COLUMNS, rows)


async def steps(request: Request) -> Response:
    """List the longest steps behind a unit's row."""
    visit, account = _admitted(request)
    if account is None:
        return visit.go(SIGN_IN)
    month, unit = asked_month(visit), request.query_params.get("don-vi", "")
    if not _may_list(account, unit):
        raise HTTPException(403)
    async with visit.services.registry.read() as reader:
        found = await held_steps(reader, month.start, month.end, unit, limit=MOST_LISTED)
    return visit.page(
        "time_steps",
        month=month,
        unit=_name(visit, unit, month),
        found=found,
        most=MOST_LISTED,
        duration=visit.services.rules.amount_label,
    )


async def late(request: Request) -> Response:
    """List the dossiers whose deadline passed while a unit held them."""
    visit, account = _admitted(request)
    if account is None:
        return visit.go(SIGN_IN)
    month, unit = asked_month(visit), request.query_params.get("don-vi", "")
    if not _may_list(account, unit):
        raise HTTPException(403)
    found = [one for one in (await _counted(visit, month)).breaks if one.unit == unit]
    return visit.page("time_late", month=month, unit=_name(visit, unit, month), found=found)


def _admitted(request: Request) -> tuple[Visit, Account | None]:
    visit = Visit(request)
    return visit, overseer(visit)


def _may_list(account: Account, unit: str) -> bool:
    return account.oversight is Oversight.EVERYTHING or account.unit == unit


def _name(visit: Visit, unit: str, month: Month) -> str:
    if visit.services.rules.organization.last_version(unit) is None:
        raise HTTPException(404)
    return visit.services.rules.unit_name(unit, month.start.date())


async def _counted(visit: Visit, month: Month) -> Counted:
    async def count() -> Counted:
        async with visit.services.registry.read() as reader:
            return Counted(
                await held_for(reader, month.start, month.end),
                await passages(reader, month.start, month.end),
                await breaks(reader, month.start, month.end, visit.now),
            )

    kept: Kept[Counted] = visit.request.app.state.kept
    return await kept.get(("time", month), count)


def _by_holder(visit: Visit, counted: Counted, month: Month) -> list[Line]:
    rules = visit.services.rules
    held = _grouped(counted.held, lambda one: _holder(rules, month, one.unit, one.role, asked=one.asked))
    broke: dict[str, int] = defaultdict(int)
    for one in counted.breaks:
        if one.unit and one.role:
            broke[_holder(rules, month, one.unit, one.role, asked=one.asked)] += 1
    minutes = spread(counted.held).minutes
    return [_line(one, visit.say(f"time.holder_{one}"), held.get(one, []), minutes, broke[one]) for one in Holder]


def _by_unit(rules: Rulebook, counted: Counted, month: Month) -> list[Line]:
    held = _grouped(counted.held, lambda one: one.unit)
    broke: dict[str, int] = defaultdict(int)
    for one in counted.breaks:
        broke[one.unit or ""] += 1
    minutes, day = spread(counted.held).minutes, month.start.date()
    units = held.keys() | (broke.keys() - {""})
    lines = [_line(unit, rules.unit_name(unit, day), held.get(unit, []), minutes, broke[unit]) for unit in units]
    return sorted(lines, key=lambda line: (-line.spread.minutes, line.name))


def _line(key: str, name: str, held: Iterable[HeldFor], minutes: int, broke: int) -> Line:
    one = spread(held)
    return Line(key, name, one, one.minutes / minutes if minutes else 0.0, broke)


def _grouped(held: Iterable[HeldFor], by: Callable[[HeldFor], K]) -> dict[K, list[HeldFor]]:
    groups: dict[K, list[HeldFor]] = defaultdict(list)
    for one in held:
        groups[by(one)].append(one)
    return groups


def _holder(rules: Rulebook, month: Month, unit: str, role: str, *, asked: bool) -> Holder:
    return holder_of(rules.unit_named(unit, month.start.date()).level, role, asked=asked)


def _through_office(rules: Rulebook, found: Iterable[Passage]) -> int:
    return sum(one.count for one in found if rules.office_unit in {one.source, one.target})


ROUTES = [
    Route(TIME_USE, page),
    Route(TIME_USE + ".csv", table),
    Route(STEPS, steps),
    Route(LATE, late),
]
