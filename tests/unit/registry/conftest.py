"""Give a migrated registry in a real database, and made-up rows."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from workers.contract import JobMeta
from workers.records import (
    Applicant,
    DossierRecord,
    FiledDocument,
    OpenStep,
    OpinionRecord,
    OutboxChannel,
    OutboxDraft,
    Submission,
    TimelineEntry,
    TimelineKind,
)
from workers.registry.database import Registry

NOW = datetime(2025, 7, 14, 9, 30, 0, 123456, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


class Samples:
    """Make rows with made-up people."""

    now = NOW

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def applicant(self, **changes):
        return Applicant(
            name="Nguyễn Văn Ví Dụ",
            id_number="079000000001",
            phone="0900000001",
            email="vidu@example.vn",
            address="1 đường Ví Dụ",
            consent_email=True,
        ).model_copy(update=changes)

    def document(self, **changes):
        number = next(self._numbers)
        return FiledDocument(
            composition="application_form", name=f"đơn {number}.pdf", sha256=f"{number:064x}", size=1000
        ).model_copy(update=changes)

    def submission(self, submission_id="S1", **changes):
        return Submission(
            id=submission_id,
            submitted_at=NOW,
            channel="online",
            kind="administrative_procedure",
            procedure_code="1.009742",
            title="Cấp giấy phép xây dựng nhà ở riêng lẻ",
            origin_unit="ward_example",
            applicant=self.applicant(),
            documents=[self.document(), self.document()],
        ).model_copy(update=changes)

    def dossier(self, code="H29.15-250714-0001", submission_id="S1", **changes):
        return DossierRecord(
            code=code,
            submission_id=submission_id,
            process_instance_key=2251799813685249,
            kind="administrative_procedure",
            procedure_code="1.009742",
            procedure_version="2025-07-01",
            case=None,
            title="Cấp giấy phép xây dựng nhà ở riêng lẻ",
            urgency="normal",
            channel="online",
            origin_unit="ward_example",
            lead_unit="so_xay_dung",
            received_at=NOW,
            original_due_at=NOW + timedelta(days=15),
            due_at=NOW + timedelta(days=15),
            near_due_at=NOW + timedelta(days=13),
            tracking_secret="example-secret",
        ).model_copy(update=changes)

    def step(self, step_id=2251799813685300, code="H29.15-250714-0001", **changes):
        return OpenStep(
            step_id=step_id,
            dossier_code=code,
            element_id="Task_AppraiseDossier",
            process_id="dossier_resolution",
            name="Thẩm định hồ sơ",
            unit="so_xay_dung",
            role="officer",
            person="example_officer",
            clause="Điều 5",
            opened_at=NOW,
            due_at=NOW + timedelta(days=3),
            limit_minutes=1440,
        ).model_copy(update=changes)

    def opinion(self, request_id="R1", code="H29.15-250714-0001", **changes):
        return OpinionRecord(
            request_id=request_id,
            dossier_code=code,
            round=1,
            unit="so_tai_chinh",
            regulation=None,
            asked_at=NOW,
            due_at=NOW + timedelta(days=5),
        ).model_copy(update=changes)

    def event(self, name="Ghi nhận", code="H29.15-250714-0001", **changes):
        return TimelineEntry(dossier_code=code, seq=0, kind=TimelineKind.EVENT, at=NOW, name=name).model_copy(
            update=changes
        )

    def draft(self, message_id="1.receipt", **changes):
        return OutboxDraft(
            message_id=message_id,
            dossier_code="H29.15-250714-0001",
            channel=OutboxChannel.EMAIL,
            recipient="vidu@example.vn",
            event="receipt",
            subject="Tiếp nhận hồ sơ",
            body="Kính gửi Nguyễn Văn Ví Dụ",
        ).model_copy(update=changes)

    def job(self, element_instance_key=2251799813685400, key=1, dossier_code=None):
        return JobMeta(
            key=key,
            type="dossier.register",
            element_id="Task_RegisterDossier",
            element_instance_key=element_instance_key,
            process_instance_key=2251799813685249,
            process_id="dossier_resolution",
            retries=5,
            headers={},
            dossier_code=dossier_code,
        )

    async def file(self, writer, code="H29.15-250714-0001", **changes):
        """Add a submission and its dossier."""
        await writer.add_submission(self.submission(submission_id=f"S-{code}"))
        await writer.add_dossier(self.dossier(code, f"S-{code}", **changes))


@pytest.fixture
def samples():
    return Samples()


@pytest.fixture
def clock():
    """Move `clock.now` to move the registry's time."""
    return SimpleNamespace(now=NOW)


@pytest.fixture
def database(databases, tmp_path):
    """A database with the program's tables."""
    return databases.migrated(tmp_path)


@pytest.fixture
def empty_database(databases, tmp_path):
    """A database without tables; of SQLite not even a file."""
    return databases.empty(tmp_path)


@pytest.fixture
async def registry(database, clock):
    opened = await Registry.connect(database.url, now=lambda: clock.now)
    yield opened
    await opened.close()
