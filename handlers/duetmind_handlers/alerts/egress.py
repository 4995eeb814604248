"""Where a channel may connect to: checked on the very address of each connection, not on a name that may change.

The rule, for a URL the operator wrote:

- public addresses are allowed;
- loopback is allowed when the URL says so itself (`localhost`, `127.0.0.1`, `[::1]`);
- everything else (private, link-local, shared, reserved, multicast, cloud metadata, and IPv6 forms that
  embed such an IPv4 address) is refused, as is a name that resolves to one, unless `allow_private` is true
  or lists the network.

The check sits in the connector's socket factory: it sees literal addresses, resolved names and re-resolved
names (DNS rebinding) alike, and a refused address gets no socket, so not one packet leaves.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]

#: not public, whatever the running Python's own list says: protocol assignments with Oracle's metadata service,
#: and Azure's metadata service
_INSIDE: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"))

#: all of the public IPv6 internet (RFC 4291), and the prefix behind which a translator calls IPv4 (RFC 6052)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


class TargetRefusedError(OSError):
    """The target is, or resolves to, a private, loopback or metadata address."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())


@dataclass(frozen=True, slots=True)
class Egress:
    """The rule for one target; called by the connector, it makes the socket or refuses."""

    #: whether the URL itself says loopback
    loopback: bool = False
    #: True, or the networks beyond the public ones
    private: bool | tuple[Network, ...] = False

    def permits(self, address: Address) -> bool:
        """Whether a connection to `address` may be made.

        >>> Egress().permits(ip_address("93.184.216.34")), Egress().permits(ip_address("169.254.169.254"))
        (True, False)
        """
        if self.private is True or is_public(address):
            return True
        if self.loopback and address.is_loopback:
            return True
        return any(address in network for network in self.private or ())

    def __call__(self, info: AddressInfo) -> socket.socket:
        """Make the socket for a resolved address; raises TargetRefusedError, which ends this attempt only."""
        family, kind, protocol, _, sockaddr = info
        if not self.permits(ip_address(str(sockaddr[0]).partition("%")[0])):
            raise TargetRefusedError
        return socket.socket(family, kind, protocol)


def is_public(address: Address) -> bool:
    """Whether `address` is a unicast address of the public internet, also in what it embeds.

    >>> is_public(ip_address("::ffff:10.0.0.1")), is_public(ip_address("64:ff9b::a9fe:a9fe"))
    (False, False)
    """
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        relayed = address.sixtofour
        if address not in _GLOBAL_UNICAST or (relayed and not is_public(relayed)):
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _INSIDE)


def is_loopback_name(host: str) -> bool:
    """Whether `host`, as an operator wrote it, plainly says loopback.

    >>> is_loopback_name("localhost"), is_loopback_name("127.0.0.1"), is_loopback_name("0x7f.1")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
