"""Count what the workers do. Labels come from contracts only, so their number is fixed at start."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from workers.runtime.answers import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Reading = Callable[[], float | Awaitable[float]]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

log = structlog.stdlib.get_logger(__name__)


class Metrics:
    """Hold the metrics of one process in a registry of their own; durations and ages are in seconds."""

    def __init__(self, job_types: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._readings: dict[Gauge, Reading] = {}
        types = list(job_types)
        self.jobs = self._counter("jobs", "Deliveries of jobs by outcome", "job_type", "outcome")
        self.retries = self._counter("job_retries", "Jobs the engine was asked to deliver again", "job_type")
        self.effects = self._counter("effects", "Committed results, and those replayed", "job_type", "kind")
        self.ack_retries = self._counter("ack_retries", "Repeated attempts to acknowledge", "job_type")
        self.late_acks = self._counter("late_acks", "Acknowledgements the engine no longer waited for", "job_type")
        self.lost_acks = self._counter("lost_acks", "Acknowledgements given up at the deadline", "job_type")
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

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"dieuphoi_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"dieuphoi_{name}", documentation, labels, registry=self.registry)

    def _start_at_zero(self, job_type: str) -> None:
        for outcome in OUTCOMES:
            self.jobs.labels(job_type, outcome)
        for kind in ("first", "replayed"):
            self.effects.labels(job_type, kind)
        for counter in (self.retries, self.ack_retries, self.late_acks, self.lost_acks):
            counter.labels(job_type)
        self.seconds.labels(job_type)
        for gauge in (self.in_flight, self.poll_age, self.connected):
            gauge.labels(job_type)

    def register_gauge(self, name: str, documentation: str, read: Reading) -> None:
        """Add `dieuphoi_<name>`; `read` (plain or async) is asked at each scrape and gives NaN when it raises."""
        self._readings[self._gauge(name, documentation)] = read

    async def scrape(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        for gauge, read in self._readings.items():
            gauge.set(await _read(read))
        return generate_latest(self.registry)


async def _read(read: Reading) -> float:
    try:
        value = read()
        return float(await value if inspect.isawaitable(value) else value)
    except Exception as error:  # noqa: BLE001 - one broken reading must not hide all the others
        log.warning("metrics.reading_failed", error_class=type(error).__name__)
        return math.nan
