"""The command line without an engine: help with examples, exit codes, no stack trace, JSON that parses."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.office import HOME, open_office
from workers import cli, intake

FILES = HOME / "examples" / "files"
PERMIT = HOME / "examples" / "dossiers" / "construction-permit"
UNKNOWN = "H29.07-261102-0099"

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def installation(tmp_path, databases, monkeypatch):
    """An installation with an empty registry, in which nothing runs."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(databases.migrated(tmp_path).path, data / "registry.db")
    monkeypatch.setenv("DIEUPHOI_DATA_DIR", str(data))
    monkeypatch.setenv("DIEUPHOI_CACHE_DIR", str(tmp_path / "cache"))
    for console in (cli.out, cli.problems):
        monkeypatch.setattr(console, "_width", 400)
    return data


@pytest.fixture
def run(monkeypatch, capfd):
    """Type a command; gives exit code, output and complaints."""

    def typed(*arguments):
        monkeypatch.setattr(sys, "argv", ["dieuphoi", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out, captured.err

    return typed


@pytest.fixture
def with_dossier(parts, installation, tmp_path):
    """Put one accepted dossier into the installation; gives its code."""

    async def accept(**changes):
        folder = tmp_path / "office"
        folder.mkdir()
        office = await open_office(parts, folder, real_press=False)
        code = await office.accepted(**changes)
        await office.registry.close()
        shutil.copy(office.database.path, installation / "registry.db")
        return code

    return lambda **changes: asyncio.run(accept(**changes))


def commands(app=None, path=()):
    group = typer.main.get_command(app or cli.app) if not path else app
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())
OURS = {path for path in ALL if path[0] != "studio"}


@pytest.mark.parametrize("path", sorted(OURS), ids=" ".join)
def test_every_command_has_help_with_an_example(path):
    result = CliRunner().invoke(cli.app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "Ví dụ:" in result.output
    assert f"dieuphoi {' '.join(path)}" in result.output
    assert ALL[path].help
    for parameter in ALL[path].params:
        assert parameter.name == "help" or parameter.help, parameter.name


def test_nothing_typed_shows_the_help(run):
    code, out, err = run()
    assert code == 2
    assert "submit" in out + err


@pytest.mark.parametrize(
    "typed", [["nobody"], ["submit"], ["calendar", "due"], ["list", "--limit", "0"], ["calendar", "year", "mmxxvi"]]
)
def test_a_command_that_cannot_be_read_ends_with_2(run, typed):
    code, out, err = run(*typed)
    assert (code, out) == (2, "")
    assert "dieuphoi" in err


def test_the_due_moment_is_printed_with_the_days_that_matter(run):
    code, out, _ = run("calendar", "due", "--from", "2026-11-20T09:00", "--working-days", "3", "--unit", "H29.04")
    assert code == 0
    assert out.startswith("26/11/2026 17:00")
    assert "24/11/2026" in out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--from", "hôm nay", "--working-days", "3"], "hôm nay"),
        (["--from", "2026-11-20", "--working-days", "3", "--unit", "H29.999"], "H29.999"),
        (["--from", "2027-12-30", "--working-days", "9"], "2028"),
    ],
)
def test_a_moment_that_cannot_be_computed_is_one_sentence(run, typed, told):
    code, out, err = run("calendar", "due", *typed)
    assert (code, out) == (2, "")
    assert err.startswith("Lỗi: ")
    assert told in err


def test_a_year_is_printed_to_be_compared_with_the_notice(run):
    code, out, _ = run("calendar", "year", "2026")
    assert code == 0
    assert "CHƯA xác nhận" in out
    for day in ("01/01/2026", "10/01/2026", "02/09/2026"):
        assert day in out
    assert "làm bù" in out


def test_a_number_that_is_no_year_is_one_sentence(run):
    code, out, err = run("calendar", "year", "0")
    assert (code, out) == (2, "")
    assert err.startswith("Lỗi: ")


