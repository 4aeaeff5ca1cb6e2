"""Measure what questions and jobs cost as the registry grows, on SQLite and on PostgreSQL."""

from __future__ import annotations

import statistics
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from tests.postgres import PostgresServer, programs
from workers.contract import JobMeta
from workers.records import Applicant, DossierRecord, DossierState, FiledDocument, OutboxChannel, Submission
from workers.registry import tables as t
from workers.registry.database import Registry
from workers.registry.outbox import Outbox
from workers.registry.schema import migrate
from workers.registry.unit_of_work import RegistryUnit
from workers.regulation.calendar import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

SIZES = (100, 1_000, 10_000, 100_000)
QUICK_SIZES = (20, 40)
CHUNK = 1_000
REPEATS = 30
START = datetime(2025, 7, 14, 9, 0, tzinfo=VIETNAM)
UNITS = [f"H29.{number:02}" for number in range(1, 60)]
TITLES = ("Cấp giấy phép xây dựng", "Đăng ký khai sinh", "Đăng ký kinh doanh", "Cấp phiếu lý lịch", "Biến động đất đai")
STATES = (*[DossierState.RETURNED] * 9, DossierState.ACCEPTED)
FLAT = 2.0
"""A question counts as flat when at the largest size it costs at most so many times what it does at 1,000 dossiers."""
JOBS = ("claim and commit", "registration")


