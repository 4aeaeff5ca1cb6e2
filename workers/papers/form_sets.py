"""Read which statutory form set holds from which receiving date (config/forms/form_sets.yaml)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from workers.errors import ConfigError
from workers.papers.models import FormSet

if TYPE_CHECKING:
    from pathlib import Path


class FormSetEntry(BaseModel):
    """Say from when a form set holds; None: since before any dossier."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: FormSet
    name: str
    valid_from: date | None
    clause: str
    confirmed: bool


class _FormSetFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    form_sets: list[FormSetEntry] = Field(min_length=1)


def load_form_sets(path: Path) -> list[FormSetEntry]:
    """Read the form sets, earliest first.

    Raises:
        ConfigError: the file is missing or wrong; says where and what is expected.

    """
    try:
        content = YAML(typ="safe").load(path)
        entries = _FormSetFile.model_validate(content).form_sets
    except OSError as error:
        raise ConfigError(f"Không đọc được {path}: {error.strerror}.") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: không đúng cú pháp YAML.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}: mục {where} chưa đúng ({first['msg']}).") from error
    return sorted(entries, key=_start)


def form_set_on(entries: list[FormSetEntry], received_on: date) -> FormSet:
    """Choose the last set that began on or before the receiving date. Raises ConfigError when there is none."""
    begun = [entry for entry in entries if _start(entry) <= received_on]
    if not begun:
        raise ConfigError(f"Không có bộ mẫu nào áp dụng cho ngày {received_on:%d/%m/%Y}.")
    return begun[-1].id


def _start(entry: FormSetEntry) -> date:
    return entry.valid_from or date.min
