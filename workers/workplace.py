"""Give each job its place of work: one transaction, the rules, the press, the files and the texts."""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from workers.documents.findings import already_filed
from workers.documents.photos import NotAPhoto, plain_photo
from workers.documents.policy import check_validity_dates
from workers.documents.store import FileTooLarge
from workers.errors import BusinessError
from workers.ports import Inspected, MadePaper, Work
from workers.records import FeedbackPhoto, FiledDocument
from workers.registry.unit_of_work import RegistryUnit
from workers.regulation.codes import is_feedback_code, new_feedback_code, tracking_secret
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import date, datetime
    from pathlib import Path

    from workers.channels.texts import TextCatalog
    from workers.contract import Contract, JobMeta
    from workers.documents.inspection import Inspector
    from workers.documents.policy import DocumentPolicy
    from workers.documents.store import DocumentStore
    from workers.papers.models import Paper
    from workers.papers.press import PaperPress
    from workers.registry.database import Registry
    from workers.regulation.feedback import PhotoLimits
    from workers.rulebook import Rulebook


_BATCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""The pattern of the forms; a name of this shape stays inside the intake folder."""


@dataclass(frozen=True)
class StoringPress:
    """Render papers and keep them in the document store."""

    press: PaperPress
    store: DocumentStore

    async def make(self, paper: Paper) -> MadePaper:
        """Render a paper and store it."""
        rendered = await self.press.render_async(paper)
        await asyncio.to_thread(self.store.put_bytes, rendered.pdf, rendered.name)
        return MadePaper(rendered.form_set, rendered.form_code, rendered.title, rendered.name, rendered.sha256)


@dataclass(frozen=True)
class StoredFiles:
    """Check stored files and take scan batches from the intake folder."""

    store: DocumentStore
    inspector: Inspector
    policy: DocumentPolicy
    intake: Path

    async def inspect(self, document: FiledDocument, today: date, filed_in: str | None) -> Inspected:
        """Check one stored file, the dates the applicant stated for it, and whether another dossier has it too."""
        inspection = await self.inspector.inspect(self.store.path_of(document.sha256), document.name, self.policy)
        dates = check_validity_dates(document.issued_on, document.expires_on, today, self.policy)
        repeated = [already_filed(filed_in)] if filed_in else []
        findings = [found.model_dump() for found in (*inspection.findings, *dates, *repeated)]
        return Inspected(inspection.ok, inspection.detected_type, inspection.pages, findings)

    async def take_batch(self, batch: str) -> list[FiledDocument]:
        """Store the files of a scan batch; a file is named after the paper it is: `application.pdf`."""
        return [await asyncio.to_thread(self._take, path) for path in self._batch(batch, "Err_SubmissionInvalid")]

    async def take_photos(self, batch: str, limits: PhotoLimits) -> list[FeedbackPhoto]:
        """Store the photos of a batch without metadata: `truoc….jpg` shows before, any other one after the work."""
        paths = self._batch(batch, "Err_PhotosMissing")
        if len(paths) > limits.count:
            raise BusinessError("Err_PhotosMissing", f"Lô ảnh có hơn {limits.count} ảnh.")
        return [await asyncio.to_thread(self._take_photo, path, limits) for path in paths]

    def _batch(self, batch: str, code: str) -> list[Path]:
        folder = self.intake / batch
        if not _BATCH.fullmatch(batch) or not folder.is_dir() or folder.is_symlink():
            raise BusinessError(code, f"Không có lô “{batch[:80]}” trong thư mục tiếp nhận.")
        return [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]

    def _take_photo(self, path: Path, limits: PhotoLimits) -> FeedbackPhoto:
        if path.stat().st_size > limits.megabytes * 1024 * 1024:
            raise BusinessError("Err_PhotosMissing", f"Ảnh {path.name} lớn hơn {limits.megabytes} MB.")
        try:
            plain = plain_photo(path.read_bytes(), limits.longest_side)
        except NotAPhoto:
            raise BusinessError("Err_PhotosMissing", f"{path.name} không phải ảnh đọc được.") from None
        stored = self.store.put_bytes(plain, path.name)
        kind = "before" if path.name.lower().startswith(("truoc", "before")) else "after"
        return FeedbackPhoto(sha256=stored.sha256, name=stored.name, kind=kind)

    def _take(self, path: Path) -> FiledDocument:
        try:
            stored = self.store.put_file(path, self.policy.limits.file_mb * 1024 * 1024)
        except FileTooLarge:
            raise BusinessError("Err_SubmissionInvalid", "Lô quét có tệp vượt giới hạn dung lượng.") from None
        name = stored.name
        return FiledDocument(composition=PurePath(name).stem, name=name, sha256=stored.sha256, size=stored.size)


@dataclass(frozen=True)
class Services:
    """Hold what every job uses."""

    rules: Rulebook
    registry: Registry
    press: StoringPress
    texts: TextCatalog
    files: StoredFiles
    tracking_base_url: str
    now: Callable[[], datetime]


class JobPlace:
    """Hold one delivery's transaction and the work handed to the handler."""

    def __init__(self, services: Services, contract: Contract[Any, Any], job: JobMeta) -> None:
        self._unit = RegistryUnit(services.registry, contract.type, job)
        self.context = Work(
            job=job,
            now=local(services.now()),
            rules=services.rules,
            read=self._unit.reader,
            write=self._unit.writer,
            press=services.press,
            texts=services.texts,
            files=services.files,
            new_secret=lambda: tracking_secret(secrets.choice),
            new_feedback_code=lambda: new_feedback_code(secrets.choice),
            tracking_url=lambda code: f"{services.tracking_base_url}/ho-so/{code}",
            papers_url=lambda code: f"{services.tracking_base_url}/can-bo/ho-so/{code}",
            site_url=services.tracking_base_url,
            feedback_url=lambda code: f"{services.tracking_base_url}/phan-anh/{code}",
        )
        self.stored_result = self._unit.stored_result
        self.commit = self._unit.commit
        self.rollback = self._unit.rollback


@dataclass(frozen=True)
class Workplace:
    """Open a place of work for each delivery of a job."""

    services: Services

    @asynccontextmanager
    async def open(self, contract: Contract[Any, Any], job: JobMeta) -> AsyncIterator[JobPlace]:
        """Begin; leaving without commit changes nothing."""
        place = JobPlace(self.services, contract, job)
        try:
            yield place
        finally:
            await place.rollback()

    async def lead_unit(self, dossier_code: str) -> str:
        """Name the unit that leads a dossier or has a feedback, for metrics; empty for an unknown code."""
        latest = self.services.registry.latest
        if is_feedback_code(dossier_code):
            feedback = await latest.feedback(dossier_code)
            return (feedback.unit or "") if feedback else ""
        dossier = await latest.dossier(dossier_code)
        return dossier.lead_unit if dossier else ""
