"""Webhooks against a receiver that listens on this machine, and the addresses that are never called."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.channels.outcomes import SendLater, SendRefused
from workers.channels.webhooks import WebhookSender, may_call, networks, signature

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MESSAGE = SimpleNamespace(
    id=1, message_id="msg_1", recipient="wh_1", variables={"type": "dossier.registered", "data": {"code": "H"}}
)


class Receiver:
    """Answers each request with the next line of a script; keeps what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.came = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.came.append((head[0], headers, body))
        answer = self.answers.pop(0)
        if answer:
            writer.write(f"HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()


def sender(url, allowed="127.0.0.0/8", removed_at=None, seconds=5.0):
    async def find(number):
        return SimpleNamespace(url=url, secret=SECRET, removed_at=removed_at) if number == "wh_1" else None

    return WebhookSender(find, networks(allowed), lambda: NOW, seconds)


async def test_a_receiver_can_check_who_sent_what_when():
    async with Receiver("204 No Content") as receiver:
        await sender(f"http://localhost:{receiver.port}/hook?a=1").send(MESSAGE)
    ((line, headers, body),) = receiver.came
    assert line == "POST /hook?a=1 HTTP/1.1"
    assert headers["host"] == f"localhost:{receiver.port}"
    signed = f"msg_1.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-signature"].lower() == f"v1,{expected}".lower()
    assert json.loads(body) == MESSAGE.variables


def test_the_signature_is_the_one_of_the_standard():
    # The example of the Standard Webhooks reference implementations.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ("410 Gone", SendRefused),
        ("500 Oops", SendLater),
        ("404 Not Found", SendLater),
        ("302 Found", SendLater),
        ("", SendLater),
    ],
)
async def test_what_did_not_arrive_is_tried_again_unless_nobody_wants_it(answer, raised):
    async with Receiver(answer) as receiver:
        with pytest.raises(raised):
            await sender(f"http://127.0.0.1:{receiver.port}/").send(MESSAGE)
    assert len(receiver.came) == 1


async def test_a_receiver_that_is_away_is_tried_again():
    async with Receiver() as receiver:
        port = receiver.port
    with pytest.raises(SendLater):
        await sender(f"http://127.0.0.1:{port}/").send(MESSAGE)


async def test_a_receiver_that_never_answers_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SendLater):
        await sender(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2).send(MESSAGE)


async def test_a_removed_webhook_is_told_nothing():
    with pytest.raises(SendRefused):
        await sender("http://127.0.0.1:9/", removed_at=NOW).send(MESSAGE)


INNER = (
    "127.0.0.1 localhost [::1] 0.0.0.0 169.254.169.254 10.0.0.1 [::ffff:10.0.0.1] 2130706433 "
    "[fe80::1] 224.0.0.1 100.64.0.1"
)


@pytest.mark.parametrize("host", INNER.split())
async def test_no_inner_address_is_called_unless_it_was_allowed(host):
    for scheme in ("http", "https"):
        with pytest.raises(SendRefused, match="ngoài những mạng"):
            await sender(f"{scheme}://{host}:9/", allowed="192.0.2.0/24").send(MESSAGE)


ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    st.sampled_from(("::ffff:7f00:1", "::1", "fe80::1", "fc00::1", "2001:4860:4860::8888")).map(IPv6Address),
)


@given(ADDRESSES)
def test_without_tls_only_allowed_networks_are_called(address):
    assert not may_call("http", address, [])
    meant = getattr(address, "ipv4_mapped", None) or address
    if not meant.is_global or meant.is_multicast:
        assert not may_call("https", address, [])
    if address.version == 4:
        assert may_call("http", address, networks("0.0.0.0/0"))
    assert may_call("https", ip_address("8.8.8.8"), [])
