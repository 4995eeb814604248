"""No request leaves for an address inside, however it is written or resolved: not one connection is made."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from aiohttp import web
from pydantic import SecretStr

from duetmind_adaptive.contracts import Delivered, Rejected, Retry
from duetmind_handlers.alerts import slack, webhook

HOSTS = [
    "0.0.0.0",
    "0",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "017700000001",
    "2130706433",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "①②⑦.⓪.⓪.①",
]


@contextlib.asynccontextmanager
async def counting():
    """A server on every address of this machine that counts connections."""
    accepted = []

    async def count(_reader, writer):
        accepted.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(count, "0.0.0.0", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], accepted


@pytest.mark.parametrize("host", HOSTS)
async def test_an_address_inside_gets_no_connection(host, make_alert, attempt):
    async with counting() as (port, accepted):
        channel = webhook.create("ops", {"url": f"http://{host}:{port}/x", "secret": SecretStr("s")})
        outcome = await channel.send(make_alert(), attempt)
        await channel.close()
    assert accepted == []
    assert isinstance(outcome, Rejected)


@pytest.fixture
def resolve_to(monkeypatch):
    """Make every name resolve to these addresses, a list per lookup."""

    def answer(*lookups):
        left = list(lookups)

        def getaddrinfo(_host, port, *_args, **_kwargs):
            addresses = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return answer


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["169.254.169.254"]])
async def test_a_name_that_resolves_inside_gets_no_connection(resolve_to, addresses, make_alert, attempt):
    async with counting() as (port, accepted):
        resolve_to(addresses)
        channel = webhook.create("ops", {"url": f"http://rebind.example:{port}/x", "secret": SecretStr("s")})
        outcome = await channel.send(make_alert(), attempt)
        await channel.close()
    assert accepted == []
    assert isinstance(outcome, Rejected)
    assert "allow_private" in outcome.reason


async def test_a_name_that_is_rebound_after_a_delivery_is_checked_again(
    resolve_to, receiver, make_alert, attempt, monkeypatch
):
    """The first lookup is allowed by its network, the second leads elsewhere inside."""
    resolve_to(["127.0.0.1"], ["127.0.0.2"])
    options = {
        "url": f"http://rebind.example:{receiver.port}/x",
        "secret": SecretStr("s"),
        "allow_private": ["127.0.0.1/32"],
    }
    first, second = webhook.create("ops", options), webhook.create("ops", options)
    assert isinstance(await first.send(make_alert(), attempt), Delivered)
    assert isinstance(await second.send(make_alert(), attempt), Rejected)
    await first.close()
    await second.close()


@pytest.mark.parametrize("allow", [True, ["127.0.0.0/8"]])
async def test_a_name_inside_is_called_where_the_operator_allows_it(resolve_to, receiver, make_alert, attempt, allow):
    resolve_to(["127.0.0.1"])
    url = f"http://hooks.internal:{receiver.port}/x"
    channel = webhook.create("ops", {"url": url, "secret": SecretStr("s"), "allow_private": allow})
    assert isinstance(await channel.send(make_alert(), attempt), Delivered)
    await channel.close()


async def test_localhost_written_by_the_operator_is_called(receiver, make_alert, attempt):
    channel = webhook.create("ops", {"url": receiver.url(host="localhost"), "secret": SecretStr("s")})
    assert isinstance(await channel.send(make_alert(), attempt), Delivered)
    await channel.close()


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://127.0.0.1:{port}/inside"])
async def test_a_redirect_to_an_address_inside_is_not_followed(receiver, make_alert, attempt, target):
    async with counting() as (port, accepted):
        for made in (
            webhook.create("ops", {"url": receiver.url(), "secret": SecretStr("s")}),
            slack.create("chat", {"webhook_url": SecretStr(receiver.url())}),
        ):
            receiver.answers.append(web.Response(status=307, headers={"Location": target.format(port=port)}))
            assert isinstance(await made.send(make_alert(), attempt), Retry)
            await made.close()
    assert accepted == []


async def test_slack_is_held_to_the_same_rule(make_alert, attempt):
    async with counting() as (port, accepted):
        channel = slack.create("chat", {"webhook_url": SecretStr(f"http://0.0.0.0:{port}/x")})
        outcome = await channel.send(make_alert(), attempt)
        await channel.close()
    assert accepted == []
    assert isinstance(outcome, Rejected)


async def test_a_proxy_from_the_environment_is_not_used(receiver, make_alert, attempt, monkeypatch):
    async with counting() as (port, accepted):
        for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        for made in (
            webhook.create("ops", {"url": receiver.url(), "secret": SecretStr("s")}),
            slack.create("chat", {"webhook_url": SecretStr(receiver.url())}),
        ):
            assert isinstance(await made.send(make_alert(), attempt), Delivered)
            await made.close()
    assert accepted == []
