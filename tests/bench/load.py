"""Start instances of a process and wait for their results, so many at a time."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from pyzeebe.proto import gateway_pb2 as pb
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANSWER_WITHIN = 120
REFUSED_PAUSE = 0.02


@dataclass
class Load:
    """Hold what became of the instances: seconds of each from start to result, and of all together."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0


@asynccontextmanager
async def gateway(address: str) -> AsyncIterator[GatewayStub]:
    """Open a channel of its own."""
    async with grpc.aio.insecure_channel(address) as channel:
        yield GatewayStub(channel)


async def deploy(stub: GatewayStub, models: dict[str, str]) -> None:
    """Deploy diagrams given as text, by file name."""
    resources = [pb.Resource(name=name, content=text.encode()) for name, text in models.items()]
    await stub.DeployResource(pb.DeployResourceRequest(resources=resources))


async def drive(
    stub: GatewayStub, process_id: str, variables: dict[str, Any], *, count: int, at_once: int, seconds: float
) -> Load:
    """Run `count` instances, or as many as begin within `seconds`."""
    load, left, begun = Load(), iter(range(count)), time.perf_counter()
    text = json.dumps(variables)

    async def runner() -> None:
        for _ in left:
            if time.perf_counter() - begun > seconds:
                return
            started = time.perf_counter()
            load.refused += await _run_one(stub, process_id, text)
            load.latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(runner() for _ in range(at_once)))
    load.seconds = time.perf_counter() - begun
    return load


async def _run_one(stub: GatewayStub, process_id: str, variables: str) -> int:
    instance = pb.CreateProcessInstanceRequest(bpmnProcessId=process_id, version=-1, variables=variables)
    request = pb.CreateProcessInstanceWithResultRequest(
        request=instance, requestTimeout=ANSWER_WITHIN * 1000, fetchVariables=["answer"]
    )
    refused = 0
    while True:
        try:
            await stub.CreateProcessInstanceWithResult(request, timeout=ANSWER_WITHIN)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            refused += 1
            await asyncio.sleep(REFUSED_PAUSE)
        else:
            return refused
