"""What the metrics show of the registry: right while it answers, absent while it does not, and nobody's data."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from tests.unit.office import HOME, SECRETS
from workers.observation import Observation
from workers.runtime.metrics import Metrics

STEP = ("dossier_resolution", "Task_AppraiseDossier")


class Clock:
    """The seconds a process has been running."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def observed(office, tmp_path, clock):
    metrics = Metrics()
    observation = Observation(office.services, tmp_path, clock)
    metrics.add(observation)
    yield metrics
    await observation.close()


async def fails(*args):
    raise OSError


async def scraped(metrics, name, /, **labels):
    await metrics.scrape()
    return metrics.registry.get_sample_value(f"dieuphoi_{name}", labels)


async def test_an_open_dossier_is_counted_with_its_unit_and_time_left(office, observed):
    code = await office.registered()
    dossier = await office.read.dossier(code)
    labels = {"unit": dossier.lead_unit, "state": "registered"}
    assert await scraped(observed, "dossiers_open", **labels, left="later") == 1
    assert await scraped(observed, "registry_up") == 1


async def test_the_figures_stay_for_a_minute_and_change_then(office, observed, clock):
    assert await scraped(observed, "outbox_oldest_seconds") == 0
    await office.accepted()
    office.clock.now += timedelta(hours=1)
    clock.now += 59
    assert await scraped(observed, "outbox_oldest_seconds") == 0
    clock.now += 1
    assert await scraped(observed, "outbox_oldest_seconds") == 3600


async def test_a_registry_that_fails_shows_and_its_figures_vanish(observed, clock, monkeypatch):
    assert await scraped(observed, "outbox_oldest_seconds") == 0
    with monkeypatch.context() as patch:
        patch.setattr("workers.observation.take_census", fails)
        clock.now += 61
        assert await scraped(observed, "registry_up") == 0
        assert await scraped(observed, "outbox_oldest_seconds") is None
    clock.now += 61
    assert await scraped(observed, "registry_up") == 1


async def test_a_slow_census_holds_no_scrape_up_and_one_that_hangs_shows(observed, clock, monkeypatch):
    async def endless(*args):
        await asyncio.Event().wait()

    assert await scraped(observed, "registry_up") == 1
    monkeypatch.setattr("workers.observation.take_census", endless)
    monkeypatch.setattr("workers.observation._PATIENCE", 0.01)
    clock.now += 61
    assert await scraped(observed, "registry_up") == 1
    clock.now += 31
    assert await scraped(observed, "registry_up") == 0
    assert await scraped(observed, "outbox_oldest_seconds") is None


async def test_a_census_takes_no_more_than_a_hundredth_of_the_time(office, observed, clock, monkeypatch):
    taken = []

    async def slow(*args):
        taken.append(clock.now)
        clock.now += 10
        raise OSError

    monkeypatch.setattr("workers.observation.take_census", slow)
    await observed.scrape()
    clock.now += 999
    await observed.scrape()
    clock.now += 1
    await observed.scrape()
    assert taken == [1000.0, 2010.0]


async def test_a_broken_chain_shows_until_it_is_whole_again(office, observed, clock):
    code = await office.registered()
    await office.open(code, STEP)
    assert await scraped(observed, "timeline_broken") == 0
    office.database.remove_guards()
    office.database.change(f"UPDATE timeline SET name = 'Khác' WHERE dossier_code = '{code}'")
    for _ in range(2):
        clock.now += 61
        await observed.scrape()
    assert await scraped(observed, "timeline_broken") == 1


async def test_units_are_named_and_the_disk_is_measured(office, observed):
    name = office.rules.unit_name("H29.04", office.clock.now.date())
    assert await scraped(observed, "unit_info", unit="H29.04", name=name) == 1
    assert 0 < await scraped(observed, "data_free_bytes") <= await scraped(observed, "data_size_bytes")


async def test_no_personal_data_is_shown(office, observed):
    await office.registered()
    text = (await observed.scrape()).decode()
    assert [secret for secret in SECRETS if secret in text] == []


async def test_the_docs_list_every_metric(observed):
    observed.describe_build(rules="0")
    page = (HOME / "docs" / "runtime.md").read_text(encoding="utf-8")
    exposed = re.findall(r"# HELP (\w+)", (await observed.scrape()).decode())
    assert set(re.findall(r"`(dieuphoi_\w+)`", page)) == {name.removesuffix("_created") for name in exposed}
