"""Take dossiers in: what they are about, their files one by one, then the whole is sent."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from workers import intake
from workers.errors import UserError
from workers.portal import details
from workers.portal.api import models
from workers.portal.api.access import Caller, WithKey, WithKeyOrSecret
from workers.portal.api.once import IdempotencyKey, once
from workers.portal.api.problems import Problem, responses
from workers.portal.uploads import keep_file
from workers.portal.wording import LANGUAGES
from workers.records import ApiScope, DossierState, FiledDocument, Submission
from workers.registry.database import Transaction
from workers.registry.exchange import keep_intake
from workers.regulation.composition import PaperForm

router = APIRouter(tags=["Nộp hồ sơ"])
WORDS = LANGUAGES[0]

Code = Annotated[str, Path(max_length=40, description="Mã hồ sơ.")]
SubmissionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Mã phiếu nộp.")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 của tệp.")]
Composition = Annotated[str, Query(max_length=100, description="Mã giấy tờ trong thành phần hồ sơ của thủ tục.")]
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "Các byte của tệp.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/submissions", status_code=201, response_model=models.SubmissionOut, summary="Bắt đầu một hồ sơ",
             responses=responses(401, 403, 409, 422, 503))  # fmt: skip
async def begin(
    caller: WithKey, request: Request, said: models.SubmissionIn, idempotency_key: IdempotencyKey
) -> Response:
    """Ghi nội dung đề nghị và người nộp. Sau đó gửi từng tệp, rồi gửi hồ sơ. Quyền: `dossiers:write`."""
    caller.needs(ApiScope.FILE)
    submission = _submission(caller, said)

    async def act(transaction: Transaction) -> dict[str, Any]:
        await transaction.writer.add_submission(submission)
        await keep_intake(transaction, submission.id, caller.key_id)
        return _shown(caller, submission, sent=False).model_dump(mode="json")

    return await once(caller, request, idempotency_key, 201, act)


@router.get("/submissions/{submission_id}", summary="Xem một phiếu nộp", responses=responses(401, 403, 404, 422))
async def look(caller: WithKey, submission_id: SubmissionId) -> models.SubmissionOut:
    """Cho biết đã nhận giấy tờ nào, còn thiếu gì; khi đã cấp mã hồ sơ thì kèm mã tra cứu để giao cho người nộp."""
    caller.needs(ApiScope.FILE)
    about = await caller.own_submission(submission_id)
    submission = await _found(caller, submission_id)
    reader = caller.services.registry.latest
    sent = await reader.is_sent(submission_id)
    if about is not None:
        return _shown(caller, submission, sent=sent)
    dossier = await reader.dossier(submission.dossier_code) if submission.dossier_code else None
    return _shown(caller, submission, sent=sent, secret=dossier.tracking_secret if dossier else None)


@router.put("/submissions/{submission_id}/documents/{sha256}", summary="Gửi một tệp", openapi_extra=FILE_BODY,
            responses=responses(401, 403, 404, 409, 413, 422, 503))  # fmt: skip
async def add_document(
    caller: WithKey,
    request: Request,
    submission_id: SubmissionId,
    sha256: Digest,
    composition: Composition,
    name: Annotated[str, Query(min_length=1, max_length=200, description="Tên tệp, kèm phần mở rộng.")],
    original: Annotated[PaperForm, Query(description="Bản chính, bản chứng thực hay bản sao.")] = PaperForm.COPY,
) -> models.DocumentOut:
    """Kiểm tra và giữ một tệp; gửi lại cùng tệp không thêm gì. Tệp sai SHA-256 hoặc không đạt thì không giữ lại."""
    caller.needs(ApiScope.FILE)
    submission = await _unsent(caller, submission_id)
    if composition not in _papers_of(caller, submission):
        wrong = {"query.composition": "không thuộc thành phần hồ sơ của thủ tục."}
        raise Problem(422, "Tệp chưa được giữ.", errors=wrong)
    tidy = unicodedata.normalize("NFC", name)
    try:
        stored = await keep_file(caller.visit, tidy, request.stream(), sha256)
    except ValueError:
        wrong = {"path.sha256": "khác SHA-256 của các byte nhận được; tệp có thể bị cắt trên đường, cần gửi lại."}
        raise Problem(422, "Tệp chưa được giữ.", errors=wrong) from None
    if isinstance(stored, list):
        found = {f"body.{number}": message for number, message in enumerate(stored, 1)}
        raise Problem(422, "Tệp không đạt kiểm tra nên chưa được giữ.", errors=found)
    document = FiledDocument(
        composition=composition, name=tidy, sha256=stored.sha256, size=stored.size, original=original
    )
    async with caller.services.registry.write() as writer:
        await writer.add_to_submission(submission_id, document)
    return _document(document)


@router.delete("/submissions/{submission_id}/documents/{sha256}", status_code=204, summary="Bỏ một tệp",
               responses=responses(401, 403, 404, 409, 422, 503))  # fmt: skip
async def drop_document(caller: WithKey, submission_id: SubmissionId, sha256: Digest, composition: Composition) -> None:
    """Bỏ một tệp khỏi phiếu nộp chưa gửi; tệp đã bỏ rồi thì không có gì đổi."""
    caller.needs(ApiScope.FILE)
    await _unsent(caller, submission_id)
    async with caller.services.registry.write() as writer:
        await writer.drop_from_submission(submission_id, sha256, composition)


@router.post("/submissions/{submission_id}/send", status_code=202, response_model=models.Accepted,
             summary="Gửi hồ sơ hoặc giấy tờ bổ sung", responses=responses(401, 403, 404, 409, 422, 503))  # fmt: skip
async def send(
    caller: WithKey,
    request: Request,
    submission_id: SubmissionId,
    said: models.Declaration,
    idempotency_key: IdempotencyKey,
) -> Response:
    """Gửi những gì đã nhận. Mã hồ sơ được cấp sau ít giây: hỏi lại `GET /submissions/{id}` hoặc đăng ký webhook."""
    del said
    caller.needs(ApiScope.FILE)
    about = await caller.own_submission(submission_id)

    async def act(transaction: Transaction) -> dict[str, Any]:
        if about is None:
            await _still_unsent(transaction, submission_id)
            await intake.start(transaction.writer, submission_id)
            return _accepted(submission_id, "Hồ sơ đã gửi, đang chờ cấp mã hồ sơ.")
        submission = await transaction.writer.submission(submission_id)
        if submission is None or not submission.documents:
            raise Problem(409, "Chưa có giấy tờ nào để gửi.", action="Gửi ít nhất một tệp rồi gửi lại.")
        await _still_unsent(transaction, submission_id)
        await intake.pass_supplement(transaction.writer, about, submission_id)
        return _accepted(submission_id, "Giấy tờ bổ sung đã gửi.")

    return await once(caller, request, idempotency_key, 202, act)


@router.post("/dossiers/{code}/supplements", status_code=201, response_model=models.SubmissionOut,
             summary="Bắt đầu bổ sung giấy tờ", responses=responses(401, 403, 404, 409, 422, 503))  # fmt: skip
async def supplement(
    caller: WithKeyOrSecret,
    request: Request,
    code: Code,
    idempotency_key: IdempotencyKey,
) -> Response:
    """Mở phiếu bổ sung cho hồ sơ đang chờ bổ sung; gửi tệp và gửi phiếu như khi nộp. Quyền: `dossiers:write`."""
    dossier = await _writable(caller, code)

    async def act(transaction: Transaction) -> dict[str, Any]:
        number = await intake.begin_supplement(transaction.writer, dossier.code, (), caller.now)
        await keep_intake(transaction, number, caller.key_id, dossier.code)
        submission = await transaction.writer.submission(number)
        if submission is None:
            raise Problem(409, "Hồ sơ không còn nhận bổ sung.")
        return _shown(caller, submission, sent=False).model_dump(mode="json")

    return await once(caller, request, idempotency_key, 201, act)


@router.post("/dossiers/{code}/withdrawal", status_code=202, response_model=models.Accepted, summary="Rút hồ sơ",
             responses=responses(401, 403, 404, 409, 422, 503))  # fmt: skip
async def withdraw(
    caller: WithKeyOrSecret,
    request: Request,
    code: Code,
    said: models.WithdrawalIn,
    idempotency_key: IdempotencyKey,
) -> Response:
    """Đề nghị rút hồ sơ còn đang giải quyết, theo ý người nộp. Quyền: `dossiers:write`."""
    dossier = await _writable(caller, code)

    async def act(transaction: Transaction) -> dict[str, Any]:
        await intake.ask_withdrawal(transaction.writer, dossier.code, said.reason)
        return _accepted(dossier.code, "Đã ghi nhận yêu cầu rút hồ sơ.")

    return await once(caller, request, idempotency_key, 202, act)


async def _writable(caller: Caller, code: str) -> Any:
    """Find a dossier that the key may act for: one it filed, one of all, or one whose secret comes along."""
    caller.needs(ApiScope.FILE)
    return await caller.dossier(code, ApiScope.FILE)


def _submission(caller: Caller, said: models.SubmissionIn) -> Submission:
    rules, today = caller.services.rules, caller.now.date()
    offered = details.offered(rules, today)
    procedure = next((one for one in offered if one.code == said.procedure), None)
    if procedure is None:
        wrong = {"body.procedure": "không có trong các thủ tục đang nhận hồ sơ; xem `GET /procedures`."}
        raise Problem(422, "Có mục chưa đúng, chưa lưu gì.", errors=wrong)
    who = said.applicant
    ticks = {name: "yes" if getattr(who, name) else "" for name in ("consent_email", "consent_sms")}
    about = {"title": said.title, "case": said.case or "", "origin_unit": said.origin_unit or ""}
    given = {**who.model_dump(exclude=set(ticks)), **ticks, **about}
    units = details.receivers(procedure, rules, today)
    answers = details.check(given, procedure, units, today)
    if answers.wrong:
        say = caller.visit.portal.wording.say
        wrong = {_place(name): say(WORDS, key) for name, key in answers.wrong.items()}
        raise Problem(422, "Có mục chưa đúng, chưa lưu gì.", errors=wrong)
    return answers.submission(uuid4().hex, procedure, caller.now)


def _place(name: str) -> str:
    return f"body.{name}" if name in {"title", "case", "origin_unit"} else f"body.applicant.{name}"


async def _found(caller: Caller, submission_id: str) -> Submission:
    submission = await caller.services.registry.latest.submission(submission_id)
    if submission is None:
        raise Problem(404, "Phiếu nộp này không còn; phiếu chưa gửi bị xóa sau 7 ngày.")
    return submission


async def _unsent(caller: Caller, submission_id: str) -> Submission:
    about = await caller.own_submission(submission_id)
    submission = await _found(caller, submission_id)
    if submission.dossier_code or await caller.services.registry.latest.is_sent(submission_id):
        raise Problem(409, "Phiếu nộp này đã gửi nên không đổi được nữa.")
    if about is not None:
        dossier = await caller.services.registry.latest.dossier(about)
        if dossier is None or dossier.state is not DossierState.SUPPLEMENT_REQUESTED:
            raise Problem(409, "Hồ sơ không còn chờ bổ sung.")
    return submission


async def _still_unsent(transaction: Transaction, submission_id: str) -> None:
    if await transaction.writer.is_sent(submission_id):
        raise Problem(409, "Phiếu nộp này đã gửi rồi.")


def _papers_of(caller: Caller, submission: Submission) -> list[str]:
    procedure = caller.services.rules.procedure_at(submission.procedure_code, caller.now.date())
    if procedure is None:
        raise UserError("Thủ tục không còn nhận hồ sơ.")
    return [item.code for item in procedure.composition]


def _shown(caller: Caller, submission: Submission, *, sent: bool, secret: str | None = None) -> models.SubmissionOut:
    procedure = caller.services.rules.procedure_at(submission.procedure_code, submission.submitted_at.date())
    case = procedure.case_or_default(submission.case) if procedure else None
    wanted = [one for one in procedure.composition if one.required and one.applies_to(case)] if procedure else []
    there = {one.composition for one in submission.documents}
    return models.SubmissionOut(
        id=submission.id,
        state="registered" if submission.dossier_code else "sent" if sent else "draft",
        procedure=submission.procedure_code,
        documents=[_document(one) for one in submission.documents],
        missing=[one.code for one in wanted if one.code not in there],
        dossier=submission.dossier_code,
        tracking_secret=secret,
    )


def _document(one: FiledDocument) -> models.DocumentOut:
    return models.DocumentOut(**one.model_dump(include=set(models.DocumentOut.model_fields)))


def _accepted(number: str, message: str) -> dict[str, Any]:
    return models.Accepted(id=number, message=message).model_dump(mode="json")
