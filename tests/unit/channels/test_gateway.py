"""Send text messages through a gateway that is a real HTTP server and misbehaves on purpose."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from workers.channels.dispatcher import Dispatcher
from workers.channels.gateway import GatewaySender, GatewaySettings
from workers.channels.gatewaysink import GatewaySink
from workers.channels.outcomes import SendLater, SendRefused, SendUnknown
from workers.records import OutboxChannel

SMS, ZALO = OutboxChannel.SMS, OutboxChannel.ZALO
TEXT = {"recipient": "0900000001", "body": "Hồ sơ H29-261123-0001 đã có kết quả.", "channel": SMS}
FAULTS = ["busy", "away", "refuse", "broken", "lost", "taken_then_broken", "taken_then_lost"]


@pytest.fixture
async def gateway(tmp_path):
    running = GatewaySink(tmp_path / "texts")
    await running.start()
    yield running
    await running.stop()


def sender(gateway, clock, channel=SMS, **changes):
    return GatewaySender(channel, GatewaySettings(**{"url": gateway.url, "timeout": 5, **changes}), clock)


async def test_a_message_arrives_as_it_was_written(gateway, clock, queued):
    await sender(gateway, clock, sender="UBNDTPHCM").send(queued(id=1, message_id="7.result_ready.sms", **TEXT))
    (arrived,) = gateway.deliveries.all()
    assert (arrived.id, arrived.to, arrived.text) == ("7.result_ready.sms", TEXT["recipient"], TEXT["body"])
    assert (arrived.channel, arrived.sender, arrived.segments) == ("sms", "UBNDTPHCM", 1)


async def test_a_zalo_message_names_its_template(gateway, clock, queued):
    said = {"template": "300123", "template_data": {"title": "Ví dụ"}}
    await sender(gateway, clock, ZALO).send(queued(id=1, message_id="z", variables=said, **{**TEXT, "channel": ZALO}))
    assert gateway.deliveries.all()[0].template == "300123"
    with pytest.raises(SendRefused, match="mẫu tin"):
        await sender(gateway, clock, ZALO).send(queued(id=2, message_id="y", **{**TEXT, "channel": ZALO}))


async def test_the_key_opens_the_gateway_and_a_wrong_one_is_a_persons_to_mend(tmp_path, clock, queued):
    gateway = GatewaySink(tmp_path / "texts", key="khoa-vi-du")
    await gateway.start()
    with pytest.raises(SendRefused, match="401"):
        await sender(gateway, clock, key=SecretStr("sai")).send(queued(id=1, message_id="a", **TEXT))
    await sender(gateway, clock, key=SecretStr("khoa-vi-du")).send(queued(id=1, message_id="a", **TEXT))
    assert len(gateway.deliveries.all()) == 1
    await gateway.stop()


@pytest.mark.parametrize(
    ("fault", "idempotent", "outcome", "arrived"),
    [
        ("busy", False, SendLater, 0),
        ("away", False, SendLater, 0),
        ("refuse", True, SendRefused, 0),
        ("broken", False, SendUnknown, 0),
        ("broken", True, SendLater, 0),
        ("lost", False, SendUnknown, 0),
        ("lost", True, SendLater, 0),
        ("taken_then_broken", False, SendUnknown, 1),
        ("taken_then_broken", True, SendLater, 1),
        ("taken_then_lost", False, SendUnknown, 1),
        ("taken_then_lost", True, SendLater, 1),
    ],
)
async def test_what_is_known_of_a_send_decides_who_acts(gateway, clock, queued, fault, idempotent, outcome, arrived):
    gateway.faults.coming.append(fault)
    with pytest.raises(outcome):
        await sender(gateway, clock, idempotent=idempotent).send(queued(id=1, message_id="a", **TEXT))
    assert len(gateway.deliveries.all()) == arrived


async def test_nobody_listening_is_tried_later(clock, queued):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mailer = GatewaySender(SMS, GatewaySettings(url=f"http://127.0.0.1:{port}/messages"), clock)
    with pytest.raises(SendLater):
        await mailer.send(queued(id=1, message_id="a", **TEXT))


async def test_a_gateway_that_never_answers_leaves_the_end_unknown(clock, queued):
    enough = asyncio.Event()

    async def silent(_reader, writer):
        await enough.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/messages"
    mailer = GatewaySender(SMS, GatewaySettings(url=url, timeout=0.2), clock)
    with pytest.raises(SendUnknown):
        await mailer.send(queued(id=1, message_id="a", **TEXT))
    enough.set()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("number", ["", "không có", "0900", "0900000001\r\nX: y", "+" + "9" * 16])
async def test_what_is_no_phone_number_is_not_sent(gateway, clock, queued, number):
    with pytest.raises(SendRefused, match="số điện thoại"):
        await sender(gateway, clock).send(queued(id=1, message_id="a", **{**TEXT, "recipient": number}))
    assert gateway.requests == 0


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("90", timedelta(seconds=90)),
        ("Mon, 23 Nov 2026 02:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 23 Nov 2020 02:05:00 GMT", timedelta()),
        ("999999999", timedelta(days=1)),
        ("mai", None),
        ("", None),
    ],
)
def test_the_wait_a_gateway_asks_for_is_read(clock, said, wait):
    response = httpx.Response(429, headers={"Retry-After": said})
    assert GatewaySender(SMS, GatewaySettings(url="https://example.vn"), clock)._retry_after(response) == wait


async def test_a_busy_gateway_is_left_alone_as_long_as_it_asks(gateway, clock, queued, memory_outbox):
    gateway.faults.coming.append("busy")
    gateway.faults.retry_after = 7200
    outbox = memory_outbox([queued(id=1, message_id="a", **TEXT)])
    await dispatcher(outbox, sender(gateway, clock), clock).send_due()
    assert outbox.due[1] == clock() + timedelta(hours=2)


def dispatcher(outbox, mailer, clock):
    return Dispatcher(
        outbox,
        {SMS: mailer},
        now=clock,
        not_before=lambda _event, _moment: None,
        abandoned_after=timedelta(minutes=5),
        spread=lambda: 0.5,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(st.sampled_from([*FAULTS, None]), max_size=12), idempotent=st.booleans())
async def test_whatever_the_gateway_does_each_message_arrives_once_or_waits_with_a_person(
    gateway, clock, queued, memory_outbox, faults, idempotent
):
    begun = len(gateway.deliveries.all())
    gateway._dropping_copies = idempotent
    gateway.faults.coming.clear()
    gateway.faults.coming.extend(faults)
    ids = [f"{begun}-{number}-{len(faults)}" for number in range(3)]
    outbox = memory_outbox([queued(id=n, message_id=one, **TEXT) for n, one in enumerate(ids)])
    sending = dispatcher(outbox, sender(gateway, clock, idempotent=idempotent), clock)
    for _ in range(20):
        await sending.send_due()
        clock.forward(hours=2)
    arrived = [one.id for one in gateway.deliveries.all()]
    for number, one in enumerate(ids):
        assert arrived.count(one) <= 1
        assert arrived.count(one) == 1 or outbox.states[number] in {"failed", "unknown"}
        assert outbox.states[number] in {"sent", "failed", "unknown"}
