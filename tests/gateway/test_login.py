"""TLS, user and password, tokens: against a gateway and a token server on this machine that demand them."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from datetime import timedelta
from typing import Any

import grpc
import pytest
from pyzeebe.proto.gateway_pb2_grpc import add_GatewayServicer_to_server

from tests.gateway.certificates import DAY, Authority
from tests.gateway.fake_gateway import FakeGateway, Status
from tests.gateway.fake_login import SECRET, Door, TokenServer
from tests.gateway.samples import add_one, contract
from workers import doctor
from workers.errors import UserError
from workers.runtime import tokens
from workers.runtime.catalog import Catalog, JobSpec
from workers.runtime.channel import open_channel
from workers.runtime.engine_client import EngineClient, EngineDenied, EngineUnavailable
from workers.runtime.metrics import Metrics
from workers.runtime.runner import ExitCode, Runner, RunnerOptions
from workers.settings import Settings

PASSWORD = "made-up-password"
BASIC = "Basic " + base64.b64encode(f"worker:{PASSWORD}".encode()).decode()


class Site:
    """A gateway behind TLS and a door, its authority, its token server, and settings that fit them."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.authority = Authority()
        self.door = Door()
        self.gateway = FakeGateway()
        self.token_server = TokenServer(self.door)
        self._server: Any = None
        (folder / "ca.pem").write_bytes("# CA ví dụ của Thành phố\n".encode() + self.authority.certificate)

    async def open(self, host: str = "127.0.0.1", until: timedelta = DAY, *, tls: bool = True, demands: bool = False):
        guards = (self.door,) if demands else ()
        self._server = grpc.aio.server(interceptors=guards, options=(("grpc.so_reuseport", 0),))
        add_GatewayServicer_to_server(self.gateway, self._server)
        identity = self.authority.certify(host, until=until)
        credentials = grpc.ssl_server_credentials([(identity.key, identity.certificate)])
        address = "127.0.0.1:0"
        port = self._server.add_secure_port(address, credentials) if tls else self._server.add_insecure_port(address)
        self.gateway.port = port
        await self._server.start()
        return self

    async def close(self) -> None:
        await self.token_server.stop()
        if self._server is not None:
            await self._server.stop(0)

    def settings(self, **given: Any) -> Settings:
        usual = {
            "gateway_address": self.gateway.address,
            "gateway_tls": True,
            "gateway_ca_file": self.folder / "ca.pem",
        }
        return Settings(**{**usual, **given})

    def basic(self, password: str = PASSWORD) -> Settings:
        return self.settings(gateway_auth="basic", gateway_user="worker", gateway_password=password)

    def oauth(self, **given: Any) -> Settings:
        usual = {
            "gateway_auth": "oauth",
            "gateway_client_id": "dieuphoi",
            "gateway_client_secret": SECRET,
            "gateway_token_url": self.token_server.url,
            "gateway_audience": "zeebe",
        }
        return self.settings(**{**usual, **given})


@pytest.fixture
async def site(tmp_path):
    made = Site(tmp_path)
    yield made
    await made.close()


def client_of(settings: Settings) -> EngineClient:
    return EngineClient(open_channel(settings, "unused:1"), settings.gateway_address)


async def ask(settings: Settings) -> None:
    async with client_of(settings) as client:
        await client.topology()


class Memory:
    """A workplace that remembers nothing."""

    def open(self, _contract: Any, _job: Any) -> Any:
        return self

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_error: object) -> None:
        return None

    context = None

    async def stored_result(self) -> None:
        return None

    async def commit(self, _result: Any) -> None:
        return None

    async def rollback(self) -> None:
        return None


# TLS


async def test_speaks_tls_with_a_named_authority(site):
    await site.open()
    await ask(site.settings())


@pytest.mark.parametrize(
    ("opened", "given", "sentence"),
    [
        ({"until": -DAY}, {}, "đã hết hạn; hãy gia hạn chứng thư"),
        ({"host": "zeebe.example.vn"}, {}, "cấp cho tên khác; hãy dùng đúng tên máy"),
        ({}, {"gateway_ca_file": None}, "không do một CA được tin cậy cấp; hãy ghi .* DIEUPHOI_GATEWAY_CA_FILE"),
        ({"tls": False}, {}, "không nói TLS ở cổng này; hãy bật TLS"),
        ({}, {"gateway_tls": False}, "đóng kết nối; nếu máy chủ đòi TLS, hãy đặt DIEUPHOI_GATEWAY_TLS=true"),
    ],
    ids=["expired", "another name", "unknown authority", "server without TLS", "client without TLS"],
)
async def test_a_connection_that_cannot_be_trusted_is_explained(site, opened, given, sentence):
    await site.open(**opened)
    with pytest.raises(EngineUnavailable, match=f"Không kết nối được Camunda tại {site.gateway.address}.*{sentence}"):
        await ask(site.settings(**given))


