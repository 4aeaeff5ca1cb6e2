"""Hold the generated reference pages to the contracts and to the command line."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from workers.app import catalog
from workers.cli import app
from workers.contract import Contract, Nothing, Variables
from workers.studio.contracts import CONTRACTS
from workers.studio.models import read_models
from workers.studio.reference import commands_page, job_types_page, walk_commands

ROOT = Path(__file__).parents[3]
COMMANDS = dict(walk_commands(typer.main.get_command(app), "dieuphoi"))


class Paper(Variables):
    name: str


class Asked(Variables):
    dossier_code: str
    route: Literal["fast", "slow"] = "slow"
    since: datetime | None = None
    papers: list[Paper]


@pytest.fixture(scope="module")
def models():
    return read_models(ROOT / "bpmn")


def test_reference_pages_are_current(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["studio", "reference", "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for name in ("job-types.md", "commands.md"):
        fresh = (tmp_path / name).read_text(encoding="utf-8")
        assert fresh == (ROOT / "docs" / name).read_text(encoding="utf-8"), "run `dieuphoi studio reference`"


def test_reference_writes_nothing_the_second_time(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    CliRunner().invoke(app, ["studio", "reference", "--to", str(tmp_path)])
    again = CliRunner().invoke(app, ["studio", "reference", "--to", str(tmp_path)])
    assert "Mọi tệp đã mới nhất" in again.output


def test_job_types_page_tells_what_a_contract_says(models):
    contract = Contract(
        "dossier.sample", "Ví dụ", "Làm ví dụ.", Asked, Nothing, {"Err_No": "Không được"}, timedelta(seconds=90)
    )
    page = job_types_page([contract], models)
    assert "### `dossier.sample` – Ví dụ" in page
    assert "Dùng ở: chưa sơ đồ nào" in page
    assert "Thời gian chờ: 1.5 phút; số lần thử: 5" in page
    assert "`Err_No` Không được" in page
    assert "| `dossier_code` | chữ | Mã hồ sơ." in page
    assert "| `route` | `fast`, `slow` |" in page
    assert "| `since` | thời điểm |" in page
    assert "| `papers` | danh sách nhóm (`name`) |" in page
    assert "| Trả về |" not in page


def test_every_variable_of_a_contract_is_explained(models):
    names = {name for one in CONTRACTS for model in (one.input, one.output) for name in model.model_fields}
    assert names - models.dictionary.variables.keys() == set()


def test_every_job_type_that_runs_is_described_and_used_in_a_diagram(models):
    page = job_types_page(CONTRACTS, models)
    assert {one.type for one in CONTRACTS} == set(catalog().types)
    assert "chưa sơ đồ nào" not in page


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_and_an_example_that_names_it(words):
    command = COMMANDS[words]
    assert command.help
    assert words in command.epilog
    assert f"## `{words}`" in commands_page(typer.main.get_command(app))
