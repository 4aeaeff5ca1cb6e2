"""Put the parts together: rules from config/, the registry, the job catalog, the dispatcher, the runner."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from workers.channels.dispatcher import Dispatcher
from workers.channels.email import EmailSender, SmtpSettings
from workers.channels.gateway import GatewaySender, GatewaySettings
from workers.channels.outcomes import SendLater, SendRefused
from workers.channels.texts import TextCatalog
from workers.channels.webhooks import WebhookSender, networks
from workers.communication.jobs import JOBS as COMMUNICATION_JOBS
from workers.configuration.diagrams import load_steps
from workers.configuration.loading import load_configuration
from workers.configuration.staff import load_accounts
from workers.coordination.jobs import JOBS as COORDINATION_JOBS
from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy
from workers.documents.store import DocumentStore
from workers.dossier.jobs import JOBS as DOSSIER_JOBS
from workers.engine.artifacts import FREE_BYTES_NEEDED
from workers.engine.errors import NoWritePermission, translate_os_error
from workers.engine.layout import Ports
from workers.feedback.jobs import JOBS as FEEDBACK_JOBS
from workers.observation import Observation
from workers.papers.press import PaperPress
from workers.records import OutboxChannel
from workers.registry.database import Registry
from workers.registry.exchange import Exchange
from workers.registry.outbox import Outbox
from workers.registry.schema import migrate
from workers.rulebook import Rulebook
from workers.runtime.catalog import Catalog, JobSpec
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient, EngineDenied, EngineRefused, EngineUnavailable
from workers.runtime.health import serve_health
from workers.runtime.metrics import Metrics
from workers.runtime.runner import Runner, RunnerOptions
from workers.timeline.jobs import JOBS as TIMELINE_JOBS
from workers.workplace import Services, StoredFiles, StoringPress, Workplace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from workers.channels.dispatcher import OutboxMessage, Sender
    from workers.ports import Reader
    from workers.settings import Settings

log = structlog.stdlib.get_logger(__name__)

SENT_WITHIN = timedelta(minutes=5)
MESSAGE_LIFETIME = timedelta(days=7)


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


def load_rules(settings: Settings) -> Rulebook:
    """Read config/ and bpmn/. Raises ConfigError with all mistakes, each with file and line."""
    config = settings.home / "config"
    configuration = load_configuration(config)
    return Rulebook(
        organization=configuration.organization,
        calendar=configuration.calendar,
        procedures=configuration.procedures,
        norms=configuration.norms,
        notices=configuration.notices,
        feedback=configuration.feedback,
        communication=configuration.communication,
        form_sets=configuration.form_sets,
        steps=load_steps(settings.home / "bpmn"),
        accounts=load_accounts(config / "staff.yaml", configuration.organization),
    )


def catalog() -> Catalog:
    """Join every contract with its handler."""
    jobs = (*DOSSIER_JOBS, *COORDINATION_JOBS, *FEEDBACK_JOBS, *COMMUNICATION_JOBS, *TIMELINE_JOBS)
    return Catalog(JobSpec(contract, handler) for contract, handler in jobs)


def default_gateway(settings: Settings) -> str:
    """Name the gateway of the embedded engine."""
    return f"127.0.0.1:{Ports.at_offset(settings.engine_port_offset).gateway}"


def revision(home: Path) -> str:
    """Digest the program and what it reads at start: workers that differ in it may decide differently."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, home / "config", home / "bpmn"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(folder)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def keep_private(folder: Path) -> None:
    """Make a data folder that only its owner reads: it holds personal data. Raises EngineError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise translate_os_error(error, folder, FREE_BYTES_NEEDED) or NoWritePermission(folder) from error


@asynccontextmanager
async def open_services(
    settings: Settings, now: Callable[[], datetime] = utc_now, *, migrating: bool = True
) -> AsyncIterator[Services]:
    """Migrate and open the registry and make what jobs use."""
    keep_private(settings.data)
    if migrating:
        await migrate(settings.database)
    config = settings.home / "config"
    store = DocumentStore(settings.data / "documents")
    rules = load_rules(settings)
    async with AsyncExitStack() as stack:
        registry = await Registry.connect(settings.database, now)
        stack.push_async_callback(registry.close)
        inspector = await stack.enter_async_context(Inspector())
        yield Services(
            rules=rules,
            registry=registry,
            press=StoringPress(PaperPress(config / "forms"), store),
            texts=TextCatalog(config / "texts", most_segments=rules.notices.most_segments),
            files=StoredFiles(store, inspector, load_policy(config / "documents.yaml"), settings.data / "intake"),
            tracking_base_url=settings.tracking_base_url,
            now=now,
        )


async def run(settings: Settings, now: Callable[[], datetime] = utc_now) -> int:
    """Run the workers until told to stop; returns the exit code."""
    async with open_services(settings, now) as services:
        return await run_with(services, settings)


async def run_with(services: Services, settings: Settings, *, poll_seconds: float = 0.5) -> int:
    """Run pollers, dispatcher and health server over open services; returns the exit code."""
    jobs = catalog()
    metrics = Metrics(jobs.types)
    address = default_gateway(settings)
    outbox = Outbox(services.registry, f"{socket.gethostname()}:{os.getpid()}")
    metrics.describe_build(rules=revision(settings.home))
    observation = Observation(services, settings.data)
    metrics.add(observation)
    runner = Runner(jobs, Workplace(services), open_channel(settings, address), metrics, _options(settings))
    runner.health.problem = services.registry.problem
    async with (
        EngineClient(open_channel(settings, address), address) as engine,
        serve_health(runner.health, metrics, settings.metrics_port, settings.metrics_host),
    ):
        dispatcher = _dispatcher(outbox, engine, services, settings, poll_seconds)
        dispatching = asyncio.create_task(dispatcher.run())
        try:
            return int(await runner.run())
        finally:
            dispatcher.stop()
            await dispatching
            await observation.close()


class EngineSender:
    """Publish messages to the engine; the message id makes a second publication harmless.

    The engine forgets an id after MESSAGE_LIFETIME. What begins a dossier is not repeated once the dossier is there.
    """

    def __init__(self, engine: EngineClient, read: Reader) -> None:
        self._engine = engine
        self._read = read

    async def send(self, message: OutboxMessage) -> None:
        """Publish a message.

        Raises SendLater while the engine is away or denies the account, SendRefused for what it will not take.
        """
        if message.attempts > 1 and await self._heard(message):
            return
        try:
            await self._engine.publish_message(
                message.event, message.recipient, message.variables, message.message_id, MESSAGE_LIFETIME
            )
        except (EngineUnavailable, EngineDenied) as error:
            raise SendLater(error.message) from error
        except EngineRefused as error:
            raise SendRefused(error.message) from error

    async def _heard(self, message: OutboxMessage) -> bool:
        submission = await self._read.submission(message.message_id)
        return submission is not None and submission.dossier_code is not None


def _dispatcher(
    outbox: Outbox, engine: EngineClient, services: Services, settings: Settings, poll_seconds: float
) -> Dispatcher:
    smtp = SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.mail_from,
    )

    async def load_file(sha256: str) -> bytes:
        return await asyncio.to_thread(services.files.store.get, sha256)

    senders: dict[OutboxChannel, Sender] = {
        OutboxChannel.EMAIL: EmailSender(smtp, load_file, services.now),
        OutboxChannel.SMS: _gateway(OutboxChannel.SMS, settings, services.now),
        OutboxChannel.ZALO: _gateway(OutboxChannel.ZALO, settings, services.now),
        OutboxChannel.ENGINE: EngineSender(engine, services.registry.latest),
        OutboxChannel.WEBHOOK: WebhookSender(
            Exchange(services.registry).webhook, networks(settings.webhook_networks), services.now
        ),
    }
    return Dispatcher(
        outbox,
        # What is queued for a channel that is off stays queued.
        {code: sender for code, sender in senders.items() if not services.rules.notices.switched_off(code)},
        now=services.now,
        not_before=lambda event, moment: _not_before(services, event, moment),
        abandoned_after=SENT_WITHIN,
        poll_seconds=poll_seconds,
    )


def _gateway(channel: OutboxChannel, settings: Settings, now: Callable[[], datetime]) -> GatewaySender:
    said = {
        OutboxChannel.SMS: (settings.sms_gateway_url, settings.sms_gateway_key, settings.sms_sender),
        OutboxChannel.ZALO: (settings.zalo_gateway_url, settings.zalo_gateway_key, settings.zalo_sender),
    }
    url, key, sender = said[channel]
    idempotent = settings.sms_idempotent if channel is OutboxChannel.SMS else settings.zalo_idempotent
    return GatewaySender(channel, GatewaySettings(url=url, key=key, sender=sender, idempotent=idempotent), now)


def _not_before(services: Services, event: str, moment: datetime) -> datetime | None:
    to_applicant = services.texts.audience(event) == "applicant"
    return services.rules.quiet_until(moment) if to_applicant else None


def _options(settings: Settings) -> RunnerOptions:
    return RunnerOptions(
        concurrency=settings.concurrency,
        prefetch=settings.prefetch,
        streaming=settings.streaming,
        drain=timedelta(seconds=settings.drain_seconds),
    )