async def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Fill both kinds of registry step by step; milliseconds by database, size and question."""
    sizes = QUICK_SIZES if quick else SIZES
    found = {}
    for name, url in _databases(folder):
        await migrate(url)
        registry = await Registry.connect(url)
        try:
            found[name] = await _grow(registry, sizes)
        finally:
            await registry.close()
    return found


@contextmanager
def _postgres() -> Iterator[str]:
    with PostgresServer(durable=True) as server:
        yield server.fresh_database()


def _databases(folder: Path) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{folder / 'growth.db'}"
    if programs() is not None:
        with _postgres() as url:
            yield "PostgreSQL", url


async def _grow(registry: Registry, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
    found, filled = {}, 0
    for size in sizes:
        while filled < size:
            chunk = range(filled, min(size, filled + CHUNK))
            await _fill(registry, chunk)
            filled = chunk.stop
        found[str(size)] = {name: await _median(ask) for name, ask in _questions(registry, size).items()}
    return found


async def _median(ask: Callable[[int], Awaitable[object]]) -> float:
    """Ask many times; milliseconds."""
    seconds = []
    for number in range(REPEATS):
        started = time.perf_counter()
        await ask(number)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000


def _questions(registry: Registry, size: int) -> dict[str, Callable[[int], Awaitable[object]]]:
    now = START + timedelta(days=3000)
    outbox = Outbox(registry, "bench")

    async def show(number: int) -> None:
        async with registry.read() as reader:
            await reader.dossier_overview(_code(number * 7 % size))
        await outbox.dispatches(_code(number * 7 % size))

    async def job(number: int) -> None:
        unit = _unit(registry, size * 100 + number)
        await unit.stored_result()
        await unit.writer()
        await unit.commit({})

    async def register(number: int) -> None:
        unit = _unit(registry, size * 100 + 50 + number)
        writer = await unit.writer()
        key = f"{size}-{number}"
        minted = await writer.next_number("H29.01")
        submission = _submission(key)
        await writer.add_submission(submission)
        await writer.add_dossier(_dossier(f"H29.01-260101-{size:06}{minted:04}", submission.id, number))
        await unit.commit({})

    latest = registry.latest
    return {
        "show": show,
        "list": lambda _: latest.find_dossiers(limit=20),
        "list of a unit": lambda number: latest.find_dossiers(
            unit=UNITS[number], state=DossierState.ACCEPTED, limit=20
        ),
        "search": lambda number: latest.find_dossiers(text=f"xay dung {_code(number)}", limit=20),
        "late": lambda _: latest.late_dossiers(now, limit=20),
        "steps of a unit": lambda number: latest.steps_held_by(UNITS[number], limit=20),
        "letters due": lambda _: outbox.claim_due(START - timedelta(days=1), 10, list(OutboxChannel)),
        "claim and commit": job,
        "registration": register,
    }


def _unit(registry: Registry, key: int) -> RegistryUnit:
    job = JobMeta(key, "bench.job", "Task_Bench", -key, 1, "bench", 5, {})
    return RegistryUnit(registry, "bench.job", job)


def _code(number: int) -> str:
    return f"{UNITS[number % len(UNITS)]}-250714-{number:06}"


def _submission(key: str) -> Submission:
    document = FiledDocument(composition="application_form", name="đơn.pdf", sha256=f"{key:>064}", size=1000)
    return Submission(
        id=f"S-{key}",
        submitted_at=START,
        channel="online",
        kind="administrative_procedure",
        procedure_code="1.009742",
        title=TITLES[0],
        origin_unit=UNITS[0],
        applicant=Applicant(name="Nguyễn Văn Ví Dụ", consent_email=True),
        documents=[document],
    )


def _dossier(code: str, submission_id: str, number: int) -> DossierRecord:
    received = START + timedelta(minutes=number)
    state = STATES[number % len(STATES)]
    finished = received + timedelta(days=3) if state is DossierState.RETURNED else None
    return DossierRecord(
        code=code,
        submission_id=submission_id,
        process_instance_key=number + 1,
        kind="administrative_procedure",
        procedure_code="1.009742",
        procedure_version="2025-07-01",
        case=None,
        title=TITLES[number % len(TITLES)],
        urgency="normal",
        channel="online",
        origin_unit=UNITS[number % len(UNITS)],
        lead_unit=UNITS[number % len(UNITS)],
        received_at=received,
        accepted_at=received,
        original_due_at=received + timedelta(days=15),
        due_at=received + timedelta(days=15),
        near_due_at=received + timedelta(days=13),
        state=state,
        resolved_at=finished,
        finished_at=finished,
        tracking_secret="example",
    )


async def _fill(registry: Registry, numbers: range) -> None:
    """Add dossiers with all that hangs on them, many rows a statement; hashes are not computed."""
    rows: dict[Any, list[dict[str, Any]]] = {}

    def add(table: Any, **values: Any) -> None:
        rows.setdefault(table, []).append(values)

    for number in numbers:
        code, submission = _code(number), _submission(str(number))
        dossier = _dossier(code, submission.id, number)
        add(t.submissions, **submission.model_dump(exclude={"applicant", "documents", "dossier_code"}))
        add(t.applicants, submission_id=submission.id, **submission.applicant.model_dump())
        add(t.documents, submission_id=submission.id, **submission.documents[0].model_dump())
        add(t.dossiers, **dossier.model_dump())
        for word in {*dossier.title.lower().split(), code.lower()}:
            add(t.dossier_words, word=word, dossier_code=code)
        _add_history(add, code, number, dossier)
    async with registry.transaction() as transaction:
        for table, some in rows.items():
            await transaction.connection.execute(insert(table), some)


def _add_history(add: Callable[..., None], code: str, number: int, dossier: DossierRecord) -> None:
    at, unit = dossier.received_at, dossier.lead_unit
    for seq in range(1, 7):
        add(
            t.timeline,
            dossier_code=code,
            seq=seq,
            kind="event",
            at=at,
            name="Bước",
            unit=unit,
            previous_hash="",
            hash="",
        )
    add(t.timeline_heads, dossier_code=code, seq=0, hash="")
    for step in range(3):
        step_id = number * 10 + step
        add(
            t.steps,
            step_id=step_id,
            dossier_code=code,
            element_id="Task",
            process_id="bench",
            name="Bước",
            unit=unit,
            role="officer",
            opened_at=at,
            due_at=dossier.due_at,
            closed_at=dossier.finished_at if step == 0 else at,
        )
    for effect in range(6):
        add(
            t.effects,
            element_instance_key=number * 10 + effect,
            job_type="bench.filled",
            job_key=1,
            process_instance_key=1,
            dossier_code=code,
            at=at,
            result={"answer": 1},
        )
    add(
        t.outbox,
        message_id=f"{number}.receipt",
        dossier_code=code,
        channel="email",
        recipient="vidu@example.vn",
        event="receipt",
        subject="Tiếp nhận",
        body="Kính gửi",
        attachments=[],
        variables={},
        created_at=at,
        due_at=at,
        state="sent",
        attempts=1,
    )


def table(data: dict[str, Any]) -> list[str]:
    """Write the figures as Markdown."""
    lines = ["Milliseconds, median. A write waits for the disk.", ""]
    for name, sizes in data.items():
        header = " | ".join(f"{int(size):,}" for size in sizes)
        lines += [f"| {name} | {header} |", f"|---|{'--:|' * len(sizes)}"]
        for question in next(iter(sizes.values())):
            cells = " | ".join(f"{figures[question]:.2f}" for figures in sizes.values())
            lines.append(f"| {question} | {cells} |")
        lines += ["", _verdict(name, sizes), ""]
    if "PostgreSQL" not in data:
        lines.append("PostgreSQL: not run, no server on this machine (Debian's package postgresql).")
    return lines


def _verdict(name: str, sizes: dict[str, dict[str, float]]) -> str:
    small, large = list(sizes.values())[min(1, len(sizes) - 1)], list(sizes.values())[-1]
    grown = [one for one in small if one not in JOBS and large[one] > FLAT * small[one] and large[one] > 2]
    if not grown:
        return f"- Aim reached: on {name} every question is flat (at most {FLAT:g} times the cost at 1,000)."
    return f"- Aim **missed**: on {name} these grow: {', '.join(grown)}."
