"""Which IP addresses are public: what a server may connect to for a URL that a stranger sent (SSRF guard)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_NOT_PUBLIC_4 = (
    IPv4Network("168.63.129.16/32"),  # Azure's own server, which only its machines reach, on a registered address
    IPv4Network("192.0.0.0/24"),  # protocol assignments; other clouds' servers of the same kind
    IPv4Network("192.88.99.0/24"),  # relays from 6to4
)
# Outside of it lie loopback, link-local, site-local, multicast, IPv4 in disguise and NAT64.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4, which leads to any IPv4 address
    IPv6Network("3fff::/20"),  # documentation
)


def is_public(address: Address) -> bool:
    """Whether the address is public, and leads neither to a machine inside nor to one behind a gateway.

    Python's own tables differ from release to release, so what matters most is written down here.
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)
