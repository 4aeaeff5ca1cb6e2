"""Read the sample staff accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML

from workers.errors import ConfigError
from workers.rulebook import Account

if TYPE_CHECKING:
    from pathlib import Path

    from workers.regulation.organization import Organization


class _StaffFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    roles: dict[str, list[str]]
    titles: dict[str, str]
    units: list[str]


def load_accounts(path: Path, organization: Organization) -> list[Account]:
    """Read the accounts of the sample units, by unit and role. Raises ConfigError naming the file and what is wrong."""
    try:
        said = _StaffFile.model_validate(YAML(typ="safe").load(path))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigError(f"{path}: {problems}. Xem chú thích đầu tệp.") from error
    return [account for code in said.units for account in _accounts_of(path, said, code, organization)]


def _accounts_of(path: Path, said: _StaffFile, code: str, organization: Organization) -> list[Account]:
    unit = organization.last_version(code)
    if unit is None or unit.level not in said.roles:
        raise ConfigError(f"{path}: đơn vị {code} không có trong organization.yaml hoặc cấp của nó không có ở roles.")
    return [
        Account(
            user=f"{role}.{code.lower().replace('.', '-')}",
            name=f"{said.titles[role]} {unit.short_name or unit.name} (ví dụ)",
            unit=code,
            role=role,
        )
        for role in said.roles[unit.level]
    ]
