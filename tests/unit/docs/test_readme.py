"""Hold README.md and docs/ to the code: commands, links, folders, tables; and what no committed file may say."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import tomllib
import unicodedata
from pathlib import Path

import pytest
import typer

from workers.cli import app
from workers.settings import settings_table
from workers.studio.reference import walk_commands

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "bpmn").rglob("README.md"))]
COMMANDS = dict(walk_commands(typer.main.get_command(app), "dieuphoi"))
TARGETS = set(
    re.findall(r"^([a-z-]+(?: [a-z-]+)*):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
TARGETS = {name for names in TARGETS for name in names.split()}

# Put together from pieces, so that this file does not find itself.
HOSTS = ["py" + "pi.org", "files.python" + "hosted", "repo1." + "maven", "registry." + "npmjs", "deb." + "debian"]
PLACES = [r"(?<![\w.}])/wo" + "rk/", r"(?<![\w.}])/ro" + "ot/", "/tmp/" + "spec"]
WORKPLACE = [r"\bCla" + r"ude\b", r"\bAnth" + r"ropic\b", r"\bWAVE" + r"\d", r"\bsub" + "agent"]
FORBIDDEN = re.compile("|".join([*map(re.escape, HOSTS), *PLACES, *WORKPLACE]), re.IGNORECASE)


def fenced(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def lines(page):
    """List the commands of the page's shell blocks, without what a here-document holds."""
    for block in fenced(page, "sh"):
        plain = re.sub(r"<<'(\w+)'\n.*?\n\1$", "", block, flags=re.DOTALL | re.MULTILINE)
        yield from filter(None, plain.splitlines())


SHELL = [(page.name, line) for page in PAGES for line in lines(page)]


def command_of(words):
    """Find the longest command these words call, and the words that are left."""
    for length in range(len(words), 0, -1):
        name = " ".join(["dieuphoi", *words[1:length]])
        if name in COMMANDS:
            return COMMANDS[name], words[length:]
    raise AssertionError(f"no such command: {' '.join(words)}")


@pytest.mark.parametrize(("page", "line"), SHELL, ids=[f"{page}: {line}" for page, line in SHELL])
def test_every_shell_line_can_be_called(page, line):
    words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
    program = words[0].removeprefix(".venv/bin/")
    if program == "make":
        assert set(words[1:]) <= TARGETS
    elif program == "dieuphoi":
        command, rest = command_of([program, *words[1:]])
        known = {option for one in command.params for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= known
        needed = [one for one in command.params if one.param_type_name == "argument" and one.required]
        assert len([word for word in rest if not word.startswith("--")]) >= len(needed)
    else:
        assert program in {"python", "pytest", "docker"}


def whole_names(row):
    """Write out `dieuphoi a b` · `c`: what follows the first name has its beginning, unless it names its group."""
    first, *others = re.findall(r"`([^`]+)`", row)
    group = first.rpartition(" ")[0]
    return {first} | {f"dieuphoi {name}" if " " in name else f"{group} {name}" for name in others}


def test_table_of_commands_names_every_command_and_no_other():
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    assert set().union(*map(whole_names, rows)) == set(COMMANDS)


def test_inline_commands_exist():
    for page in PAGES:
        for words in re.findall(r"`((?:dieuphoi|make) [a-z][^`]*)`", page.read_text(encoding="utf-8")):
            parts = [word for word in words.split() if word != "…"]
            if parts[0] == "make":
                assert parts[1] in TARGETS, f"{page.name}: {words}"
            else:
                groups = {name.rpartition(" ")[0] for name in COMMANDS}
                called = words in groups or command_of(parts)
                assert called, f"{page.name}: {words}"


def test_folders_and_files_named_exist():
    section = README.partition("## Where things are")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE):
        base = Path()
        for name in re.findall(r"`([^`]+)`", row):
            path = Path(name) if "/" in name else base / name
            base = path.parent
            assert (ROOT / path).is_dir(), name
    for name in re.findall(r"`((?:bpmn|config|workers|tests|docs)/[\w./-]+\.\w+)`", README):
        assert (ROOT / name).exists(), name


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_every_page_of_docs_is_linked_from_the_readme():
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", README))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} == linked


def test_python_of_the_readme_uses_what_the_code_has():
    from workers import casework, contract  # noqa: PLC0415
    from workers.dossier import results  # noqa: PLC0415

    (block,) = fenced(ROOT / "README.md", "python")
    names = {**vars(casework), **vars(contract), **vars(results), "Work": object}
    exec(compile("from __future__ import annotations\n" + block, "README.md", "exec"), names)
    assert names["THANK_RATER"].type == "result.thank"


def test_python_of_the_docs_can_be_read():
    for page in PAGES:
        for block in fenced(page, "python"):
            compile(block, page.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_table_of_settings_is_current():
    assert settings_table() in (ROOT / "docs" / "runtime.md").read_text(encoding="utf-8")


def test_layers_of_the_architecture_are_those_that_are_checked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [one["layers"] for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    told = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("<!-- layers")[2].split("```")[1]
    assert told.split("\n")[1:-1] == [layer.replace("workers.", "") for layer in layers]


def test_readme_is_short_and_composed():
    assert len(README.splitlines()) < 200
    assert all(unicodedata.is_normalized("NFC", page.read_text(encoding="utf-8")) for page in PAGES)


@pytest.mark.parametrize(
    "said", [*HOSTS, "cd /wo" + "rk/main", "in /ro" + "ot/.cache", "/tmp/" + "spec/x", "by Cla" + "ude"]
)
def test_the_search_for_forbidden_words_finds(said):
    assert FORBIDDEN.search(said)


def test_no_committed_file_names_a_package_host_a_machine_path_or_the_workplace():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            text = path.read_bytes().decode("utf-8", errors="replace")
            found += [f"{name}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert found == []