async def test_a_false_authority_of_the_same_name_is_not_trusted(site):
    (site.folder / "ca.pem").write_bytes(Authority().certificate)
    await site.open()
    with pytest.raises(EngineUnavailable, match="không do một CA được tin cậy cấp"):
        await ask(site.settings())


@pytest.mark.parametrize("content", [None, b"", b"no certificate", "chứng thư".encode()])
async def test_an_unusable_authority_is_told_before_connecting(site, content):
    path = site.folder / "other.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"other\.pem; hãy kiểm tra DIEUPHOI_GATEWAY_CA_FILE"):
        open_channel(site.settings(gateway_ca_file=path), "127.0.0.1:1")


async def test_doctor_explains_the_connection(site):
    await site.open(until=-DAY)
    check = await doctor._engine(site.settings())
    assert check.ok is False
    assert "đã hết hạn" in check.text


# user and password


async def test_logs_in_with_user_and_password(site):
    """Gap 17: no basic-auth channel."""
    site.door.accepted.add(BASIC)
    await site.open(demands=True)
    await ask(site.basic())


async def test_a_wrong_password_is_told_without_the_password(site):
    site.door.accepted.add(BASIC)
    await site.open(demands=True)
    with pytest.raises(
        EngineDenied, match=r"Camunda không cho phép.*hãy kiểm tra tài khoản DIEUPHOI_GATEWAY"
    ) as caught:
        await ask(site.basic("wrong-made-up-password"))
    assert "made-up-password" not in caught.value.message


async def test_run_ends_with_its_exit_code_and_a_reason_when_the_password_is_wrong(site):
    await site.open(demands=True)
    settings = site.basic("wrong-made-up-password")
    given = {
        "GATEWAY_ADDRESS": settings.gateway_address,
        "GATEWAY_TLS": "true",
        "GATEWAY_CA_FILE": str(settings.gateway_ca_file),
        "GATEWAY_AUTH": "basic",
        "GATEWAY_USER": "worker",
        "GATEWAY_PASSWORD": "wrong-made-up-password",
        "DATA_DIR": str(site.folder / "data"),
        "METRICS_PORT": "0",
        "LOG_LEVEL": "debug",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.cli", "run"),
        env={"PATH": os.defpath, **{f"DIEUPHOI_{name}": value for name, value in given.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        printed = (await process.communicate())[0].decode()
    assert process.returncode == ExitCode.ACCESS_DENIED
    assert "hãy kiểm tra tài khoản DIEUPHOI_GATEWAY" in printed
    assert "made-up-password" not in printed
    assert base64.b64encode(b"worker:wrong-made-up-password").decode() not in printed


# tokens


async def test_logs_in_with_a_token_of_a_server_of_the_same_authority(site):
    identity = site.authority.certify()
    await site.token_server.start(identity, site.folder)
    await site.open(demands=True)
    await ask(site.oauth(gateway_scope="jobs"))
    assert site.token_server.requests == [
        {
            "grant_type": "client_credentials",
            "client_id": "dieuphoi",
            "client_secret": SECRET,
            "audience": "zeebe",
            "scope": "jobs",
        }
    ]


async def test_many_calls_at_once_share_one_token(site):
    await site.token_server.start()
    await site.open(demands=True)
    async with client_of(site.oauth()) as client:
        await asyncio.gather(*(client.topology() for _ in range(20)))
    assert len(site.token_server.requests) == 1


async def test_a_token_that_the_gateway_no_longer_takes_is_replaced_once(site):
    await site.token_server.start()
    await site.open(demands=True)
    async with client_of(site.oauth()) as client:
        await client.topology()
        site.door.accepted.clear()  # as after a restart of the token server with new keys
        await asyncio.gather(*(client.topology() for _ in range(5)))
    assert len(site.token_server.requests) == 2


async def test_a_gateway_that_takes_no_token_at_all_denies_after_one_replacement(site):
    await site.token_server.start()
    site.token_server.answers += [(200, {"access_token": "foreign"})] * 2
    await site.open(demands=True)
    with pytest.raises(EngineDenied, match="hãy kiểm tra tài khoản"):
        await ask(site.oauth())
    assert (len(site.token_server.requests), site.door.refusals) == (2, 2)


def runner_of(settings: Settings, spec: JobSpec[Any, Any], **options: Any) -> Runner:
    catalog = Catalog([spec])
    channel = open_channel(settings, "unused:1")
    return Runner(catalog, Memory(), channel, Metrics(catalog.types), RunnerOptions(**options))


async def end_of(running: asyncio.Task[ExitCode]) -> ExitCode:
    async with asyncio.timeout(30):
        return await running


async def test_workers_outlast_a_token_that_is_no_longer_taken(site):
    await site.token_server.start()
    await site.open(demands=True)
    runner = runner_of(site.oauth(), JobSpec(contract(), add_one))
    running = asyncio.create_task(runner.run())
    await site.gateway.add("sample.job")
    await site.gateway.until(lambda: len(site.gateway.completed) == 1)
    site.door.accepted.clear()
    await site.gateway.add("sample.job")
    await site.gateway.until(lambda: len(site.gateway.completed) == 2)
    runner.stop()
    assert await end_of(running) is ExitCode.STOPPED


async def test_workers_whose_secret_is_wrong_end_and_say_why(site):
    await site.token_server.start()
    await site.open(demands=True)
    runner = runner_of(site.oauth(gateway_client_secret="wrong"), JobSpec(contract(), add_one))
    assert await end_of(asyncio.create_task(runner.run())) is ExitCode.ACCESS_DENIED
    assert "HTTP 401 invalid_client" in runner.health.report()["job_types"]["sample.job"]["reason"]


async def test_a_stream_of_jobs_logs_in_with_a_token(site):
    await site.token_server.start()
    await site.open(demands=True)
    spec = JobSpec(contract(person_waits=True), add_one)
    runner = runner_of(site.oauth(), spec, streaming=True, stream_lifetime=timedelta(seconds=5))
    running = asyncio.create_task(runner.run())
    await site.gateway.until(lambda: site.gateway.streams["sample.job"])
    await site.gateway.add("sample.job")
    await site.gateway.until(lambda: len(site.gateway.completed) == 1)
    runner.stop()
    assert await end_of(running) is ExitCode.STOPPED


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            (401, {"error": "invalid_client"}),
            EngineDenied,
            r"từ chối \(HTTP 401 invalid_client\); hãy kiểm tra DIEUPHOI",
        ),
        ((400, {"error": "invalid_scope"}), EngineDenied, r"từ chối \(HTTP 400 invalid_scope\)"),
        ((404, "<html>"), EngineDenied, r"từ chối \(HTTP 404\)"),
        ((200, "<html>"), EngineDenied, "không có token; hãy xem lại địa chỉ DIEUPHOI_GATEWAY_TOKEN_URL"),
        ((200, {"access_token": "a\nb"}), EngineDenied, "không có token"),
        ((200, []), EngineDenied, "không có token"),
        ((503, "busy"), EngineUnavailable, "HTTP 503; hãy kiểm tra máy chủ cấp token"),
        ((429, {}), EngineUnavailable, "HTTP 429; hãy kiểm tra máy chủ cấp token"),
    ],
)
async def test_an_answer_without_a_token_is_explained(site, answer, kind, sentence):
    await site.token_server.start()
    site.token_server.answers.append(answer)
    await site.open(demands=True)
    with pytest.raises(kind, match=f"không lấy được token từ {site.token_server.url}: .*{sentence}") as caught:
        await ask(site.oauth())
    assert SECRET not in caught.value.message


