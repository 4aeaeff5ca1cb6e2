"""The benchmarks do not rot: parts without an engine run tiny, and the page is what the kept figures say."""

from __future__ import annotations

import json

import pytest

from tests.bench import __main__ as bench
from tests.bench import growth, report


@pytest.mark.parametrize("part", ["documents", "growth"])
def test_a_part_runs_and_is_shown(part, tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "programs", lambda: None)  # this ring starts no server
    data = bench.measure(part, tmp_path, quick=True)
    report.keep(part, data, tmp_path / "figures.json")
    page = report.page(tmp_path / "figures.json")
    assert f"## {report.PARTS[part][0]}" in page
    assert "|--:|" in page


def test_keeping_a_part_leaves_the_others(tmp_path):
    figures = tmp_path / "figures.json"
    for part in ("start", "documents", "start"):
        report.keep(part, {"kept": 1.23456789}, figures)
    kept = json.loads(figures.read_text("utf-8"))
    assert {name: one["data"] for name, one in kept.items()} == {"start": {"kept": 1.235}, "documents": {"kept": 1.235}}


def test_the_page_says_what_the_kept_figures_say():
    assert report.PAGE.read_text("utf-8") == report.page()
