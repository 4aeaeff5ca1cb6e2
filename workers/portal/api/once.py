"""Do what a request asks for once, however often it is sent with the same idempotency key."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from workers.portal.api.access import Caller
from workers.portal.api.problems import Problem
from workers.registry.database import Transaction
from workers.registry.exchange import claim_request, keep_answer

IdempotencyKey = Annotated[
    str,
    Header(
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="Chuỗi do bên gửi tự đặt cho mỗi việc (ví dụ một UUID). Gửi lại cùng chuỗi và cùng nội dung thì "
        "nhận lại đúng câu trả lời cũ, không làm hai lần; cùng chuỗi mà khác nội dung thì bị từ chối (422). "
        "Được nhớ 48 giờ.",
    ),
]


async def once(
    caller: Caller,
    request: Request,
    idempotency_key: str,
    status: int,
    act: Callable[[Transaction], Awaitable[dict[str, Any]]],
) -> Response:
    """Act and keep the answer in one transaction, or give the answer that was kept.

    A twin that arrives meanwhile waits for the first one's end. Raises Problem 422 for the same key with another
    request; what `act` raises leaves the key free.
    """
    key_id, digest = caller.key_id, await _digest(request)
    async with caller.services.registry.transaction() as transaction:
        before = await claim_request(transaction, key_id, idempotency_key, digest, caller.now)
        if before is None:
            answer = await act(transaction)
            await keep_answer(transaction, key_id, idempotency_key, status, answer)
            return JSONResponse(answer, status)
    if before.digest != digest:
        wrong = {"header.Idempotency-Key": "đã dùng cho một yêu cầu khác; mỗi việc cần một chuỗi riêng."}
        raise Problem(422, "Khóa chống lặp đã dùng cho nội dung khác, chưa làm gì.", errors=wrong)
    return JSONResponse(before.answer, before.status, {"Idempotent-Replayed": "true"})


async def _digest(request: Request) -> str:
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(said).hexdigest()