async def test_the_token_servers_own_words_are_not_repeated(site):
    await site.token_server.start()
    await site.open(demands=True)
    with pytest.raises(EngineDenied) as caught:
        await ask(site.oauth(gateway_client_secret="wrong"))
    assert "secret words" not in caught.value.message


async def test_a_token_server_that_is_down_is_for_later(site):
    await site.token_server.start()
    await site.open(demands=True)
    await site.token_server.stop()
    with pytest.raises(EngineUnavailable, match="không kết nối được; hãy kiểm tra địa chỉ"):
        await ask(site.oauth())
    await site.token_server.start()
    await ask(site.oauth())


async def test_a_slow_token_server_is_given_up_for_now(site, monkeypatch):
    monkeypatch.setattr(tokens, "ANSWER_SECONDS", 0.1)
    await site.token_server.start()
    site.token_server.delay = 30
    await site.open(demands=True)
    with pytest.raises(EngineUnavailable, match=r"không trả lời trong 0\.1 giây"):
        await ask(site.oauth())


async def test_a_token_server_of_an_unknown_authority_gets_no_secret(site):
    await site.token_server.start(Authority("Another CA").certify(), site.folder)
    await site.open(demands=True)
    with pytest.raises(EngineUnavailable, match="không do một CA được tin cậy cấp"):
        await ask(site.oauth())
    assert site.token_server.requests == []


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def source(site):
    await site.token_server.start()
    clock = Clock()
    form = {"client_secret": SECRET}
    made = tokens.TokenSource(tokens.TokenServer(site.token_server.url, form, None), clock)
    made.clock = clock
    return made


@pytest.mark.parametrize(("lifetime", "kept"), [(300, 240), (3600, 3540), (10, 8), (None, 240)])
async def test_a_token_is_renewed_before_it_expires(site, source, lifetime, kept):
    site.token_server.lifetime = lifetime
    assert await source.token() == "token-1"
    source.clock.now += kept - 1
    assert await source.token() == "token-1"
    source.clock.now += 1
    assert await source.token() == "token-2"


async def test_a_token_that_cannot_be_renewed_serves_until_it_expires(site, source):
    await source.token()
    site.token_server.answers += [(503, "")] * 3
    source.clock.now += 250
    assert await source.token() == "token-1"
    assert await source.token() == "token-1"
    assert len(site.token_server.requests) == 2  # not asked again at once
    source.clock.now += 50
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await source.token()
    assert caught.value.code() is Status.UNAVAILABLE
    site.token_server.answers.clear()
    assert await source.token() == "token-4"
