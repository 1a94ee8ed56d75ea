"""Shuts the network for tests: only this machine's own addresses can be connected to or looked up."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


class NetworkAccessError(RuntimeError):
    """A test reached for the network. No OSError, or the clients would take it for an outage and try again."""


def is_local(host: object) -> bool:
    """Whether `host` names this machine: a loopback or unspecified address, localhost, or nothing."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address: Any = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _check(host: object) -> None:
    if not is_local(host):
        raise NetworkAccessError(f"a test may only talk to this machine, not to {host!r}")


def _check_address(connection: socket.socket, address: Any) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        _check(address[0])


def install() -> None:
    """Shuts the network in this process, for good when nobody calls `remove`."""

    def connect(self: socket.socket, address: Any) -> None:
        _check_address(self, address)
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(self, address)
        return _connect_ex(self, address)

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        _check(host)
        return _getaddrinfo(host, *args, **options)

    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
    socket.getaddrinfo = getaddrinfo


def remove() -> None:
    """Opens the network again."""
    socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = _connect, _connect_ex, _getaddrinfo