def test_applying_an_unchanged_calendar_changes_nothing(run, with_dossier):
    with_dossier()
    code, out, _ = run("calendar", "apply", "--reason", "Thông báo", "--dry-run")
    assert (code, out.strip()) == (0, "Không hồ sơ đang giải quyết nào đổi hạn.")


def test_good_files_pass_the_check_and_say_what_they_are(run):
    code, out, _ = run("check", FILES / "good" / "official.pdf", FILES / "good" / "scan.png")
    assert code == 0
    assert "official.pdf" in out
    assert "scan.png" in out


def test_a_bad_file_among_good_ones_ends_with_1_and_all_are_listed(run):
    bad, good = FILES / "bad" / "encrypted.pdf", FILES / "good" / "scan.png"
    code, out, _ = run("check", bad, good, "--json")
    assert code == 1
    found = json.loads(out)
    assert [one["ok"] for one in found] == [False, True]
    assert all(finding["message"] for finding in found[0]["findings"])


def test_a_file_that_is_not_there_ends_with_2(run, tmp_path):
    code, out, err = run("check", tmp_path / "nobody.pdf")
    assert (code, out) == (2, "")
    assert "nobody.pdf" in err


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(PERMIT, tmp_path / "dossier")


def spoil(folder, kind):
    path = folder / "dossier.yaml"
    text = path.read_text(encoding="utf-8")
    edits = {
        "unknown procedure": ("'1.009974'", "'9.999999'"),
        "wrong kind": ("kind: administrative_procedure", "kind: work_dossier"),
        "unit that ended": ("H29.07", "H29.31"),
        "unknown paper": ("composition: land_right", "composition: moon_right"),
        "missing file": ("ban-ve.pdf", "ban-ve-2.pdf"),
        "file outside": ("ban-ve.pdf", "../ban-ve.pdf"),
        "unknown field": ("title:", "titel:"),
        "broken syntax": ("kind:", "kind: ["),
        "brackets": ("'1.009974'", "'[/x]'"),
    }
    if kind == "no folder":
        shutil.rmtree(folder)
    elif kind == "no file":
        path.unlink()
    elif kind == "not text":
        path.write_bytes(b"\xff\xfe\x00")
    elif kind == "empty":
        path.write_text("", encoding="utf-8")
    else:
        old, new = edits[kind]
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    "kind",
    [
        "no folder",
        "no file",
        "not text",
        "empty",
        "unknown procedure",
        "wrong kind",
        "unit that ended",
        "unknown paper",
        "missing file",
        "file outside",
        "unknown field",
        "broken syntax",
        "brackets",
    ],
)
def test_a_broken_folder_is_one_sentence_that_names_it(run, folder, kind):
    spoil(folder, kind)
    code, out, err = run("submit", folder)
    assert (code, out) == (2, "")
    assert err.startswith("Lỗi: ")
    assert "dossier" in err


@pytest.mark.parametrize("as_json", [False, True])
def test_submit_prints_the_code_and_nothing_else(run, monkeypatch, as_json):
    async def registered(_services, _submission_id):
        return "H29.07-261102-0001"

    monkeypatch.setattr(intake, "wait_for_code", registered)
    code, out, _ = run("submit", PERMIT, *(["--json"] if as_json else []))
    assert code == 0
    assert (json.loads(out)["code"] if as_json else out.strip()) == "H29.07-261102-0001"


@pytest.mark.parametrize("code", [UNKNOWN, "không phải mã", "[/x]"])
@pytest.mark.parametrize("command", ["show", "withdraw"])
def test_a_code_nobody_knows_is_one_sentence(run, command, code):
    ended, out, err = run(command, code)
    assert (ended, out) == (2, "")
    assert err.startswith("Lỗi: ")
    assert code in err


def test_show_prints_the_dossier_for_a_person_and_for_a_program(run, with_dossier):
    code = with_dossier()
    ended, out, _ = run("show", code)
    assert ended == 0
    assert f"Hồ sơ {code}" in out
    assert "Đang giải quyết" in out
    ended, out, _ = run("show", code, "--json")
    assert json.loads(out)["code"] == code
    assert "tracking_secret" not in out


