"""The benchmarks that need an engine do not rot: they run tiny, on a broker of their own."""

from __future__ import annotations

import asyncio

import pytest

from tests.bench import __main__ as bench
from tests.bench import report


@pytest.mark.parametrize("part", ["runtime", "dossiers"])
async def test_a_part_runs_and_is_shown(part, tmp_path):
    data = await asyncio.to_thread(bench.measure, part, tmp_path, quick=True)
    assert report.section(part, {"when": "now", "machine": "here", "data": data})
