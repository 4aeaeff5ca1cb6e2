"""Hold docs/dependencies.md to pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NAME = re.compile(r"[A-Za-z0-9._-]+")
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def names(requirements):
    return [NAME.match(one).group() for one in requirements]


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "required"),
    [
        ("At run time", PROJECT["project"]["dependencies"]),
        ("For development", PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_page_lists_exactly_the_direct_dependencies_in_order(title, required):
    assert [name for name, _ in ROW.findall(section(title))] == sorted(names(required))


def test_every_dependency_has_a_reason():
    assert all(len(cells.partition(" | ")[0]) > 3 for _, cells in ROW.findall(PAGE))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_with_digests(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+(?: ; .+?)? \\$\n {4}--hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    direct = {name.lower().replace(".", "-") for name in names(PROJECT["project"]["dependencies"])}
    assert direct <= set(pinned)
