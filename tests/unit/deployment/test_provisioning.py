"""Passwords are made, never chosen and never lost; the workers' channel trusts the gateway's certificate."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from workers.errors import UserError
from workers.provisioning import CERTIFICATE, GENERATED, KEY, ensure_certificate, environment, write_environment
from workers.runtime.channel import open_channel
from workers.settings import load_settings

NOW = datetime.now(UTC)


def values(text):
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_every_password_is_long_and_different_each_time():
    first, second = values(environment()), values(environment())
    made = [one[name] for one in (first, second) for name in GENERATED]
    assert len(set(made)) == 2 * len(GENERATED)
    assert min(map(len, made)) == 48


def test_the_file_is_its_owners_only_and_is_never_overwritten(tmp_path):
    path = tmp_path / ".env"
    write_environment(path)
    before = path.read_text()
    assert mode(path) == 0o600
    with pytest.raises(UserError, match="không bị ghi đè"):
        write_environment(path)
    assert path.read_text() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Không ghi được"):
        write_environment(tmp_path / "file" / ".env")
    with pytest.raises(UserError, match="Không ghi được"):
        ensure_certificate(tmp_path / "file", "camunda", NOW)


def test_a_good_certificate_stays_and_an_ageing_one_or_another_hosts_is_replaced(tmp_path):
    assert ensure_certificate(tmp_path, "camunda", NOW)
    first = (tmp_path / CERTIFICATE).read_bytes()
    assert not ensure_certificate(tmp_path, "camunda", NOW + timedelta(days=669))
    assert (tmp_path / CERTIFICATE).read_bytes() == first
    assert ensure_certificate(tmp_path, "camunda", NOW + timedelta(days=671))
    assert ensure_certificate(tmp_path, "khac", NOW)
    (tmp_path / KEY).unlink()
    assert ensure_certificate(tmp_path, "khac", NOW)
    (tmp_path / CERTIFICATE).write_text("hỏng")
    assert ensure_certificate(tmp_path, "khac", NOW)
    assert (mode(tmp_path / KEY), mode(tmp_path / CERTIFICATE)) == (0o600, 0o644)


async def test_the_workers_channel_trusts_it_and_no_other(tmp_path):
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
        ensure_certificate(tmp_path / name, "camunda", NOW)
    pair = ((tmp_path / "ours" / KEY).read_bytes(), (tmp_path / "ours" / CERTIFICATE).read_bytes())
    server = grpc.aio.server()
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    await server.start()
    try:
        assert await connects(port, tmp_path / "ours" / CERTIFICATE)
        assert not await connects(port, tmp_path / "others" / CERTIFICATE)
    finally:
        await server.stop(None)


async def connects(port, ca_file):
    settings = load_settings(gateway_address=f"localhost:{port}", gateway_tls=True, gateway_ca_file=ca_file)
    channel = open_channel(settings, "")
    try:
        await asyncio.wait_for(channel.channel_ready(), 5)
    except TimeoutError:
        return False
    finally:
        await channel.close()
    return True
