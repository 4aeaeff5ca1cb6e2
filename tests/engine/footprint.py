"""Measure what a dossier costs on this machine: `python -m tests.engine.footprint [--dossiers 40]`.

A whole stack of its own takes example dossiers in, lets them wait for their officer, then has staff answer at once
until all are done. Prints JSON, everything per dossier; docs/scaling.md says how the figures are used.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.engine.faults.town import EXAMPLES, Staff, eventually, mix
from tests.engine.faults.town import _unfinished as unfinished
from workers import intake
from workers.app import open_services
from workers.engine.layout import BROKER, ENGINE_PROCESSES
from workers.engine.progress import SilentProgress
from workers.settings import load_settings
from workers.station import WORKERS, Station

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.settings import Settings
    from workers.workplace import Services

PORT_OFFSET = 70
SEGMENT = 16 * 1024**2
PATIENCE = 1800.0
TABLES = ("timeline", "steps", "outbox", "attempts", "effects", "papers", "documents", "opinions")

Counts = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=40)
    count = parser.parse_args().dossiers
    place = Path(tempfile.mkdtemp(prefix="dieuphoi-footprint-"))
    # The supervised processes read the same environment.
    os.environ |= {"DIEUPHOI_DATA_DIR": str(place), "DIEUPHOI_ENGINE_PORT_OFFSET": str(PORT_OFFSET)}
    settings = load_settings()
    station = Station(settings)
    try:
        station.up(SilentProgress())
        found = asyncio.run(measure(settings, station, count))
    finally:
        station.stack.wipe()
        shutil.rmtree(place)
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


async def measure(settings: Settings, station: Station, count: int) -> dict[str, Any]:
    """Run so many dossiers and say what each cost."""
    async with open_services(settings) as services:
        # The first ones warm the machine up and make every index and table.
        await _whole_way(services, station, mix(6))
        idle, waiting_before = _counts(settings, station), await _snapshot(station)
        began = time.monotonic()
        codes = await _registered(services, mix(count))
        await eventually(lambda: _all_held(services, codes), PATIENCE)
        waiting_after = await _snapshot(station)
        async with _staff(services, station):
            await eventually(lambda: _all_done(services, codes), PATIENCE)
        await asyncio.sleep(10)  # the exporters and importers follow
        seconds = time.monotonic() - began
        spent = _counts(settings, station)
    each = {name: round((spent[name] - idle[name]) / count, 4) for name in spent}
    each["state_bytes_waiting"] = round((waiting_after - waiting_before) / count)
    return {"dossiers": count, "seconds": round(seconds), "mix": mix(6), "per_dossier": each}


async def _whole_way(services: Services, station: Station, names: Sequence[str]) -> None:
    codes = await _registered(services, names)
    async with _staff(services, station):
        await eventually(lambda: _all_done(services, codes), PATIENCE)


async def _registered(services: Services, names: Sequence[str]) -> list[str]:
    submissions = [await intake.submit(services, EXAMPLES / name) for name in names]
    return [await intake.wait_for_code(services, one, PATIENCE) for one in submissions]


async def _all_held(services: Services, codes: Sequence[str]) -> bool:
    return all([await services.registry.latest.open_steps(code) for code in codes])


async def _all_done(services: Services, codes: Sequence[str]) -> bool:
    return not await unfinished(services, codes)


@contextlib.asynccontextmanager
async def _staff(services: Services, station: Station) -> Any:
    staff = Staff(services, station.stack.endpoints.rest)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(staff.work())
        yield
        work.cancel()
    await staff.close()


def _counts(settings: Settings, station: Station) -> Counts:
    page = _fetched(f"{station.stack.endpoints.management}/actuator/prometheus")
    return {
        "jobs": _counter(page, "zeebe_job_events_total", 'action="completed"'),
        "user_tasks": _counter(page, "zeebe_element_instance_events_total", 'action="completed"', 'type="USER_TASK"'),
        "elements": _counter(page, "zeebe_element_instance_events_total", 'action="completed"'),
        "log_bytes": _log_bytes(station),
        **{f"cpu_seconds_{name}": _cpu_seconds(station, name) for name in (*ENGINE_PROCESSES, WORKERS)},
        **_index_bytes(station.stack.endpoints.opensearch),
        **_registry(settings.data / "registry.db"),
        "paper_bytes_stored": float(sum(path.stat().st_size for path in _files(settings.data / "documents"))),
    }


def _counter(page: str, name: str, *labels: str) -> float:
    found = re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", page, re.MULTILINE)
    return sum(float(value) for series, value in found if all(label in series for label in labels))


def _cpu_seconds(station: Station, name: str) -> float:
    times = psutil.Process(station.stack.status().process(name).pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _partition(station: Station) -> Path:
    return station.stack.layout.home(BROKER) / "data" / "raft-partition" / "partitions" / "1"


def _log_bytes(station: Station) -> float:
    """Count what was ever written: segments are numbered from 1, have one size, and are deleted from the front."""
    segments = {int(path.stem.rpartition("-")[2]): path for path in _partition(station).glob("*-partition-1-*.log")}
    last = max(segments)
    return (last - 1) * SEGMENT + len(segments[last].read_bytes().rstrip(b"\0"))


async def _snapshot(station: Station) -> float:
    """Have the engine store its state and weigh it."""
    folder = _partition(station) / "snapshots"
    before = {path.name for path in folder.glob("*") if path.is_dir()}
    url = f"{station.stack.endpoints.management}/actuator/partitions/takeSnapshot"
    await asyncio.to_thread(_fetched, url, b"")

    async def stored() -> bool:
        return bool({path.name for path in folder.glob("*") if path.is_dir()} - before)

    await eventually(stored, PATIENCE)
    await asyncio.sleep(5)
    newest = max((path for path in folder.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    return float(sum(path.stat().st_size for path in _files(newest)))


def _index_bytes(opensearch: str) -> Counts:
    for action in ("_refresh", "_flush", "_forcemerge?max_num_segments=1"):
        _fetched(f"{opensearch}/{action}", b"")
    rows = json.loads(_fetched(f"{opensearch}/_cat/indices?format=json&bytes=b&h=index,store.size,docs.count"))
    families = {"zeebe-record": "records", "operate": "operate", "tasklist": "tasklist"}
    found = dict.fromkeys([f"{kind}_{what}" for kind in families.values() for what in ("bytes", "documents")], 0.0)
    for row in rows:
        kind = next((kind for prefix, kind in families.items() if row["index"].startswith(prefix)), None)
        if kind:
            found[f"{kind}_bytes"] += float(row["store.size"])
            found[f"{kind}_documents"] += float(row["docs.count"])
    return {**found, **_variables(opensearch)}


def _variables(opensearch: str) -> Counts:
    """Count the variables written, and their bytes by the mean of a page."""
    index = f"{opensearch}/zeebe-record_variable_*"
    count = float(json.loads(_fetched(f"{index}/_count"))["count"])
    page = {"query": {"match_all": {}}, "_source": ["value.value"], "size": 10_000}
    hits = json.loads(_fetched(f"{index}/_search", json.dumps(page).encode()))["hits"]["hits"]
    sizes = [len(hit["_source"]["value"]["value"].encode()) for hit in hits]
    return {"variables": count, "variable_bytes": count * sum(sizes) / len(sizes)}


def _registry(database: Path) -> Counts:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (pages,), (size,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}
        (letters,) = connection.execute("SELECT count(*) FROM outbox WHERE channel = 'email'").fetchone()
    return {
        "registry_bytes": float(pages * size),
        "letters": letters,
        **{f"rows_{name}": n for name, n in rows.items()},
    }


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _fetched(url: str, body: bytes | None = None) -> str:
    kind = {"Content-Type": "application/json"} if body is not None else {}
    with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=120) as answer:
        return str(answer.read(), "utf-8")


if __name__ == "__main__":
    main()
