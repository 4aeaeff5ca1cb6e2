"""A channel that is off in config/notifications.yaml sends nothing and loses nothing."""

from __future__ import annotations

import pytest

from tests.unit.office import MONDAY
from workers.app import _dispatcher
from workers.channels.mailsink import MailSink
from workers.registry.outbox import Outbox, OutboxState
from workers.settings import load_settings


@pytest.mark.parametrize("enabled", [True, False])
async def test_letters_of_a_channel_that_is_off_wait_until_it_is_on(office, tmp_path, enabled):
    sink = MailSink(tmp_path / "mail")
    await sink.start()
    outbox = Outbox(office.registry, "test")
    settings = load_settings(smtp_port=sink.smtp_port)

    def dispatcher():
        return _dispatcher(outbox, None, office.services, settings, poll_seconds=1)

    await office.run("dossier.withdraw", dossier_code=await office.registered())
    notices = office.rules.notices
    channels = tuple(one.model_copy(update={"enabled": enabled and one.code == "email"}) for one in notices.channels)
    office.with_rules(notices=notices.model_copy(update={"channels": channels}))
    await dispatcher().send_due()
    assert len(sink.mailbox.ids()) == enabled
    office.with_rules(notices=notices)
    await dispatcher().send_due()
    assert (await outbox.outbox_stats(MONDAY)).counts[OutboxState.SENT] == 1
    assert len(sink.mailbox.ids()) == 1
    await sink.stop()
