"""Take in what applicants send: dossiers, supplements, withdrawals. Registry row and message commit together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from workers.documents.folder import DossierFolder, load_folder
from workers.documents.store import FileTooLarge
from workers.errors import UserError
from workers.records import (
    IN_PROGRESS,
    Applicant,
    DossierRecord,
    DossierState,
    FiledDocument,
    OutboxDraft,
    Submission,
)
from workers.regulation.codes import parse_dossier_code, supplement_key
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from workers.documents.store import StoredDocument
    from workers.ports import Reader, Writer
    from workers.registry.reader import Reader as FindingReader
    from workers.regulation.procedures import Procedure
    from workers.workplace import Services
    from workers.yaml_files import Source

SUBMITTED = "Msg_DossierSubmitted"
SUPPLEMENTED = "Msg_SupplementReceived"
WITHDRAWN = "Msg_DossierWithdrawn"
RATED = "Msg_ResultRated"
CALENDAR_CHANGED = "Msg_CalendarChanged"
PAGE = 500


async def submit(services: Services, folder: Path) -> str:
    """Keep the dossier of a folder and have it started; returns the submission's id.

    Raises UserError naming file, line and what is expected.
    """
    said, source = load_folder(folder)
    _check_against_rules(services, said, source)
    submission = Submission(
        id=uuid4().hex,
        submitted_at=local(services.now()),
        channel=said.channel,
        kind=said.kind,
        procedure_code=said.procedure,
        case=said.case,
        title=said.title,
        urgency=said.urgency,
        origin_unit=said.origin_unit,
        applicant=_applicant(services, said),
        documents=await _stored(services, folder, said),
    )
    async with services.registry.write() as writer:
        await writer.add_submission(submission)
        await writer.send(_submitted(submission.id))
    return submission.id


async def send_submission(services: Services, submission_id: str) -> None:
    """Have a submission that is in the registry started; a second call changes nothing."""
    async with services.registry.write() as writer:
        await start(writer, submission_id)


async def start(writer: Writer, submission_id: str) -> None:
    """Have a submission started, in the caller's transaction."""
    await writer.send(_submitted(submission_id))


async def supplement(services: Services, code: str, folder: Path) -> None:
    """File a supplement for a dossier that waits for one. Raises UserError when it does not."""
    said, _ = load_folder(folder)
    documents = await _stored(services, folder, said)
    submission_id = await open_supplement(services, code, documents)
    await send_supplement(services, code, submission_id)


async def open_supplement(services: Services, code: str, documents: Sequence[FiledDocument] = ()) -> str:
    """Begin a supplement, which is not sent yet; returns its id. Raises UserError when the dossier waits for none."""
    async with services.registry.write() as writer:
        return await begin_supplement(writer, code, documents, local(services.now()))


async def begin_supplement(writer: Writer, code: str, documents: Sequence[FiledDocument], now: datetime) -> str:
    """Begin a supplement in the caller's transaction. Raises UserError when the dossier waits for none."""
    dossier = await _waiting_for_supplement(writer, code)
    original = await writer.submission(dossier.submission_id)
    if original is None:
        raise UserError(f"Hồ sơ {dossier.code} không còn nội dung nộp trong sổ đăng ký. Chạy `dieuphoi doctor`.")
    again = {"id": uuid4().hex, "submitted_at": now, "dossier_code": None}
    submission = original.model_copy(update={**again, "documents": list(documents)})
    await writer.add_submission(submission)
    return submission.id


async def send_supplement(services: Services, code: str, submission_id: str) -> None:
    """Pass a supplement on; a second call changes nothing. Raises UserError when the dossier waits for none."""
    async with services.registry.write() as writer:
        await pass_supplement(writer, code, submission_id)


async def pass_supplement(writer: Writer, code: str, submission_id: str) -> None:
    """Pass a supplement on in the caller's transaction. Raises UserError when the dossier waits for none."""
    dossier = await _waiting_for_supplement(writer, code)
    key = supplement_key(dossier.code, dossier.supplements)
    given = {"supplement_submission_id": submission_id}
    await writer.send(_message(SUPPLEMENTED, key, given, dossier.code, submission_id))


async def withdraw(services: Services, code: str, reason: str) -> None:
    """Ask for a dossier's withdrawal. Raises UserError when it is not in progress."""
    async with services.registry.write() as writer:
        await ask_withdrawal(writer, code, reason)


async def ask_withdrawal(writer: Writer, code: str, reason: str) -> None:
    """Ask for a dossier's withdrawal in the caller's transaction. Raises UserError when it is not in progress."""
    dossier = await _dossier(writer, code)
    if dossier.state not in IN_PROGRESS:
        raise UserError(f"Hồ sơ {dossier.code} đã có kết quả hoặc đã kết thúc nên không rút được.")
    await writer.send(_message(WITHDRAWN, dossier.code, {"withdrawal_reason": reason}, dossier.code))


async def rate(services: Services, code: str, rating: int) -> None:
    """Pass on the applicant's own rating, 1 to 5. Raises UserError when there is no result yet."""
    async with services.registry.write() as writer:
        dossier = await _dossier(writer, code)
        if dossier.state is not DossierState.RETURNED:
            raise UserError(f"Hồ sơ {dossier.code} chưa trả kết quả nên chưa đánh giá được.")
        await writer.send(_message(RATED, dossier.code, {"rating": rating}, dossier.code))