def test_list_names_the_newest_dossiers_of_a_unit(run, with_dossier):
    code = with_dossier()
    assert code in run("list")[1]
    assert code not in run("list", "--unit", "H29.04")[1]
    found = json.loads(run("list", "--unit", "H29.07", "--json")[1])
    assert [one["code"] for one in found] == [code]
    assert "tracking_secret" not in found[0]


@pytest.mark.parametrize("title", ["Nhà [/x]", "Nhà [red]đỏ[/red]"])
def test_brackets_in_a_title_are_shown_as_written(run, with_dossier, title):
    with_dossier(title=title)
    code, out, _ = run("list")
    assert code == 0
    assert title in out


def test_an_empty_registry_says_how_to_begin(run):
    code, out, _ = run("list")
    assert code == 0
    assert "dieuphoi submit" in out


def test_a_withdrawal_is_taken_and_said(run, with_dossier):
    code = with_dossier()
    ended, out, _ = run("withdraw", code, "--reason", "Nộp nhầm")
    assert (ended, out.strip()) == (0, "Đã ghi nhận yêu cầu rút hồ sơ.")


def test_a_supplement_for_a_dossier_that_waits_for_none_is_one_sentence(run, with_dossier):
    code = with_dossier()
    ended, out, err = run("supplement", code, PERMIT)
    assert (ended, out) == (2, "")
    assert "không chờ bổ sung" in err


def test_nothing_running_is_a_state_with_an_exit_code(run):
    code, out, _ = run("status")
    assert code == 1
    assert "dieuphoi up" in out
    code, out, _ = run("status", "--json")
    assert code == 1
    assert json.loads(out) == {"running": False, "ready": False, "processes": []}


def test_logs_of_what_never_ran_are_empty(run):
    code, out, _ = run("logs", "workers")
    assert (code, out) == (0, "")


def test_wiping_asks_first_and_keeps_the_data_when_told_no(run, installation, monkeypatch):
    monkeypatch.setattr(typer, "confirm", refuse)
    code, _, _ = run("wipe")
    assert code == 1
    assert (installation / "registry.db").exists()


def refuse(*_given, **_options):
    raise typer.Abort


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DIEUPHOI_SMTP_PORT", "cửa"), ("DIEUPHOI_GATEWAY_AUTH", "oauth"), ("DIEUPHOI_LOG_LEVEL", "x")],
)
def test_a_setting_that_is_wrong_is_one_sentence_without_its_value(run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    code, out, err = run("list")
    assert (code, out) == (2, "")
    assert err.startswith("Lỗi: Thiết lập chưa đúng")
    assert "DIEUPHOI_" in err


@pytest.mark.parametrize("command", [["list"], ["show", UNKNOWN], ["submit", str(PERMIT)]])
def test_a_database_that_cannot_be_used_is_one_sentence(run, installation, command):
    (installation / "registry.db").write_bytes(b"no database" * 200)
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert "không phải cơ sở dữ liệu" in err


@pytest.mark.parametrize("command", [["list"], ["calendar", "year", "2026"]])
def test_a_mistake_in_config_is_said_with_its_line(run, monkeypatch, tmp_path, command):
    home = tmp_path / "home"
    shutil.copytree(HOME / "config", home / "config", ignore=shutil.ignore_patterns("fonts"))
    (home / "bpmn").symlink_to(HOME / "bpmn")
    (home / "config" / "deadlines.yaml").write_text("steps: [\n", encoding="utf-8")
    monkeypatch.setenv("DIEUPHOI_HOME", str(home))
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert "deadlines.yaml, dòng" in err


def test_stopping_with_the_keyboard_ends_quietly(run, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    code, _, err = run("list")
    assert (code, err.strip()) == (130, "Đã dừng theo yêu cầu.")
