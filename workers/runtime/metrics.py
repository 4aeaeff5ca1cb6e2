"""Count what the workers do. Labels come from contracts only, so their number is fixed at start."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from workers.runtime.answers import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

log = structlog.stdlib.get_logger(__name__)


class Source(Protocol):
    """Give metrics of something else than jobs."""

    async def refresh(self) -> None:
        """Bring the readings up to date before a scrape; keep it short."""

    def collect(self) -> Iterable[Metric]:
        """Give the readings."""


@dataclass(frozen=True)
class JobSeries:
    """Hold the series of one job type, looked up once: each look-up costs as much as several counts."""

    outcomes: dict[str, Counter]
    first: Counter
    replayed: Counter
    seconds: Histogram
    in_flight: Gauge


class Metrics:
    """Hold the metrics of one process in a registry of their own; durations and ages are in seconds."""

    def __init__(self, job_types: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._sources: list[Source] = []
        types = list(job_types)
        self.jobs = self._counter("jobs", "Deliveries of jobs by outcome", "job_type", "outcome")
        self.retries = self._counter("job_retries", "Jobs the engine was asked to deliver again", "job_type")
        self.effects = self._counter("effects", "Committed results, and those replayed", "job_type", "kind")
        self.ack_retries = self._counter("ack_retries", "Repeated attempts to acknowledge", "job_type")
        self.late_acks = self._counter("late_acks", "Acknowledgements the engine no longer waited for", "job_type")
        self.lost_acks = self._counter("lost_acks", "Acknowledgements given up at the deadline", "job_type")
        # Process and code stand in bpmn/ and in the source, the unit is the one that leads the dossier.
        self.incidents = self._counter("incidents", "Incidents opened in the engine", "process", "unit", "code")
        self.seconds = Histogram(
            "dieuphoi_job_seconds",
            "From delivery to acknowledgement",
            ["job_type"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.in_flight = self._gauge("jobs_in_flight", "Jobs delivered and not yet acknowledged", "job_type")
        self.poll_age = self._gauge("last_poll_age_seconds", "Since the gateway last answered a poll", "job_type")
        self.connected = self._gauge("worker_connected", "1 while polls are answered", "job_type")
        for job_type in types:
            self._start_at_zero(job_type)

    def of(self, job_type: str) -> JobSeries:
        """Give what each delivery of a job type counts."""
        return JobSeries(
            outcomes={outcome: self.jobs.labels(job_type, outcome) for outcome in OUTCOMES},
            first=self.effects.labels(job_type, "first"),
            replayed=self.effects.labels(job_type, "replayed"),
            seconds=self.seconds.labels(job_type),
            in_flight=self.in_flight.labels(job_type),
        )

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"dieuphoi_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"dieuphoi_{name}", documentation, labels, registry=self.registry)

    def _start_at_zero(self, job_type: str) -> None:
        self.of(job_type)
        for counter in (self.retries, self.ack_retries, self.late_acks, self.lost_acks):
            counter.labels(job_type)
        for gauge in (self.poll_age, self.connected):
            gauge.labels(job_type)

    def describe_build(self, rules: str) -> None:
        """Tell which program runs under which rules; `rules` is a digest that differs when they do."""
        build = self._gauge("build_info", "1; the labels tell what runs", "version", "python", "rules")
        build.labels(version("dieuphoi"), platform.python_version(), rules).set(1)

    def add(self, source: Source) -> None:
        """Ask a source at each scrape; one that raises gives nothing and hides nothing."""
        self._sources.append(source)
        self.registry.register(_Guarded(source))

    async def scrape(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        for source in self._sources:
            try:
                await source.refresh()
            except Exception as error:  # noqa: BLE001 - one broken source must not hide all the others
                log.warning("metrics.source_failed", error_class=type(error).__name__)
        return generate_latest(self.registry)


class _Guarded(Collector):
    """Keep what a source raises from the other metrics."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        try:
            return list(self._source.collect())
        except Exception as error:  # noqa: BLE001 - see Metrics.add
            log.warning("metrics.source_failed", error_class=type(error).__name__)
            return []
