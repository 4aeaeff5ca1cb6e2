"""Compare clients that answer jobs: the same chain of tasks, one engine, by turns, several rounds."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench.engine import Broker, cpu_seconds, lone_broker, running
from tests.bench.java import java_client
from tests.bench.load import deploy, drive, gateway
from tests.bench.start import aim
from tests.postgres import PostgresServer, programs
from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASKS = 5
VARIABLES = {"dossier_code": "H29.14-250801-0001", "title": "Cấp giấy phép xây dựng " * 80, "count": 1}


@dataclass(frozen=True)
class Size:
    """Say how much is done: instances a round, of them at once, and those run one after the other for the latency."""

    rounds: int = 3
    instances: int = 600
    at_once: int = 64
    seconds: float = 20.0
    one_by_one: int = 40
    warm_up: int = 300


@dataclass(frozen=True)
class Way:
    """Name a client: `id` in the diagram, `label` in the table, `words` after the program."""

    id: str
    label: str
    words: tuple[str, ...]
    database: str = ""
    java: bool = False


@dataclass
class Round:
    """Hold one measurement of one client; latencies are milliseconds of an instance, processor times of 1,000 jobs."""

    way: str
    instances_per_second: float
    loaded_p50: float
    loaded_p95: float
    alone_p50: float
    alone_p95: float
    client_cpu: float
    engine_cpu: float
    refused: int
    megabytes: float


def ways(folder: Path, postgres: str | None) -> list[Way]:
    """List the clients to compare."""
    found = [
        Way("ours", "dieuphoi, no ledger", ("ours",)),
        Way("ours_sqlite", "dieuphoi, ledger on SQLite", ("ours",), f"sqlite:///{folder / 'ledger.db'}"),
        Way("ours_streamed", "dieuphoi, no ledger, streaming", ("streamed",)),
        Way("readme", "pyzeebe as its README shows it", ("pyzeebe-readme",)),
        Way("tuned", "pyzeebe tuned", ("pyzeebe-tuned",)),
        Way("java", "Java client, polling", ("poll",), java=True),
        Way("java_streamed", "Java client, streaming", ("stream",), java=True),
    ]
    if postgres:
        found.insert(2, Way("ours_postgres", "dieuphoi, ledger on PostgreSQL", ("ours",), postgres))
    return found


async def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Measure every client in every round, in an order that turns."""
    size = Size(rounds=1, instances=6, at_once=3, one_by_one=2, warm_up=2) if quick else Size()
    with ExitStack() as stack:
        chosen = ways(folder, _postgres(stack))
        broker = stack.enter_context(lone_broker(folder / "engine"))
        java = java_client(folder / "java")
        clients = {way.id: stack.enter_context(_client(way, broker, java, folder)) for way in chosen}
        async with gateway(broker.gateway) as stub:
            await deploy(stub, {f"bench_{way.id}.bpmn": chain(way.id) for way in chosen})
            for way in chosen:
                await drive(stub, f"bench_{way.id}", VARIABLES, count=size.warm_up, at_once=size.at_once, seconds=5)
            rounds: list[Round] = []
            for number in range(size.rounds):
                turned = chosen[number % len(chosen) :] + chosen[: number % len(chosen)]
                rounds += [await _round(stub, way, clients[way.id], broker, size) for way in turned]
    return {"labels": {way.id: way.label for way in chosen}, "rounds": [asdict(one) for one in rounds]}


def _postgres(stack: ExitStack) -> str | None:
    if programs() is None:
        return None
    return stack.enter_context(PostgresServer(durable=True)).fresh_database()


async def _round(stub: Any, way: Way, client: psutil.Process, broker: Broker, size: Size) -> Round:
    process = f"bench_{way.id}"
    alone = await drive(stub, process, VARIABLES, count=size.one_by_one, at_once=1, seconds=size.seconds)
    before, engine_before = cpu_seconds(client), broker.cpu_seconds()
    load = await drive(stub, process, VARIABLES, count=size.instances, at_once=size.at_once, seconds=size.seconds)
    thousands = len(load.latencies) * TASKS / 1000
    return Round(
        way=way.id,
        instances_per_second=len(load.latencies) / load.seconds,
        loaded_p50=percentile(load.latencies, 50),
        loaded_p95=percentile(load.latencies, 95),
        alone_p50=percentile(alone.latencies, 50),
        alone_p95=percentile(alone.latencies, 95),
        client_cpu=(cpu_seconds(client) - before) / thousands,
        engine_cpu=(broker.cpu_seconds() - engine_before) / thousands,
        refused=load.refused,
        megabytes=client.memory_info().rss / 1e6,
    )


