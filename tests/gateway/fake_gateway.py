"""A Zeebe gateway that misbehaves on purpose: it holds jobs in memory and fails as told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2 as pb
from pyzeebe.proto.gateway_pb2_grpc import GatewayServicer, add_GatewayServicer_to_server

Status = grpc.StatusCode


@dataclass
class FakeJob:
    key: int
    type: str
    variables: dict[str, Any]
    retries: int
    headers: dict[str, str]
    deliveries: int = 0
    deadline: float | None = None  # None: waits for a worker
    state: str = "open"  # open | completed | failed | thrown

    @property
    def element_instance_key(self) -> int:
        return self.key + 1_000_000


@dataclass
class Mishap:
    """Answer `times` calls of a method with `status`, or only `delay` them when there is no status."""

    status: grpc.StatusCode | None
    times: int
    job_type: str | None = None
    delay: float = 0.0
    details: str = "on purpose"
    after: bool = False  # take effect first, then answer with the status


class FakeGateway(GatewayServicer):
    def __init__(self, long_poll: float = 0.2) -> None:
        self.long_poll = long_poll
        self.jobs: dict[int, FakeJob] = {}
        self.completed: list[tuple[int, dict[str, Any]]] = []
        self.failed: list[pb.FailJobRequest] = []
        self.thrown: list[pb.ThrowErrorRequest] = []
        self.published: dict[str, pb.PublishMessageRequest] = {}
        self.calls: Counter[str] = Counter()
        self.fetched: dict[str, list[str]] = {}
        self.mishaps: dict[str, deque[Mishap]] = defaultdict(deque)
        self.streams: dict[str, set[asyncio.Queue[FakeJob]]] = defaultdict(set)
        self.metadata: list[dict[str, str]] = []
        self.not_before: dict[int, float] = {}
        self.port = 0
        self._server: grpc.aio.Server | None = None
        self._changed = asyncio.Condition()
        self._next_key = 2251799813685249

    # life

    async def start(self) -> FakeGateway:
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        add_GatewayServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()
        return self

    async def vanish(self) -> None:
        if self._server is not None:
            await self._server.stop(0)
            self._server = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    # what a test says

    def misbehave(self, method: str, status: grpc.StatusCode | None, times: int = 1, **kwargs: Any) -> None:
        self.mishaps[method].append(Mishap(status, times, **kwargs))

    async def add(
        self, job_type: str, variables: dict[str, Any] | None = None, retries: int = 5, **headers: str
    ) -> FakeJob:
        self._next_key += 2
        job = FakeJob(self._next_key, job_type, variables or {}, retries, headers)
        self.jobs[job.key] = job
        await self._announce(job)
        return job

    async def time_out(self, job: FakeJob) -> None:
        """Let the job's time be over: it waits for a worker again."""
        job.deadline = None
        await self._announce(job)

    async def forget(self, job: FakeJob) -> None:
        """Remove the job, as when its instance was cancelled."""
        del self.jobs[job.key]

    async def until(self, condition: Any, seconds: float = 30.0) -> None:
        """Wait until the condition holds, woken by each change; fail after so many seconds."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _announce(self, job: FakeJob) -> None:
        for queue in self.streams[job.type]:
            self._hand_out(job)
            queue.put_nowait(job)
            break
        await self.notify()

    # what the engine does

    async def ActivateJobs(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls[f"ActivateJobs:{request.type}"] += 1
        self.fetched[request.type] = list(request.fetchVariable)
        await self._meet_mishap("ActivateJobs", context, request.type)
        await self.notify()
        waiting = await self._wait_for_jobs(request.type)
        batch = waiting[: request.maxJobsToActivate]
        for job in batch:
            self._hand_out(job, request.timeout / 1000)
        if batch:
            yield pb.ActivateJobsResponse(jobs=[self._message(job, request.fetchVariable) for job in batch])

    async def StreamActivatedJobs(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls[f"StreamActivatedJobs:{request.type}"] += 1
        await self._meet_mishap("StreamActivatedJobs", context, request.type)
        queue: asyncio.Queue[FakeJob] = asyncio.Queue()
        self.streams[request.type].add(queue)
        await self.notify()
        try:
            while True:
                yield self._message(await queue.get(), request.fetchVariable)
        finally:
            self.streams[request.type].discard(queue)

    async def CompleteJob(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._settle("CompleteJob", request, context, "completed")
        self.completed.append((request.jobKey, json.loads(request.variables)))
        await self._finish("CompleteJob", context)
        return pb.CompleteJobResponse()

    async def ThrowError(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._settle("ThrowError", request, context, "thrown")
        self.thrown.append(request)
        await self._finish("ThrowError", context)
        return pb.ThrowErrorResponse()

    async def FailJob(self, request: Any, context: Any) -> Any:  # noqa: N802
        job = await self._settle("FailJob", request, context, "failed")
        self.failed.append(request)
        job.retries = request.retries
        if request.retries > 0:
            job.state, job.deadline = "open", None
            self.not_before[job.key] = _now() + request.retryBackOff / 1000
        await self._finish("FailJob", context)
        return pb.FailJobResponse()

    async def PublishMessage(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._meet_mishap("PublishMessage", context)
        if request.messageId and request.messageId in self.published:
            await context.abort(Status.ALREADY_EXISTS, "a message with this id exists")
        self.published[request.messageId] = request
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
        await self._meet_mishap("PublishMessage after", context)
        return pb.PublishMessageResponse(key=1)

    async def DeployResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._meet_mishap("DeployResource", context)
        names = [resource.name for resource in request.resources]
        deployments = [_deployment(name, number) for number, name in enumerate(names, start=1)]
        return pb.DeployResourceResponse(key=7, deployments=deployments)

    async def Topology(self, _request: Any, context: Any) -> Any:  # noqa: N802
        await self._meet_mishap("Topology", context)
        partition = pb.Partition(partitionId=1, role=pb.Partition.LEADER, health=pb.Partition.HEALTHY)
        broker = pb.BrokerInfo(nodeId=0, host="127.0.0.1", port=26501, version="8.6.0", partitions=[partition])
        return pb.TopologyResponse(
            brokers=[broker], clusterSize=1, partitionsCount=1, replicationFactor=1, gatewayVersion="8.6.0"
        )

    # inside

    async def _settle(self, method: str, request: Any, context: Any, state: str) -> FakeJob:
        job = self.jobs.get(request.jobKey)
        self.calls[method] += 1
        await self._meet_mishap(method, context, job.type if job else None)
        if job is None or job.state != "open":
            await context.abort(Status.NOT_FOUND, "no such job")
        job.state = state
        return job

    async def _finish(self, method: str, context: Any) -> None:
        await self.notify()
        await self._meet_mishap(f"{method} after", context)

    async def _meet_mishap(self, method: str, context: Any, job_type: str | None = None) -> None:
        for mishap in self.mishaps[method]:
            if mishap.times > 0 and mishap.job_type in {None, job_type}:
                mishap.times -= 1
                await self.notify()
                await asyncio.sleep(mishap.delay)
                if mishap.status is not None:
                    await context.abort(mishap.status, mishap.details)
                return

    async def _wait_for_jobs(self, job_type: str) -> list[FakeJob]:
        end = _now() + self.long_poll
        while True:
            found = [job for job in self.jobs.values() if job.type == job_type and self._is_free(job)]
            left = end - _now()
            if found or left <= 0:
                return found
            async with self._changed:
                try:
                    async with asyncio.timeout(min(left, 0.05)):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    def _is_free(self, job: FakeJob) -> bool:
        now = _now()
        free = job.deadline is None or job.deadline < now
        return job.state == "open" and free and self.not_before.get(job.key, 0) <= now

    def _hand_out(self, job: FakeJob, seconds: float = 60.0) -> None:
        job.deadline = _now() + seconds
        job.deliveries += 1

    def _message(self, job: FakeJob, fetch: Any) -> pb.ActivatedJob:
        wanted = set(fetch)
        variables = {name: value for name, value in job.variables.items() if not wanted or name in wanted}
        return pb.ActivatedJob(
            key=job.key,
            type=job.type,
            processInstanceKey=job.key - 1,
            bpmnProcessId="fake_process",
            elementId="Task_Fake",
            elementInstanceKey=job.element_instance_key,
            customHeaders=json.dumps(job.headers),
            worker="fake",
            retries=job.retries,
            deadline=1,  # an engine whose clock stands still in 1970
            variables=json.dumps(variables),
        )


def _deployment(name: str, number: int) -> pb.Deployment:
    stem, _, suffix = name.rpartition(".")
    if suffix == "dmn":
        return pb.Deployment(decision=pb.DecisionMetadata(dmnDecisionId=stem, version=1, decisionKey=number))
    if suffix == "form":
        return pb.Deployment(form=pb.FormMetadata(formId=stem, version=1, formKey=number, resourceName=name))
    process = pb.ProcessMetadata(bpmnProcessId=stem, version=1, processDefinitionKey=number, resourceName=name)
    return pb.Deployment(process=process)


def _now() -> float:
    return asyncio.get_running_loop().time()
