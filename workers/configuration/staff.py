"""Read the sample staff accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from workers.errors import ConfigError
from workers.rulebook import Account, Oversight
from workers.yaml_files import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from workers.regulation.organization import Organization, Unit
    from workers.yaml_files import Source


class _StaffFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: dict[str, list[str]]
    titles: dict[str, str]
    units: list[str]
    oversight: dict[Oversight, list[str]] = {}


def load_accounts(path: Path, organization: Organization) -> list[Account]:
    """Read the accounts of the sample units, by unit and role.

    Raises ConfigError with all mistakes at once: file, line, what was found, what is expected.
    """
    said, source = read_model(path, _StaffFile, ConfigError)
    _check_titles(said, source)
    units = _units(said, source, organization)
    if source.mistakes:
        raise source.failure(ConfigError)
    sees = {role: oversight for oversight, roles in said.oversight.items() for role in roles}
    return [_account(unit, role, said, sees.get(role)) for unit in units for role in said.roles[unit.level]]


def _check_titles(said: _StaffFile, source: Source) -> None:
    for level, roles in said.roles.items():
        for index, role in enumerate(roles):
            if role not in said.titles:
                source.note(("roles", level, index), f"đang ghi “{role}”, cần một vai có tên gọi ở titles.")
    for oversight, roles in said.oversight.items():
        for index, role in enumerate(roles):
            if role not in said.titles:
                source.note(("oversight", oversight, index), f"đang ghi “{role}”, cần một vai có tên gọi ở titles.")


def _units(said: _StaffFile, source: Source, organization: Organization) -> list[Unit]:
    found = []
    for index, code in enumerate(said.units):
        unit = organization.last_version(code)
        if unit is None:
            source.note(("units", index), f"đang ghi “{code}”, cần mã của một đơn vị có trong organization.yaml.")
        elif unit.level not in said.roles:
            source.note(("units", index), f"“{code}” là đơn vị cấp {unit.level}, cần ghi các vai của cấp này ở roles.")
        else:
            found.append(unit)
    return found


def _account(unit: Unit, role: str, said: _StaffFile, oversight: Oversight | None) -> Account:
    return Account(
        user=f"{role}.{unit.code.lower().replace('.', '-')}",
        name=f"{said.titles[role]} {unit.short_name or unit.name} (ví dụ)",
        unit=unit.code,
        role=role,
        oversight=oversight,
    )