async def apply_calendar(
    services: Services, reason: str, *, dry_run: bool = False
) -> list[tuple[str, datetime, datetime]]:
    """Have every dossier in progress whose deadline differs under today's calendar recomputed.

    Returns code, deadline before and after. Left as they are: a paused dossier, whose
    deadline is computed when it resumes, and a deadline that a person set.
    """
    changes = []
    async with services.registry.read() as reader:
        for dossier in await _in_progress(reader):
            after = services.rules.recomputed_due(dossier).at
            computed = dossier.paused_at is None and not dossier.due_set_by_hand
            if computed and after != dossier.due_at:
                changes.append((dossier.code, dossier.due_at, after))
    if not dry_run:
        async with services.registry.write() as writer:
            for code, _, _ in changes:
                await writer.send(_message(CALENDAR_CHANGED, code, {"change_reason": reason}, code))
    return changes


async def wait_for_code(services: Services, submission_id: str, patience: float = 60.0) -> str:
    """Wait for a submission to be registered and return the code. Raises UserError after `patience` seconds."""
    deadline = asyncio.get_running_loop().time() + patience
    while asyncio.get_running_loop().time() < deadline:
        submission = await services.registry.latest.submission(submission_id)
        if submission is not None and submission.dossier_code is not None:
            return submission.dossier_code
        await asyncio.sleep(0.1)
    raise UserError(
        f"Hồ sơ đã được giữ lại (phiếu nộp {submission_id}) nhưng chưa được cấp mã. "
        "Kiểm tra bộ xử lý đang chạy bằng `dieuphoi status`; hồ sơ sẽ được đăng ký khi bộ xử lý hoạt động."
    )


def _check_against_rules(services: Services, said: DossierFolder, source: Source) -> None:
    today = local(services.now()).date()
    procedure = services.rules.procedure_at(said.procedure, today)
    if procedure is None:
        source.note(
            ("procedure",), f"đang ghi “{said.procedure}”, cần mã một thủ tục có hiệu lực ngày {today:%d/%m/%Y}."
        )
    else:
        _check_against_procedure(procedure, said, source)
    units = {("origin_unit",): said.origin_unit, ("applicant", "unit"): said.applicant.unit}
    for at, unit in units.items():
        if unit is not None and services.rules.unit_at(unit, today) is None:
            source.note(at, f"đang ghi “{unit}”, cần mã một đơn vị hoạt động ngày {today:%d/%m/%Y}.")
    if source.mistakes:
        raise source.failure(UserError)


def _check_against_procedure(procedure: Procedure, said: DossierFolder, source: Source) -> None:
    if procedure.kind != said.kind:
        source.note(("kind",), f"đang ghi “{said.kind}”, cần {procedure.kind} như thủ tục {procedure.code}.")
    known = sorted(item.code for item in procedure.composition)
    for index, one in enumerate(said.documents):
        if one.composition not in known:
            expected = f"cần một giấy tờ trong thành phần của thủ tục: {', '.join(known)}"
            source.note(("documents", index, "composition"), f"đang ghi “{one.composition}”, {expected}.")


def _applicant(services: Services, said: DossierFolder) -> Applicant:
    who = said.applicant
    name = who.name or services.rules.unit_name(who.unit or "", local(services.now()).date())
    return Applicant(
        name=name,
        id_number=who.id_number,
        tax_code=who.tax_code,
        phone=who.phone,
        email=who.email,
        address=who.address,
        unit=who.unit,
        consent_email=who.consent.email,
        consent_sms=who.consent.sms,
    )


async def _stored(services: Services, folder: Path, said: DossierFolder) -> list[FiledDocument]:
    documents = []
    for one in said.documents:
        stored = await asyncio.to_thread(_store, services, folder / one.file)
        documents.append(
            FiledDocument(
                composition=one.composition,
                name=one.file,
                sha256=stored.sha256,
                size=stored.size,
                original=one.original,
                issued_on=one.issued_on,
                expires_on=one.expires_on,
            )
        )
    return documents


def _store(services: Services, path: Path) -> StoredDocument:
    limit = services.files.policy.limits.file_mb
    try:
        return services.files.store.put_file(path, limit * 1024 * 1024)
    except FileTooLarge:
        raise UserError(f"{path}: tệp lớn hơn {limit:g} MB. Giảm dung lượng hoặc tách tệp rồi nộp lại.") from None
    except OSError as error:
        raise UserError(f"{path}: không đọc hoặc không lưu được tệp. Kiểm tra quyền đọc và ổ đĩa.") from error


async def _in_progress(reader: FindingReader) -> list[DossierRecord]:
    found: list[DossierRecord] = []
    for state in IN_PROGRESS:
        after: str | None = None
        while page := await reader.find_dossiers(state=state, limit=PAGE, after=after):
            found += page
            after = page[-1].code
    return found


async def _dossier(reader: Reader, code: str) -> DossierRecord:
    dossier = await reader.dossier(str(parse_dossier_code(code)))
    if dossier is None:
        raise UserError(f"Không có hồ sơ nào mang mã {code}.")
    return dossier


async def _waiting_for_supplement(reader: Reader, code: str) -> DossierRecord:
    dossier = await _dossier(reader, code)
    if dossier.state is not DossierState.SUPPLEMENT_REQUESTED:
        raise UserError(f"Hồ sơ {dossier.code} không chờ bổ sung. Xem `dieuphoi show {dossier.code}`.")
    return dossier


def _submitted(submission_id: str) -> OutboxDraft:
    return _message(SUBMITTED, submission_id, {"submission_id": submission_id}, None, submission_id)


def _message(
    name: str, key: str, variables: dict[str, Any], code: str | None, message_id: str | None = None
) -> OutboxDraft:
    return OutboxDraft.to_engine(message_id or uuid4().hex, name, key, variables, code)
