from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from workers.channels.mailsink import MailSink
from workers.records import Attachment, OutboxChannel

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@dataclass(frozen=True)
class Queued:
    id: int
    message_id: str
    recipient: str = "nguoi.nop@example.vn"
    subject: str = "Đã tiếp nhận hồ sơ H29-261123-0001"
    body: str = "Kính gửi Nguyễn Văn Ví Dụ,\n\nHồ sơ đã được tiếp nhận.\n.\nHết.\n"
    dossier_code: str | None = "H29-261123-0001"
    channel: OutboxChannel = OutboxChannel.EMAIL
    event: str = "dossier_received"
    attachments: list[Attachment] = field(default_factory=list)
    variables: dict = field(default_factory=dict)
    attempts: int = 0
    not_before: datetime | None = None


class MemoryOutbox:
    """Keep messages as the registry does, for tests only."""

    def __init__(self, messages=()):
        self.messages = {message.id: message for message in messages}
        self.states = dict.fromkeys(self.messages, "pending")
        self.due = dict.fromkeys(self.messages, NOW)
        self.reasons = {}
        self.recovered = []
        self.most_claimed = 0

    async def claim_due(self, now, limit, channels):
        due = [
            key
            for key, state in self.states.items()
            if state == "pending" and self.due[key] <= now and self.messages[key].channel in channels
        ][:limit]
        for key in due:
            self.states[key] = "sending"
            self.messages[key] = replace(self.messages[key], attempts=self.messages[key].attempts + 1)
        self.most_claimed = max(self.most_claimed, sum(state == "sending" for state in self.states.values()))
        return [self.messages[key] for key in due]

    async def mark_sent(self, outbox_id, now):
        self.states[outbox_id] = "sent"

    async def mark_retry(self, outbox_id, now, not_before, reason):
        self.states[outbox_id], self.due[outbox_id], self.reasons[outbox_id] = "pending", not_before, reason

    async def mark_failed(self, outbox_id, now, reason):
        self.states[outbox_id], self.reasons[outbox_id] = "failed", reason

    async def mark_unknown(self, outbox_id, now, reason):
        self.states[outbox_id], self.reasons[outbox_id] = "unknown", reason

    async def recover(self, now, claimed_before, repeatable_before):
        self.recovered.append((claimed_before, repeatable_before))


class HandClock:
    def __init__(self):
        self.moment = NOW

    def __call__(self):
        return self.moment

    def forward(self, **amount):
        self.moment += timedelta(**amount)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def queued():
    return Queued


@pytest.fixture
def memory_outbox():
    return MemoryOutbox


@pytest.fixture
async def sink(tmp_path):
    running = MailSink(tmp_path / "mail")
    await running.start()
    yield running
    await running.stop()
