"""A message that the engine perhaps heard is sent again, unless the registry knows that it was."""

from __future__ import annotations

import pytest

from tests.unit.office import MONDAY
from workers.app import EngineSender
from workers.records import OutboxChannel
from workers.registry.outbox import OutboxMessage


class Engine:
    def __init__(self):
        self.heard = []

    async def publish_message(self, name, key, variables, message_id, lifetime):
        self.heard.append(message_id)


def message(message_id, attempts):
    return OutboxMessage(
        id=1, message_id=message_id, dossier_code=None, channel=OutboxChannel.ENGINE, recipient=message_id,
        event="Msg_X", subject="", body="", attempts=attempts, not_before=MONDAY,
    )  # fmt: skip


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_a_submission_begins_one_process_though_its_message_is_sent_hours_later_again(office, attempts):
    engine = Engine()
    submission = await office.submitted()
    sender = EngineSender(engine, office.read)
    await sender.send(message(submission.id, attempts))
    assert engine.heard == [submission.id]
    await office.run("dossier.register", submission_id=submission.id)
    await sender.send(message(submission.id, max(2, attempts)))
    assert engine.heard == [submission.id]


async def test_any_other_message_is_repeated(office):
    engine = Engine()
    await office.registered()
    await EngineSender(engine, office.read).send(message("withdrawn-1", 2))
    assert engine.heard == ["withdrawn-1"]
