from __future__ import annotations

import contextlib
import json
from datetime import timedelta

import pytest

from tests.gateway.fake_gateway import FakeGateway, Status
from workers.errors import RetryLater, UserError
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import Deployed, EngineClient, EngineRefused, EngineUnavailable
from workers.settings import Settings


@pytest.fixture
async def client(gateway):
    async with EngineClient(open_channel(Settings(), gateway.address), gateway.address) as made:
        yield made


async def publish(client: EngineClient, message_id: str = "m-1") -> None:
    await client.publish_message("Msg_Sample", "H29.14-250801-0001", {"note": "đã nhận"}, message_id)


async def test_publishes_a_message(client, gateway):
    await client.publish_message("Msg_Sample", "key", {"note": "đã nhận"}, "m-1", timedelta(minutes=2))
    request = gateway.published["m-1"]
    assert (request.name, request.correlationKey, request.timeToLive) == ("Msg_Sample", "key", 120_000)
    assert json.loads(request.variables) == {"note": "đã nhận"}


async def test_a_message_published_before_is_a_success(client, gateway):
    await publish(client)
    await publish(client)
    assert len(gateway.published) == 1


async def test_a_publication_whose_answer_got_lost_can_be_repeated(client, gateway):
    gateway.misbehave("PublishMessage after", Status.UNAVAILABLE)
    with pytest.raises(RetryLater):
        await publish(client)
    await publish(client)
    assert len(gateway.published) == 1


@pytest.mark.parametrize(
    "status",
    [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.DEADLINE_EXCEEDED, Status.ABORTED, Status.UNKNOWN],
)
async def test_passing_errors_are_for_later(client, gateway, status):
    gateway.misbehave("PublishMessage", status)
    with pytest.raises(EngineUnavailable) as caught:
        await publish(client)
    assert isinstance(caught.value, RetryLater)
    assert isinstance(caught.value, UserError)


async def test_a_refused_connection_is_one_sentence_that_says_what_to_do(client, gateway):
    await gateway.vanish()
    with pytest.raises(UserError, match=f"Không kết nối được Camunda tại {gateway.address}.*hãy kiểm tra"):
        await client.topology()


async def test_a_gateway_that_never_answers_is_given_up(client, gateway, monkeypatch):
    monkeypatch.setattr("workers.runtime.engine_client.CALL", timedelta(seconds=0.1))
    gateway.misbehave("Topology", None, delay=30)
    with pytest.raises(EngineUnavailable, match="quá thời gian chờ"):
        await client.topology()


async def test_a_denied_call_names_the_account(client, gateway):
    gateway.misbehave("PublishMessage", Status.PERMISSION_DENIED)
    with pytest.raises(EngineRefused, match="DIEUPHOI_GATEWAY"):
        await publish(client)


async def test_deploys_diagrams_decisions_and_forms_together(client, tmp_path):
    paths = [tmp_path / name for name in ("dossier.bpmn", "routing.dmn", "intake.form")]
    for path in paths:
        path.write_text("x")
    assert await client.deploy(paths) == [
        Deployed("process", "dossier", 1, 1),
        Deployed("decision", "routing", 1, 2),
        Deployed("form", "intake", 1, 3),
    ]


async def test_an_invalid_diagram_is_refused_with_the_engines_reason(client, gateway, tmp_path):
    path = tmp_path / "broken.bpmn"
    path.write_text("x")
    gateway.misbehave("DeployResource", Status.INVALID_ARGUMENT, details="'broken.bpmn': Task_A has no implementation")
    with pytest.raises(EngineRefused, match=r"broken\.bpmn.*Task_A has no implementation"):
        await client.deploy([path])


async def test_describes_the_cluster(client):
    topology = await client.topology()
    assert (topology.gateway_version, topology.partitions) == ("8.6.0", 1)
    assert [(broker.version, broker.healthy_partitions) for broker in topology.brokers] == [("8.6.0", 1)]


async def test_calls_are_spread_over_several_gateways_and_go_past_one_that_is_away(gateway):
    other = await FakeGateway().start()
    address = f"ipv4:{gateway.address},{other.address}"
    async with EngineClient(open_channel(Settings(gateway_address=address), "unused:1")) as client:
        while not (gateway.published and other.published):
            await publish(client, str(len(gateway.published) + len(other.published)))
        await other.vanish()
        while len(gateway.published) < 20:
            with contextlib.suppress(EngineUnavailable):
                await publish(client, f"later-{len(gateway.published)}")
