"""Run everything on one machine: the embedded engine, the mail sink and the workers, with diagrams and accounts."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workers.app import default_gateway, keep_private, load_rules, revision
from workers.engine.layout import ChildSpec
from workers.engine.stack import Stack, StackSettings
from workers.engine.users import StaffAccount
from workers.errors import UserError
from workers.registry.schema import migrate
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.engine.progress import Progress
    from workers.rulebook import Rulebook
    from workers.runtime.engine_client import Deployed
    from workers.settings import Settings

MAIL, TEXTS, WORKERS, PORTAL = "mail", "texts", "workers", "portal"
DEPLOYED_SUFFIXES = (".bpmn", ".dmn", ".form")


@dataclass(frozen=True)
class Deployment:
    """Hold what one chapter's deployment made."""

    chapter: str
    deployed: Sequence[Deployed]


class Station:
    """Bring the whole suite up and down on this machine."""

    def __init__(self, settings: Settings, *, quick_export: bool = False) -> None:
        self.settings = settings
        self.stack = Stack(
            StackSettings(
                data_dir=settings.data / "engine",
                cache_dir=settings.cache / "engine",
                port_offset=settings.engine_port_offset,
                quick_export=quick_export,
                children=(self._mail_sink(), self._gateway_sink(), self._workers(), self._portal()),
            )
        )

    @cached_property
    def rules(self) -> Rulebook:
        """Read config/ and bpmn/ once. Raises ConfigError with all mistakes."""
        return load_rules(self.settings)

    @property
    def mail_url(self) -> str:
        """Address the web view of the mail sink."""
        return f"http://127.0.0.1:{self.settings.mail_web_port}"

    @property
    def texts_url(self) -> str:
        """Address the fake gateway's page of text messages."""
        return f"http://127.0.0.1:{self.settings.gateway_sink_port}"

    @property
    def portal_url(self) -> str:
        """Address the applicants' pages."""
        return f"http://127.0.0.1:{self.settings.portal_port}"

    def up(self, progress: Progress) -> list[Deployment]:
        """Start everything, deploy the diagrams and make the staff accounts; quick when it runs already."""
        accounts = self.accounts()
        keep_private(self.settings.data)
        asyncio.run(migrate(self.settings.database))
        self.stack.up(progress)
        progress.phase("Triển khai sơ đồ, bảng quyết định và biểu mẫu")
        deployments = asyncio.run(self._deploy_and_wait())
        progress.phase("Tạo tài khoản cán bộ mẫu")
        self.stack.ensure_users(accounts)
        return deployments

    def accounts(self) -> list[StaffAccount]:
        """List the sample staff accounts."""
        return [StaffAccount(account.user, account.name) for account in self.rules.accounts]

    async def _deploy_and_wait(self) -> list[Deployment]:
        deployments = await deploy(self.settings)
        forms = [one.key for deployment in deployments for one in deployment.deployed if one.kind == "form"]
        async with self.stack.zeebe() as zeebe:
            await zeebe.wait_forms_searchable(forms)
        return deployments

    def _mail_sink(self) -> ChildSpec:
        port = str(self.settings.smtp_port)
        folder = str(self.settings.data / "mail")
        arguments = ("--smtp-port", port, "--http-port", str(self.settings.mail_web_port), "--directory", folder)
        return ChildSpec(
            name=MAIL,
            argv=(sys.executable, "-m", "workers.channels.mailsink", *arguments),
            env=_environment(),
            ready_urls=(f"{self.mail_url}/messages",),
            ports=(self.settings.smtp_port,),
            cwd=str(self.settings.home),
        )

    def _gateway_sink(self) -> ChildSpec:
        port = self.settings.gateway_sink_port
        arguments = ("--port", str(port), "--directory", str(self.settings.data / "texts"))
        return ChildSpec(
            name=TEXTS,
            argv=(sys.executable, "-m", "workers.channels.gatewaysink", *arguments),
            env=_environment(),
            ready_urls=(f"{self.texts_url}/messages",),
            cwd=str(self.settings.home),
        )

    def _workers(self) -> ChildSpec:
        return ChildSpec(
            name=WORKERS,
            argv=(sys.executable, "-m", "workers.cli", "run"),
            env={**_environment(), "REVISION": revision(self.settings.home)},
            ready_urls=(f"http://127.0.0.1:{self.settings.metrics_port}/healthz",),
            cwd=str(self.settings.home),
            stop_seconds=self.settings.drain_seconds + 10,
        )

    def _portal(self) -> ChildSpec:
        return ChildSpec(
            name=PORTAL,
            argv=(sys.executable, "-m", "workers.cli", "portal"),
            env={**_environment(), "REVISION": revision(self.settings.home)},
            ready_urls=(f"{self.portal_url}/healthz",),
            ports=(self.settings.portal_port, self.settings.portal_metrics_port),
            cwd=str(self.settings.home),
        )


async def deploy(settings: Settings, chapters: Sequence[str] = ()) -> list[Deployment]:
    """Deploy chapters of bpmn/, each as one deployment. Raises UserError for an unknown chapter or a refused model."""
    known = chapters_of(settings.home / "bpmn")
    unknown = [chapter for chapter in chapters if chapter not in known]
    if unknown:
        raise UserError(f"Không có chương {', '.join(unknown)} trong bpmn/. Các chương: {', '.join(known)}.")
    address = default_gateway(settings)
    async with EngineClient(open_channel(settings, address), settings.gateway_address or address) as engine:
        return [Deployment(one, await engine.deploy(known[one])) for one in chapters or known]


def chapters_of(bpmn_dir: Path) -> dict[str, list[Path]]:
    """List the deployable files of each chapter, by chapter."""
    folders = sorted(path for path in bpmn_dir.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = {one.name: sorted(path for path in one.iterdir() if path.suffix in DEPLOYED_SUFFIXES) for one in folders}
    return {chapter: paths for chapter, paths in files.items() if paths}


def _environment() -> dict[str, str]:
    """Hand on what the children need; the same from every shell, so that `up` restarts nothing for nothing."""
    passed = ("HOME", "TMPDIR", "XDG_CACHE_HOME")
    kept = {key: value for key, value in os.environ.items() if key in passed or key.startswith("DIEUPHOI_")}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept}
