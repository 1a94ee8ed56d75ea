"""A URL -> the bytes of an image, without server-side request forgery (SSRF).

A server that takes URLs from strangers must not be used to reach its internal network. So a host is resolved once, each
of its addresses must be public, and the connection goes to the address that was checked; so for every redirect.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import BoundedSemaphore, Thread
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from resnet_hub.checks import check_integer, check_range
from resnet_hub.demo.intake.public_address import Address, is_public
from resnet_hub.errors import ImageError, Phrase

Place = tuple[int, tuple[Any, ...]]
"""An address with its family, as sockets take it."""
PORTS = {"http": 80, "https": 443}
MOVED = (301, 302, 303, 307, 308)
PIECE = 65_536
"""Bytes that are read at a time; a chunk that claims to be larger is never allocated whole."""
HEADER_BYTES = 200_000
"""Bytes of an answer that are no image, at most."""
SAFE = "%/:@!$&'()*+,;=~?"
"""What stays as it is in a path or a query."""
ATTEMPTS = 3
"""Addresses of a host that are tried."""

# The system's resolver has no timeout; a lookup that hangs blocks a thread, and this bounds their number.
_resolvers = BoundedSemaphore(16)


@dataclass(frozen=True)
class UrlLimits:
    """What a fetch may cost."""

    max_bytes: int = 20_000_000
    """Largest image, in bytes."""
    seconds: float = 10.0
    """Total timeout in seconds, from the first DNS lookup to the last byte."""
    redirects: int = 3
    """Redirects that are followed."""
    ports: tuple[int, ...] = (80, 443)
    """TCP ports that may be connected to."""
    max_characters: int = 2000
    """Longest address."""

    def __post_init__(self) -> None:
        check_integer("max_bytes", self.max_bytes, 1, 10**12)
        check_range("seconds", self.seconds, 0.001, 3600)
        check_integer("redirects", self.redirects, 0, 20)
        check_integer("max_characters", self.max_characters, 1, 65_536)
        for port in self.ports:
            check_integer("ports", port, 1, 65_535)


def fetch_image(
    url: str, limits: UrlLimits | None = None, *, is_public: Callable[[Address], bool] = is_public
) -> bytes:
    """The bytes at an address on the web; whether they are an image, `open_image` says. Blocks while it waits.

    The environment is ignored: no proxies, no cookies, no credentials.

    Args:
        url: An address with http or https, as a stranger typed it.
        limits: Time, size, redirects and ports.
        is_public: Says which addresses may be connected to.

    Raises:
        ImageError: The address is invalid or does not lead to a public server, the server gave no answer in time,
            or the answer is too large. The message holds the address as it came, and nothing of where it led.
    """
    limits = limits or UrlLimits()
    shown = url if len(url) <= 200 else url[:150] + "..."
    asked = Phrase("intake.asked", address=shown)
    fetch = _Fetch(asked, limits, _Deadline(limits.seconds), is_public)
    try:
        for _ in range(limits.redirects + 1):
            found = _ask(_target(url, fetch), fetch)
            if isinstance(found, bytes):
                return found
            url, fetch = found, replace(fetch, asked=Phrase("intake.asked_redirected", address=shown))
    except ImageError:
        raise
    except TimeoutError as error:
        raise ImageError("intake.url_slow", asked=asked, seconds=limits.seconds) from error
    except ssl.SSLCertVerificationError as error:
        raise ImageError("intake.url_certificate", asked=asked) from error
    except (OSError, HTTPException, ValueError) as error:
        raise ImageError("intake.url_broken", asked=asked) from error
    raise ImageError("intake.url_redirects", asked=asked, most=limits.redirects)


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self.end = monotonic() + seconds

    def left(self) -> float:
        """Seconds, above 0. Raises: TimeoutError."""
        left = self.end - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@dataclass(frozen=True)
class _Fetch:
    asked: Phrase
    """What errors call the address."""
    limits: UrlLimits
    deadline: _Deadline
    is_public: Callable[[Address], bool]


@dataclass(frozen=True)
class _Target:
    """A checked address, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query, all in ASCII."""
    url: str

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def _target(url: str, fetch: _Fetch) -> _Target:
    """The address taken apart. Raises: ImageError for one that is never asked."""
    url = url.strip(" ")
    if len(url) > fetch.limits.max_characters:
        raise ImageError("intake.url_long", asked=fetch.asked, most=fetch.limits.max_characters)
    unreadable = ImageError("intake.url_unreadable", asked=fetch.asked)
    # The standard's parsers drop tabs and line ends in silence, and do not agree on what \ is.
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise unreadable
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts)
    except ValueError as error:
        raise unreadable from error
    if parts.scheme not in PORTS or not host:
        raise unreadable
    if "@" in parts.netloc:
        raise ImageError("intake.url_password", asked=fetch.asked)
    port = PORTS[parts.scheme] if port is None else port
    if port not in fetch.limits.ports:
        raise ImageError(
            "intake.url_port", asked=fetch.asked, port=port, ports=" or ".join(map(str, fetch.limits.ports))
        )
    path = quote(parts.path or "/", safe=SAFE) + (f"?{quote(parts.query, safe=SAFE)}" if parts.query else "")
    return _Target(parts.scheme, host, port, path, url)


def _host(parts: SplitResult) -> str:
    """The host in ASCII: a name, or an address as it is usually written. Raises: ValueError."""
    host = (parts.hostname or "").removesuffix(".")
    if "[" in parts.netloc:
        whole = re.search(r"\[[0-9a-fA-F:.]+\](:[0-9]*)?$", parts.netloc)
        return str(IPv6Address(host if whole else ""))
    if not host.isascii():
        host = host.encode("idna").decode("ascii").lower()
    last = host.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1; nobody writes a public server's so.
        return str(IPv4Address(host))
    if host and not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", host):
        raise ValueError(host)
    return host


def _ask(target: _Target, fetch: _Fetch) -> bytes | str:
    """The bytes that the server sends, or the address that it redirects to."""
    places = _resolved(target, fetch)
    # A link-local address comes with its network interface behind a %.
    if not all(fetch.is_public(ip_address(place[0].partition("%")[0])) for _, place in places):
        raise ImageError("intake.url_not_public", asked=fetch.asked)
    with _connected(target, places[:ATTEMPTS], fetch.deadline) as connection:
        connection.settimeout(fetch.deadline.left())
        connection.sendall(
            f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\nUser-Agent: resnet_hub\r\nAccept: image/*\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
        )
        received: Any = _Received(connection, fetch.deadline, fetch.limits.max_bytes + HEADER_BYTES)
        response = HTTPResponse(received)
        response.begin()
        place = response.getheader("Location")
        if response.status in MOVED and place:
            return _next(target, place, fetch)
        if response.status != 200:
            raise ImageError("intake.url_status", asked=fetch.asked, status=response.status)
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise ImageError("intake.url_compressed", asked=fetch.asked)
        return _body(response, fetch)


def _resolved(target: _Target, fetch: _Fetch) -> list[Place]:
    """The addresses of the host. Raises: ImageError, TimeoutError."""
    if not _resolvers.acquire(timeout=fetch.deadline.left()):
        raise TimeoutError
    answer: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            answer.set_result(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except BaseException as error:
            answer.set_exception(error)
        finally:
            _resolvers.release()

    Thread(target=look_up, name="look up a host", daemon=True).start()
    try:
        found = answer.result(fetch.deadline.left())
    except (socket.gaierror, UnicodeError) as error:
        raise ImageError("intake.url_unknown_host", asked=fetch.asked) from error
    return [(family, place) for family, _, _, _, place in found]


def _connected(target: _Target, places: list[Place], deadline: _Deadline) -> socket.socket:
    """A connection to the first of the addresses that answers, encrypted where the scheme says so. Raises: OSError."""
    failed: OSError = OSError("the host has no address")
    for tried, (family, place) in enumerate(places):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(deadline.left() / (len(places) - tried))
            connection.connect(place)
            if target.scheme == "https":
                connection.settimeout(deadline.left())
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=target.host)
            return connection
        except OSError as error:
            connection.close()
            failed = error
    raise failed


def _next(target: _Target, place: str, fetch: _Fetch) -> str:
    """The target of a redirect. Raises: ImageError for one from https to http."""
    # Headers are read as Latin-1, and servers write UTF-8.
    url = urljoin(target.url, place.encode("latin-1").decode("utf-8", "replace").strip())
    if target.scheme == "https" and not url.lower().startswith("https:"):
        raise ImageError("intake.url_downgrade", asked=fetch.asked)
    return url


def _body(response: HTTPResponse, fetch: _Fetch) -> bytes:
    """What follows the headers. Raises: ImageError when it is too large or ends early."""
    max_bytes = fetch.limits.max_bytes
    too_large = ImageError("intake.url_large", asked=fetch.asked, most=max_bytes)
    if (response.length or 0) > max_bytes:
        raise too_large
    body = bytearray()
    while piece := response.read(min(PIECE, max_bytes + 1 - len(body))):
        body += piece
        if len(body) > max_bytes:
            raise too_large
    if response.length:
        raise ImageError("intake.url_short", asked=fetch.asked)
    return bytes(body)


class _Received(io.RawIOBase):
    """What a server sends, until the time or the bytes are used up; stands in for its socket."""

    def __init__(self, connection: socket.socket, deadline: _Deadline, most: int) -> None:
        self.connection, self.deadline, self.left = connection, deadline, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.connection.settimeout(self.deadline.left())
        count = self.connection.recv_into(buffer)
        self.left -= count
        if self.left < 0:
            raise ValueError("the answer has no end")
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)
