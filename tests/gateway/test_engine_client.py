from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from datetime import timedelta
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyzeebe.proto.gateway_pb2_grpc import add_GatewayServicer_to_server

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


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED, Status.DEADLINE_EXCEEDED])
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


def self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


@pytest.fixture
async def encrypted_gateway(tmp_path):
    certificate, key = self_signed()
    (tmp_path / "ca.pem").write_bytes(certificate)
    fake, server = FakeGateway(), grpc.aio.server()
    add_GatewayServicer_to_server(fake, server)
    fake.port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
    await server.start()
    yield fake
    await server.stop(0)


async def published_over(gateway: FakeGateway, **given: Any) -> dict[str, str]:
    settings = Settings(gateway_address=gateway.address, gateway_tls=True, **given)
    async with EngineClient(open_channel(settings, "unused:1")) as client:
        await publish(client)
    return gateway.metadata[-1]


async def test_speaks_tls_with_a_named_authority(encrypted_gateway, tmp_path):
    metadata = await published_over(encrypted_gateway, gateway_ca_file=tmp_path / "ca.pem")
    assert "authorization" not in metadata


async def test_logs_in_with_user_and_password(encrypted_gateway, tmp_path):
    """Gap 17: no basic-auth channel."""
    metadata = await published_over(
        encrypted_gateway,
        gateway_ca_file=tmp_path / "ca.pem",
        gateway_auth="basic",
        gateway_user="worker",
        gateway_password="example",
    )
    assert base64.b64decode(metadata["authorization"].removeprefix("Basic ")) == b"worker:example"


async def test_logs_in_with_a_token(encrypted_gateway, tmp_path, monkeypatch):
    tokens: list[dict[str, Any]] = []

    def fetch(session: Any, **kwargs: Any) -> dict[str, Any]:
        tokens.append(kwargs)
        session.token = {
            "access_token": "made-up",
            "expires_in": 300,
            "expires_at": 4_000_000_000,
            "token_type": "Bearer",
        }
        return session.token

    monkeypatch.setattr("requests_oauthlib.OAuth2Session.fetch_token", fetch)
    metadata = await published_over(
        encrypted_gateway,
        gateway_ca_file=tmp_path / "ca.pem",
        gateway_auth="oauth",
        gateway_client_id="worker",
        gateway_client_secret="example",
        gateway_token_url="https://login.example.vn/token",
        gateway_audience="zeebe",
    )
    assert metadata["authorization"] == "Bearer made-up"
    assert tokens[0]["audience"] == "zeebe"


async def test_an_unreadable_authority_is_a_users_error(tmp_path):
    settings = Settings(gateway_tls=True, gateway_ca_file=tmp_path / "absent.pem")
    with pytest.raises(UserError, match="DIEUPHOI_GATEWAY_CA_FILE"):
        open_channel(settings, "127.0.0.1:1")
