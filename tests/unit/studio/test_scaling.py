"""Hold the sums of docs/scaling.md to what they promise."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from workers.cli import app
from workers.studio.scaling import (
    CITY,
    MEASURED,
    City,
    assumptions_table,
    brokers,
    cost_table,
    engine_cores,
    in_progress,
    mean_rate,
    needs,
    needs_table,
    partitions,
    peak_rate,
)

PAGE = Path(__file__).parents[3] / "docs" / "scaling.md"
CITIES = st.builds(
    City,
    dossiers=st.integers(1_000, 500_000_000),
    peak=st.floats(1, 50),
    utilization=st.floats(0.1, 1),
    cores_a_broker=st.integers(1, 64),
    days_in_progress=st.floats(0.1, 365),
)


def test_the_rates_of_the_default_city():
    assert mean_rate(CITY) == pytest.approx(20_000_000 / (248 * 8 * 3600))
    assert peak_rate(CITY) == pytest.approx(6 * mean_rate(CITY))
    assert in_progress(CITY) == pytest.approx(821_918, abs=1)


@given(CITIES)
def test_the_work_of_the_peak_fits_even_with_one_broker_away(city):
    members = brokers(MEASURED, city)
    assert members >= city.replicas
    assert (members - 1) * city.cores_a_broker >= engine_cores(MEASURED, city) - 1e-6


@given(CITIES)
def test_every_broker_leads_as_many_partitions_and_none_is_overworked(city):
    parts = partitions(MEASURED, city)
    assert parts % brokers(MEASURED, city) == 0
    assert peak_rate(city) * MEASURED.broker_cpu / parts <= city.utilization + 1e-9


@given(CITIES, st.floats(1, 10))
def test_more_dossiers_never_need_less(city, factor):
    more = replace(city, dossiers=round(city.dossiers * factor))
    assert brokers(MEASURED, more) >= brokers(MEASURED, city)
    assert engine_cores(MEASURED, more) >= engine_cores(MEASURED, city) - 1e-9


@given(CITIES)
def test_every_line_has_a_number_and_says_how(city):
    for line in needs(MEASURED, city):
        assert any(letter.isdigit() for letter in line.amount), line
        assert line.how


def test_every_figure_is_named_as_measured_or_assumed():
    assert cost_table(MEASURED).count("\n") == 1 + len(fields(MEASURED))
    assert assumptions_table(CITY).count("\n") == 1 + len(asdict(CITY))


def test_the_page_holds_the_tables_as_they_are_worked_out():
    page = PAGE.read_text("utf-8")
    for table in (cost_table(MEASURED), assumptions_table(CITY), needs_table(needs(MEASURED, CITY))):
        assert table in page


def test_the_command_works_with_other_assumptions():
    shown = CliRunner().invoke(app, ["studio", "scaling", "--dossiers", "1000000", "--peak", "2"])
    assert shown.exit_code == 0
    assert "1.000.000 hồ sơ / 248 ngày" in shown.output
