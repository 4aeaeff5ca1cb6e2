"""Take 1022 feedback in from other systems and say how far it is; what is restricted, only to whoever gave it."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Request
from pydantic import ValidationError
from starlette.responses import Response

from workers import feedback_intake
from workers.errors import UserError
from workers.feedback_intake import FeedbackDraft
from workers.portal.api import models
from workers.portal.api.access import Anybody, Caller, WithKey, WithKeyOrSecret
from workers.portal.api.once import IdempotencyKey, once
from workers.portal.api.problems import Problem, responses
from workers.records import ApiScope, FeedbackRecord
from workers.registry.database import Transaction
from workers.registry.exchange import keep_intake
from workers.registry.writer import Writer
from workers.regulation.codes import clean_tracking_secret, parse_feedback_code
from workers.regulation.identity import normalise_phone
from workers.workplace import Services
from workers.yaml_files.wording import expectation

router = APIRouter(tags=["Phản ánh, kiến nghị 1022"])

Code = Annotated[str, Path(max_length=40, description="Mã phản ánh.")]


@router.get("/feedback-fields", summary="Lĩnh vực phản ánh", responses=responses())
async def fields(caller: Anybody) -> list[models.Named]:
    """Liệt kê các lĩnh vực của phản ánh, kiến nghị."""
    return [models.Named(code=one.code, name=one.name) for one in caller.services.rules.feedback.fields]


@router.post("/feedback", status_code=201, response_model=models.FeedbackMade, summary="Gửi phản ánh",
             responses=responses(401, 403, 422, 503))  # fmt: skip
async def report(
    caller: WithKey, request: Request, said: models.FeedbackIn, idempotency_key: IdempotencyKey
) -> Response:
    """Gửi một phản ánh; nhận mã và mã tra cứu để giao cho người gửi. Quyền: `feedback:write`."""
    caller.needs(ApiScope.REPORT)
    given = said.model_dump()
    given["phone"] = normalise_phone(said.phone) if said.phone else None
    draft = draft_of({**given, "channel": "api"})

    async def act(transaction: Transaction) -> dict[str, Any]:
        code, secret = await take(caller, transaction, draft)
        return models.FeedbackMade(code=code, tracking_secret=secret).model_dump()

    return await once(caller, request, idempotency_key, 201, act)


@router.get("/feedback/{code}", summary="Trạng thái một phản ánh", responses=responses(401, 403, 404, 422))
async def status(caller: WithKeyOrSecret, code: Code) -> models.FeedbackOut:
    """Cho biết phản ánh đã tới đâu; câu trả lời chỉ cho người gửi. Cần mã tra cứu, hoặc quyền `feedback:read`."""
    feedback, own = await _seen(caller, code)
    answers = await caller.services.registry.latest.feedback_answers(feedback.code) if own else []
    if own:
        await caller.looked_at(feedback.code, "followed")
    return models.FeedbackOut(
        **{name: getattr(feedback, name) for name in set(models.FeedbackOut.model_fields) - {"answers"}},
        answers=[models.FeedbackAnswerOut(**one.model_dump()) for one in answers],
    )


def draft_of(given: dict[str, Any]) -> FeedbackDraft:
    """Make a draft. Raises Problem 422 naming what is wrong."""
    try:
        return FeedbackDraft(**given)
    except ValidationError as error:
        details = error.errors(include_input=False)
        wrong = {".".join(("body", *map(str, one["loc"]))): expectation(one, None) for one in details}
        raise Problem(422, "Có mục chưa đúng, chưa lưu gì.", errors=wrong) from None


async def take(caller: Caller, transaction: Transaction, draft: FeedbackDraft) -> tuple[str, str]:
    """Keep feedback in the caller's transaction; gives code and secret. Raises Problem 422 for what has no place."""
    try:
        code, secret = await feedback_intake.report(_within(caller.services, transaction), draft)
    except UserError as error:
        raise Problem(422, error.message) from None
    await keep_intake(transaction, code, caller.key_id)
    return code, secret


def _within(services: Services, transaction: Transaction) -> Services:
    """Have what asks the registry to write do so in a transaction that is open already."""

    @asynccontextmanager
    async def write() -> AsyncIterator[Writer]:
        yield transaction.writer

    registry = SimpleNamespace(write=write, latest=transaction.writer, now=services.registry.now)
    return replace(services, registry=cast("Any", registry))


async def _seen(caller: Caller, typed: str) -> tuple[FeedbackRecord, bool]:
    """Find feedback that the caller may see, and whether it is their own. Raises Problem 401 or 404."""
    feedback = await _find(caller, typed)
    if caller.secret is not None:
        attempts, address = caller.visit.portal.attempts, caller.visit.address
        attempts.check(address, typed.upper())
        secret = clean_tracking_secret(caller.secret) or ""
        if feedback is None or not hmac.compare_digest(feedback.secret.encode(), secret.encode()):
            caller.visit.wrong_secret(address, typed.upper())
            raise Problem(401, "Mã phản ánh hoặc mã tra cứu chưa đúng.", headers={"WWW-Authenticate": "Bearer"})
        return feedback, True
    caller.needs(ApiScope.FOLLOW_FEEDBACK)
    own = feedback is not None and await is_own(caller, feedback.code)
    if feedback is None or (feedback.restricted and not own):
        raise Problem(404, "Không có phản ánh này trong các phản ánh mà khóa được xem.")
    return feedback, own


async def is_own(caller: Caller, code: str) -> bool:
    """Say whether this key handed the feedback in."""
    found = await caller.exchange.handed_in_by(code)
    return found is not None and caller.key is not None and found[0] == caller.key.id


async def _find(caller: Caller, typed: str) -> FeedbackRecord | None:
    try:
        return await caller.services.registry.latest.feedback(parse_feedback_code(typed))
    except UserError:
        return None
