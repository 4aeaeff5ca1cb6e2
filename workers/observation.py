"""Show in the metrics what is open, what is wrong and what is left of the disk. No personal data: codes and counts."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client.core import GaugeMetricFamily

from workers.registry.census import take_census

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from workers.registry.census import Census
    from workers.workplace import Services

log = structlog.stdlib.get_logger(__name__)

_SECONDS_BETWEEN = 60.0
_SHARE_OF_TIME = 0.01
_PATIENCE = 2.0
_TOO_SLOW = 30.0


class Observation:
    """Take a census at most once a minute, and never more than a hundredth of the time, however many scrape.

    Each process counts for itself: all give the same figures, so dashboards take the maximum, not the sum. Every
    census also checks the hash chains of the next few dossiers, round and round.
    """

    def __init__(self, services: Services, data_dir: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._data_dir = data_dir
        self._clock = clock
        self._units = sorted({unit.code for unit in services.rules.organization.units})
        self._census: Census | None = None
        self._taking: asyncio.Task[None] | None = None
        self._next = self._started = clock()
        self._took = 0.0
        self._checked_up_to = ""
        self._broken: set[str] = set()

    async def refresh(self) -> None:
        """Take a census if it is time for one; a slow registry delays no scrape for longer than two seconds."""
        if self._taking is None and self._clock() >= self._next:
            self._taking = asyncio.create_task(self._take())
        if self._taking is not None:
            await asyncio.wait({self._taking}, timeout=_PATIENCE)

    async def close(self) -> None:
        """Stop counting."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait({self._taking})

    def collect(self) -> Iterator[Metric]:
        """Give the readings of the last census; none while the registry does not answer."""
        hangs = self._taking is not None and self._clock() - self._started > _TOO_SLOW
        census = None if hangs else self._census
        yield _gauge("registry_up", "1 while the registry answers", [((), float(census is not None))])
        yield _gauge("census_seconds", "Duration of the last census", [((), self._took)])
        yield from _open(census)
        yield _gauge(
            "timeline_broken",
            "Dossiers whose hash chain does not hold; checked a few at a time",
            [((), len(self._broken))],
        )
        yield _gauge("unit_info", "1; the labels name a unit", self._unit_names(), "unit", "name")
        yield from _disk(self._data_dir)

    async def _take(self) -> None:
        self._started = self._clock()
        try:
            now = self._services.now()
            self._census = await take_census(self._services.registry, self._units, now)
            await self._check_chains()
        except Exception as error:  # noqa: BLE001 - whatever keeps the registry from answering, the metrics say so
            self._census = None
            log.warning("census.failed", error_class=type(error).__name__)
        finally:
            self._taking = None
            ended = self._clock()
            self._took = ended - self._started
            self._next = ended + max(_SECONDS_BETWEEN, self._took / _SHARE_OF_TIME)

    async def _check_chains(self) -> None:
        after = self._checked_up_to
        async with self._services.registry.read() as reader:
            found, last = await reader.verify_timeline_page(after)
        mended = {code for code in self._broken if after < code and (code <= last or not last)}
        self._broken = (self._broken - mended) | {violation.dossier_code for violation in found}
        self._checked_up_to = last

    def _unit_names(self) -> Iterable[tuple[tuple[str, ...], float]]:
        today = self._services.now().date()
        return [((code, self._services.rules.unit_name(code, today)), 1.0) for code in self._units]


def _open(census: Census | None) -> Iterator[Metric]:
    kind = ("unit", "process", "step", "name")
    steps = [((s.unit, s.process_id, s.element_id, s.name), s) for s in census.steps] if census else []
    yield _gauge("steps_open", "Open steps", [(labels, s.open) for labels, s in steps], *kind)
    yield _gauge("steps_late", "Open steps past their norm", [(labels, s.late) for labels, s in steps], *kind)
    dossiers = census.dossiers if census else []
    rows = [((d.lead_unit, d.state.value, d.left.value), d.count) for d in dossiers]
    yield _gauge("dossiers_open", "Unfinished dossiers by the time left", rows, "unit", "state", "left")
    messages = census.messages if census else []
    queued = [((m.channel.value, m.state.value), m.count) for m in messages]
    yield _gauge("outbox_messages", "Messages that are not sent", queued, "channel", "state")
    oldest = [((), census.oldest_due.total_seconds() if census.oldest_due else 0.0)] if census else []
    yield _gauge("outbox_oldest_seconds", "Age of the message due longest", oldest)


def _disk(folder: Path) -> Iterator[Metric]:
    usage = shutil.disk_usage(folder)
    yield _gauge("data_free_bytes", "Room left where documents are kept", [((), usage.free)])
    yield _gauge("data_size_bytes", "Size of the disk where documents are kept", [((), usage.total)])


def _gauge(name: str, documentation: str, rows: Iterable[tuple[Any, float]], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"dieuphoi_{name}", documentation, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
