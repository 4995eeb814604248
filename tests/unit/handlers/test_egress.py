"""Nothing but the public internet may be called, unless the URL or the channel says so."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_handlers.alerts.egress import Egress, TargetRefusedError, is_loopback_name, is_public

INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::ffff:1.1.1.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address):
    assert not is_public(ip_address(address))
    assert not Egress().permits(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is(address):
    assert is_public(ip_address(address))
    assert Egress().permits(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_however_ipv6_wraps_it(address):
    wrapped = [f"::ffff:{address}", f"64:ff9b::{address}"]
    for each in wrapped:
        assert is_public(ip_address(each)) <= is_public(address)


def test_a_url_that_says_loopback_may_go_there_and_nowhere_else_inside():
    egress = Egress(loopback=True)
    assert egress.permits(ip_address("127.0.0.1"))
    assert egress.permits(ip_address("::1"))
    assert not egress.permits(ip_address("10.0.0.1"))
    assert not egress.permits(ip_address("169.254.169.254"))


def test_listed_networks_are_allowed_and_no_others():
    egress = Egress(private=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))
    assert egress.permits(ip_address("10.1.2.3"))
    assert egress.permits(ip_address("fd00::1"))
    assert not egress.permits(ip_address("10.2.0.1"))
    assert not egress.permits(ip_address("127.0.0.1"))


@pytest.mark.parametrize("address", INSIDE)
def test_all_of_it_is_allowed_where_the_operator_says_so(address):
    assert Egress(private=True).permits(ip_address(address))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.nip.io", False),
        ("0177.0.0.1", False),
        ("2130706433", False),
        ("127.1", False),
        ("0.0.0.0", False),
    ],
)
def test_only_the_plain_names_of_loopback_count_as_saying_it(host, loopback):
    assert is_loopback_name(host) is loopback


def test_a_refused_address_gets_no_socket_and_an_allowed_one_does():
    def info(address):
        return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80))

    with pytest.raises(TargetRefusedError):
        Egress()(info("10.0.0.1"))
    with Egress()(info("1.1.1.1")) as made:
        assert made.family == socket.AF_INET


def test_a_scoped_link_local_address_is_refused():
    with pytest.raises(TargetRefusedError):
        Egress()((socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("fe80::1%eth0", 80, 0, 2)))
