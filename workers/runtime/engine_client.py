"""Speak to the engine outside of jobs: publish messages, deploy diagrams, ask for the topology."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import grpc
from pyzeebe import ZeebeClient
from pyzeebe.errors import (
    MessageAlreadyExistsError,
    ProcessInvalidError,
    ZeebeError,
)
from pyzeebe.grpc_internals.types import DeployResourceResponse

from workers.errors import RetryLater, UserError
from workers.runtime.troubles import denied, unreachable
from workers.runtime.watch import DENIED, FATE_UNKNOWN, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    _Metadata = (
        DeployResourceResponse.ProcessMetadata
        | DeployResourceResponse.DecisionMetadata
        | DeployResourceResponse.DecisionRequirementsMetadata
        | DeployResourceResponse.FormMetadata
    )

CALL = timedelta(seconds=20)
DEPLOYMENT = timedelta(seconds=120)

_PASSING = {
    *FATE_UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
}


class EngineUnavailable(RetryLater, UserError):
    """Say that the engine does not answer now: time acts on a job, a person on a command."""


class EngineRefused(UserError):
    """Say what the engine refused and why, in its own words."""


class EngineDenied(EngineRefused):
    """Say that the account may not do this: once the account is mended, repeating helps."""


@dataclass(frozen=True)
class Deployed:
    """Name what was deployed. `kind` is process, decision or form."""

    kind: str
    id: str
    version: int
    key: int


@dataclass(frozen=True)
class Broker:
    """Describe a broker of the cluster."""

    address: str
    version: str
    healthy_partitions: int


@dataclass(frozen=True)
class Topology:
    """Describe the cluster behind the gateway."""

    gateway_version: str
    partitions: int
    brokers: tuple[Broker, ...]


class EngineClient:
    """Call the gateway; every call is limited in time.

    Raises EngineUnavailable when repeating may help, EngineDenied when the account has to be mended first and
    EngineRefused when nothing helps. Use as an async context to close the channel.
    """

    def __init__(self, channel: grpc.aio.Channel, address: str = "") -> None:
        self._channel = channel
        self._address = address
        self._client = ZeebeClient(channel, max_connection_retries=-1)

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the channel."""
        await self.close()

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def publish_message(
        self,
        name: str,
        correlation_key: str,
        variables: Mapping[str, Any],
        message_id: str,
        ttl: timedelta = timedelta(hours=1),
    ) -> None:
        """Publish once: the engine drops a second message with the same name, key and id while the first lives."""
        with self._translated(f"gửi thông điệp {name}"):
            try:
                async with asyncio.timeout(CALL.total_seconds()):
                    await self._client.publish_message(
                        name=name,
                        correlation_key=correlation_key,
                        variables=dict(variables),
                        time_to_live_in_milliseconds=round(ttl.total_seconds() * 1000),
                        message_id=message_id,
                    )
            except MessageAlreadyExistsError:
                return

    async def deploy(self, paths: Sequence[Path]) -> list[Deployed]:
        """Deploy diagrams, decisions and forms as one deployment; the engine keeps unchanged versions."""
        names = ", ".join(path.name for path in paths)
        with self._translated(f"triển khai {names}"):
            async with asyncio.timeout(DEPLOYMENT.total_seconds()):
                response = await self._client.deploy_resource(*paths)
        described = [_describe(item) for item in response.deployments]
        return [item for item in described if item is not None]

    async def topology(self) -> Topology:
        """Ask which brokers there are and how healthy they are."""
        with self._translated("đọc trạng thái cụm"):
            async with asyncio.timeout(CALL.total_seconds()):
                found = await self._client.topology()
        brokers = tuple(
            Broker(f"{broker.host}:{broker.port}", broker.version, sum(p.health == 0 for p in broker.partitions))
            for broker in found.brokers
        )
        return Topology(found.gateway_version, found.partitions_count, brokers)

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._unavailable(action, unreachable("quá thời gian chờ", None)) from None
        except ProcessInvalidError as error:
            raise EngineRefused(_refusal(action, _details(error.__cause__))) from error
        except ZeebeError as error:
            raise self._by_status(action, error) from error

    def _by_status(self, action: str, error: ZeebeError) -> UserError:
        status = status_of(error)
        if status in _PASSING:
            return self._unavailable(action, unreachable(status.name, error.grpc_error.details()))
        if status in DENIED:
            why = denied(status.name, error.grpc_error.details())
            return EngineDenied(f"Camunda không cho phép {action}: {why}.")
        return EngineRefused(_refusal(action, _details(error.grpc_error)))

    def _unavailable(self, action: str, reason: str) -> EngineUnavailable:
        where = f" tại {self._address}" if self._address else ""
        return EngineUnavailable(f"Không kết nối được Camunda{where} để {action}: {reason}.")


def _refusal(action: str, reason: str) -> str:
    return f"Camunda từ chối {action}: {reason}"


def _details(error: BaseException | None) -> str:
    details = getattr(error, "details", None)
    return (details() if callable(details) else None) or type(error).__name__


def _describe(item: _Metadata) -> Deployed | None:
    if isinstance(item, DeployResourceResponse.ProcessMetadata):
        return Deployed("process", item.bpmn_process_id, item.version, item.process_definition_key)
    if isinstance(item, DeployResourceResponse.DecisionMetadata):
        return Deployed("decision", item.dmn_decision_id, item.version, item.decision_key)
    if isinstance(item, DeployResourceResponse.FormMetadata):
        return Deployed("form", item.form_id, item.version, item.form_key)
    return None  # the graph around decisions has no version anybody asks for
