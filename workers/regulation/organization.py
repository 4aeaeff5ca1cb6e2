"""Know the units, when each exists, and which unit follows which.

A unit is known by its code, which is also its candidate group. A code may stand for several versions of a unit
(a new name) whose days do not overlap. Old dossiers keep their unit; reports aggregate to successors.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum

from pydantic import Field

from workers.regulation.calendar import Rule, WeeklySessions


class UnitLevel(StrEnum):
    """Name the levels of units; district is history since 1/7/2025."""

    CITY = "city"
    OFFICE = "office"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"


REPORTED_LEVELS = (UnitLevel.OFFICE, UnitLevel.DEPARTMENT, UnitLevel.DISTRICT, UnitLevel.COMMUNE)
"""The levels that figures are shown by, in that order."""


class Role(Rule):
    """Name a role that people hold in a unit, and the levels of units that have it."""

    code: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: str
    levels: tuple[UnitLevel, ...] = Field(min_length=1)


class Unit(Rule):
    """Hold one version of a unit.

    `valid_from` empty: older than the data. `valid_to`: the last day. `placeholder`: the electronic agency code is
    not known, the code is a stand-in. `confirmed`: name, days and successors were compared with a document.
    `handover_to`: which of several successors takes over the open dossiers.
    """

    code: str
    name: str = Field(min_length=1)
    short_name: str | None = None
    abbreviation: str | None = None
    level: UnitLevel
    type: str
    parent: str | None = None
    admin_code: str | None = None
    old_code: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    handover_to: str | None = None
    formerly: str | None = None
    mailbox: str | None = None
    sessions: WeeklySessions | None = None
    placeholder: bool = False
    confirmed: bool = False
    note: str | None = None

    def exists_on(self, day: date) -> bool:
        """Say whether this version is in force on a day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Organization:
    """Look units up. Building it is O(units); a look-up is O(versions of the code)."""

    def __init__(
        self, units: tuple[Unit, ...], roles: tuple[Role, ...], *, city: str, office: str, new_codes_from: date
    ) -> None:
        self.units = units
        self.roles = {role.code: role for role in roles}
        self.city = city
        self.office = office
        self._new_codes_from = new_codes_from
        self._versions: dict[str, list[Unit]] = defaultdict(list)
        self._predecessors: dict[str, set[str]] = defaultdict(set)
        for unit in sorted(units, key=lambda one: one.valid_from or date.min):
            self._versions[unit.code].append(unit)
            for successor in unit.successors:
                self._predecessors[successor].add(unit.code)

    def unit_at(self, code: str, day: date) -> Unit | None:
        """Find the version of a unit in force on a day."""
        return next((one for one in self._versions.get(code, ()) if one.exists_on(day)), None)

    def last_version(self, code: str) -> Unit | None:
        """Find the newest version of a unit, whatever the day."""
        versions = self._versions.get(code)
        return versions[-1] if versions else None

    def units_at(self, day: date, level: UnitLevel | None = None) -> Iterator[Unit]:
        """List the units in force on a day, of one level or all, in the order of the configuration."""
        return (one for one in self.units if one.exists_on(day) and level in (None, one.level))

    def successors_at(self, code: str, day: date) -> tuple[Unit, ...]:
        """Follow the successions of a unit up to a day; the unit itself while it is in force.

        Several units when it was divided, none when it has not begun or nobody followed.
        """
        return self._follow(code, day, lambda unit: unit.successors)

    def heirs_at(self, code: str, day: date) -> tuple[Unit, ...]:
        """Find who has the open dossiers of a unit on a day; the unit itself while it is in force.

        One unit when that is decided (one successor, or `handover_to`), several while it is not, none as above.
        """
        return self._follow(code, day, lambda unit: (unit.handover_to,) if unit.handover_to else unit.successors)

    def _follow(self, code: str, day: date, followers: Callable[[Unit], tuple[str, ...]]) -> tuple[Unit, ...]:
        found: dict[str, Unit] = {}
        seen: set[str] = set()
        waiting = [code]
        while waiting:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            unit = self.unit_at(current, day)
            if unit:
                found[current] = unit
                continue
            waiting += [next_code for one in self._ended_before(current, day) for next_code in followers(one)]
        return tuple(found.values())

    def ended_before(self, code: str, day: date) -> Unit | None:
        """Find the newest version of a unit that ended before a day."""
        return max(self._ended_before(code, day), key=lambda one: one.valid_to or day, default=None)

    def predecessors(self, code: str) -> tuple[str, ...]:
        """List the codes of the units that a unit follows directly."""
        return tuple(sorted(self._predecessors.get(code, ())))

    def group(self, unit: str, role: str | None = None) -> str:
        """Name a candidate group: the unit's code, or `code:role`. Raises KeyError when unit or role is unknown."""
        if unit not in self._versions:
            raise KeyError(unit)
        return f"{unit}:{self.roles[role].code}" if role else unit

    def agency_code(self, unit: str, day: date) -> str:
        """Give the agency code that dossier codes carry on a day: the older one before the new came into use."""
        found = self.unit_at(unit, day)
        return found.old_code if found and found.old_code and day < self._new_codes_from else unit

    def _ended_before(self, code: str, day: date) -> list[Unit]:
        return [one for one in self._versions.get(code, ()) if one.valid_to and one.valid_to < day]
