"""Send SMS and Zalo messages through an HTTP gateway and tell exactly what is known of the result.

One POST of JSON a message, with the message id as `Idempotency-Key`. docs/notifications.md describes the body.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.records import OutboxChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.channels.dispatcher import OutboxMessage

TEMPLATE, TEMPLATE_DATA = "template", "template_data"
"""Where an outbox row's variables keep a Zalo message's template and the values for it."""

_PHONE = re.compile(r"\+?[0-9]{8,15}")
# The gateway says of itself that it did nothing; any other 5xx may come from a proxy before one that did.
_NOT_DONE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_BROKEN = 500
_LONGEST_WAIT = timedelta(days=1)


class GatewaySettings(BaseModel):
    """Say how to reach a gateway.

    `idempotent`: the gateway drops a second copy by its key, so that a send whose end nobody knows may be repeated.
    `sender` is the brand name, or the official account. `timeout` in seconds.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str
    key: SecretStr | None = None
    sender: str = "DIEUPHOI"
    idempotent: bool = False
    timeout: float = Field(default=20, gt=0)


class GatewaySender:
    """Send messages of one channel; many may run at once."""

    def __init__(self, channel: OutboxChannel, settings: GatewaySettings, now: Callable[[], datetime]) -> None:
        """Take the channel, how to reach its gateway, and the clock that reads a Retry-After date."""
        self._channel = channel
        self._settings = settings
        self._now = now
        self._tls = ssl.create_default_context()

    async def send(self, message: OutboxMessage) -> None:
        """Hand a message over under its own id, the same on every attempt.

        Raises:
            SendLater: nothing reached the gateway, or it said that it did nothing, or it drops second copies.
            SendRefused: the gateway will not take it as it is, or the number is unusable.
            SendUnknown: the gateway may have taken it and does not drop second copies.

        """
        if not _PHONE.fullmatch(message.recipient):
            raise SendRefused("số điện thoại không hợp lệ")
        body, headers = self._body(message), self._headers(message)
        try:
            # A connection of its own: one that was kept may be closed already, which looks like an answer lost.
            async with httpx.AsyncClient(timeout=self._settings.timeout, trust_env=False, verify=self._tls) as client:
                response = await client.post(self._settings.url, json=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise SendLater("không kết nối được cổng gửi tin") from error
        except httpx.RequestError as error:
            raise self._unclear("mất kết nối với cổng gửi tin trước khi có câu trả lời") from error
        self._judge(response)

    def _body(self, message: OutboxMessage) -> dict[str, Any]:
        template = {name: message.variables.get(name) for name in (TEMPLATE, TEMPLATE_DATA)}
        if self._channel is OutboxChannel.ZALO and not template[TEMPLATE]:
            raise SendRefused("tin Zalo không có mã mẫu tin")
        return {
            "channel": self._channel.value,
            "id": message.message_id,
            "from": self._settings.sender,
            "to": message.recipient,
            "text": message.body,
            **(template if self._channel is OutboxChannel.ZALO else {}),
        }

    def _headers(self, message: OutboxMessage) -> dict[str, str]:
        key = self._settings.key
        login = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        return {"Idempotency-Key": message.message_id, **login}

    def _judge(self, response: httpx.Response) -> None:
        code = response.status_code
        if response.is_success:
            return
        if code in _NOT_DONE:
            raise SendLater(f"cổng gửi tin tạm thời chưa nhận (mã {code})", self._retry_after(response))
        if code >= _BROKEN:
            raise self._unclear(f"cổng gửi tin gặp lỗi (mã {code})", self._retry_after(response))
        raise SendRefused(f"cổng gửi tin từ chối (mã {code})")

    def _unclear(self, reason: str, after: timedelta | None = None) -> SendLater | SendUnknown:
        if self._settings.idempotent:
            return SendLater(reason, after)
        return SendUnknown(f"{reason}, không rõ tin đã được nhận hay chưa")

    def _retry_after(self, response: httpx.Response) -> timedelta | None:
        """Read how long the gateway asks to wait, in seconds or as a date; never more than a day."""
        said = response.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdecimal():
            return min(timedelta(seconds=int(said[:9])), _LONGEST_WAIT)
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return None
        wait = moment.replace(tzinfo=moment.tzinfo or UTC) - self._now()
        return min(max(wait, timedelta()), _LONGEST_WAIT)