def percentile(seconds: list[float], share: int) -> float:
    """Give the milliseconds within which so many percent lie."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[share - 1] * 1000


def chain(name: str) -> str:
    """Draw a process of tasks one after the other; each client has one, with job types of its own."""
    ids = ["start", *(f"task{number}" for number in range(1, TASKS + 1)), "end"]
    flows = [
        f'<sequenceFlow id="to_{after}" sourceRef="{before}" targetRef="{after}"/>' for before, after in pairwise(ids)
    ]
    tasks = [
        f'<serviceTask id="{one}"><extensionElements><zeebe:taskDefinition type="{job_type}"/></extensionElements>'
        f"</serviceTask>"
        for one, job_type in zip(ids[1:-1], types(name), strict=True)
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="bench">'
        f'<process id="bench_{name}" isExecutable="true"><startEvent id="start"/>{"".join(tasks)}'
        f'<endEvent id="end"/>{"".join(flows)}</process></definitions>'
    )


def types(name: str) -> list[str]:
    """Name the job types of one client."""
    return [f"bench.{name}.{number}" for number in range(1, TASKS + 1)]


@contextmanager
def _client(way: Way, broker: Broker, java: list[str], folder: Path) -> Iterator[psutil.Process]:
    if way.java:
        argv = [*java, *way.words, broker.gateway, *types(way.id)]
    else:
        argv = [sys.executable, "-m", "tests.bench.clients", *way.words, broker.gateway, way.database, *types(way.id)]
    with (
        (folder / f"{way.id}.log").open("ab") as log,
        running(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, env=os.environ)) as process,
    ):
        if process.stdout.readline().strip() != b"ready":
            message = f"{way.label}: does not run; see {log.name}"
            raise UserError(message)
        yield psutil.Process(process.pid)


def table(data: dict[str, Any]) -> list[str]:
    """Write the figures as Markdown: medians of the rounds, and the least and the most."""
    rounds = {way: [one for one in data["rounds"] if one["way"] == way] for way in data["labels"]}
    middle = {
        way: {name: statistics.median(one[name] for one in some) for name in some[0] if name != "way"}
        for way, some in rounds.items()
    }
    size = Size()
    return [
        f"A chain of {TASKS} service tasks, variables of 2 KB, {size.instances} instances a round, {size.at_once} at",
        f"once, {len(rounds['java'])} rounds by turns, medians (least–most). A client that takes more than",
        f"{size.seconds:g} s a round does fewer. Alone: one instance after the other. CPU: seconds for 1,000 jobs.",
        "",
        "| client | instances/s | loaded p50 / p95, ms | alone p50 / p95, ms | client CPU | engine CPU | MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_row(label, middle[way], rounds[way]) for way, label in data["labels"].items()),
        "",
        *_aims(middle),
    ]


def _row(label: str, middle: dict[str, float], rounds: list[dict[str, float]]) -> str:
    rates, costs = ([one[name] for one in rounds] for name in ("instances_per_second", "client_cpu"))
    cells = [
        label,
        f"{middle['instances_per_second']:.0f} ({min(rates):.0f}–{max(rates):.0f})",
        f"{middle['loaded_p50']:.0f} / {middle['loaded_p95']:.0f}",
        f"{middle['alone_p50']:.0f} / {middle['alone_p95']:.0f}",
        f"{middle['client_cpu']:.2f} ({min(costs):.2f}–{max(costs):.2f})",
        f"{middle['engine_cpu']:.2f}",
        f"{middle['megabytes']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _aims(middle: dict[str, dict[str, float]]) -> list[str]:
    java, plain = middle["java"], middle["ours"]
    ledgers = {"SQLite": middle["ours_sqlite"]}
    if "ours_postgres" in middle:
        ledgers["PostgreSQL"] = middle["ours_postgres"]
    lines = [aim("client CPU without ledger, share of Java's", plain["client_cpu"] / java["client_cpu"], 1, most=True)]
    for name, ledger in ledgers.items():
        cost, speed = (ledger[key] / java[key] for key in ("client_cpu", "instances_per_second"))
        lines += [
            aim(f"client CPU with the ledger on {name}, share of Java's", cost, 2, most=True),
            aim(f"throughput with the ledger on {name}, share of Java's", speed, 1, most=False),
        ]
    per_job = middle["ours"]["alone_p50"] / TASKS
    return [*lines, aim("latency of a job alone, polling, ms (streaming gives 7–20)", per_job, 20, most=True)]
