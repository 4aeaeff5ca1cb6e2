"""Let a system say where it wants to be told of what."""

from __future__ import annotations

from base64 import b64encode
from secrets import token_bytes, token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from workers.portal.api import models
from workers.portal.api.access import WithKey
from workers.portal.api.once import IdempotencyKey, once
from workers.portal.api.problems import Problem, responses
from workers.records import ApiScope, Webhook
from workers.registry.database import Transaction

router = APIRouter(tags=["Webhook"])
SECRET_BYTES = 32
MOST = 20


@router.post("/webhooks", status_code=201, response_model=models.WebhookMade, summary="Đăng ký webhook",
             responses=responses(401, 403, 409, 422, 503))  # fmt: skip
async def register(
    caller: WithKey, request: Request, said: models.WebhookIn, idempotency_key: IdempotencyKey
) -> Response:
    """Báo cho một địa chỉ khi có việc. Nội dung chỉ có mã, không có dữ liệu cá nhân. Quyền: `webhooks:manage`."""
    caller.needs(ApiScope.WEBHOOKS)
    if len(await caller.exchange.webhooks(caller.key_id)) >= MOST:
        raise Problem(409, f"Khóa đã có {MOST} webhook.", action="Xóa webhook không dùng rồi đăng ký lại.")
    webhook = Webhook(
        id=f"wh_{token_hex(8)}",
        key_id=caller.key_id,
        url=said.url,
        secret=f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}",
        events=sorted(set(said.events)),
        created_at=caller.now,
    )

    async def act(transaction: Transaction) -> dict[str, Any]:
        await caller.exchange.add_webhook(transaction, webhook)
        return models.WebhookMade(**webhook.model_dump()).model_dump(mode="json")

    return await once(caller, request, idempotency_key, 201, act)


@router.get("/webhooks", summary="Webhook của khóa", responses=responses(401, 403))
async def registered(caller: WithKey) -> list[models.WebhookOut]:
    """Liệt kê webhook đang dùng. Quyền: `webhooks:manage`."""
    caller.needs(ApiScope.WEBHOOKS)
    return [models.WebhookOut(**one.model_dump()) for one in await caller.exchange.webhooks(caller.key_id)]


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Xóa webhook",
               responses=responses(401, 403, 404, 422, 503))  # fmt: skip
async def remove(
    caller: WithKey, webhook_id: Annotated[str, Path(pattern=r"^wh_[0-9a-f]{16}$", description="Mã webhook.")]
) -> None:
    """Thôi báo cho một địa chỉ; điều đang chờ gửi tới đó không được gửi nữa. Quyền: `webhooks:manage`."""
    caller.needs(ApiScope.WEBHOOKS)
    mine = {one.id for one in await caller.exchange.webhooks(caller.key_id)}
    if webhook_id not in mine:
        raise Problem(404, "Khóa không có webhook này.")
    await caller.exchange.remove_webhook(webhook_id, caller.now)
