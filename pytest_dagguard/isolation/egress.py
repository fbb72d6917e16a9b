"""The audit hook: refuses connections that Python code of an attempt opens to anything but the loopback, by name.

The network namespace stops more (subprocesses, C libraries) but can neither say where a connection was to go nor
fail a look-up in so many words; and where there are no namespaces, this is what there is. One thing it comes too late
for: ``sock.connect((name, port))`` looks the name up before Python raises the event.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

METADATA = frozenset(
    {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "100.100.100.200"}
)
METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})
"""Whom cloud clients ask for credentials as a matter of course: refused, but nobody's mistake."""

_SOCKET_FILES = ("docker.sock", "podman.sock", "containerd.sock", "crio.sock", ".s.PGSQL.", "mysqld.sock", "mysql.sock")
_RESOLVES_NOTHING = ("", "localhost", "localhost6", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


class ConnectionRefused(ConnectionRefusedError):
    """The attempt wanted to connect to something that is not emulated."""

    def __init__(self, destination: str) -> None:
        """
        :param destination: ``host:port``
        """
        self.destination = destination
        super().__init__(
            errno.ECONNREFUSED,
            f"dagguard: connection to {destination} refused: only emulated services can be reached",
        )

    def __reduce__(self) -> tuple[type[ConnectionRefused], tuple[str]]:
        return (type(self), (self.destination,))


class NameRefused(ConnectionRefused, socket.gaierror):
    """The attempt wanted the address of something that is not emulated; clients expect a gaierror there."""


def install(record: Callable[[str], None]) -> None:
    """Refuse, from now on and for good, what leaves the loopback.

    To be called in the attempt, never in a process that goes on after it: an audit hook cannot be taken out again.

    :param record: called once for each destination that was refused, except for metadata servers
    """
    guard = _Guard(record)
    checks = guard.checks

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check is not None:
            check(arguments)

    sys.addaudithook(hook)


class _Guard:
    """Looks at the arguments of the audit events that matter; each check raises or lets pass."""

    def __init__(self, record: Callable[[str], None]) -> None:
        self._record = record
        self._seen: set[str] = set()
        self.checks: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "socket.connect": self._connect,
            "socket.sendto": self._connect,
            "socket.sendmsg": self._connect,
            "socket.getaddrinfo": self._look_up,
            "socket.gethostbyname": self._look_up,
            "socket.gethostbyaddr": self._look_up_name,
            "socket.getnameinfo": self._name,
        }

    def _connect(self, arguments: tuple[Any, ...]) -> None:
        used, address = arguments
        if address is None:  # sendmsg on a connected socket
            return
        family = getattr(used, "family", None)
        if family in (socket.AF_INET, socket.AF_INET6):
            if isinstance(address, tuple) and len(address) >= 2 and not _is_local(address[0], self._own_name):
                self._refuse(address[0], address[1], ConnectionRefused)
        elif family == getattr(socket, "AF_UNIX", None):
            path = _text(address)
            if any(each in os.path.basename(path) for each in _SOCKET_FILES):
                self._refuse(path, None, ConnectionRefused)
        elif family == getattr(socket, "AF_VSOCK", -1):
            # the way from a virtual machine to its host, which no network namespace closes
            self._refuse(f"vsock {address}", None, ConnectionRefused)

    def _look_up(self, arguments: tuple[Any, ...]) -> None:
        host = arguments[0]
        # The address of an address asks nobody, and libraries do so to find out whether it is one.
        if not _is_local(host, self._own_name) and _address(_text(host)) is None:
            self._refuse(host, arguments[1] if len(arguments) > 1 else None, NameRefused)

    def _look_up_name(self, arguments: tuple[Any, ...]) -> None:
        if not _is_local(arguments[0], self._own_name):
            self._refuse(arguments[0], None, NameRefused)

    def _name(self, arguments: tuple[Any, ...]) -> None:
        address = arguments[0]
        if isinstance(address, tuple) and address and not _is_local(address[0], self._own_name):
            self._refuse(address[0], None, NameRefused)

    def _own_name(self) -> str:
        return socket.gethostname().lower()

    def _refuse(self, host: object, port: object, error: type[ConnectionRefused]) -> None:
        name = _text(host)
        destination = f"[{name}]" if ":" in name and port is not None else name
        if port is not None:
            destination += f":{_text(port)}"
        if not _is_metadata(name) and destination not in self._seen:
            self._seen.add(destination)
            self._record(destination)
        raise error(destination)


def _text(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _is_local(host: object, own_name: Callable[[], str]) -> bool:
    if host is None or host in ("127.0.0.1", "localhost", "::1", ""):  # nearly all of them
        return True
    name = _text(host).lower().rstrip(".")
    if name in _RESOLVES_NOTHING or name.endswith(".localhost"):
        return True
    address = _address(name)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    own = own_name()
    return name == own or name.partition(".")[0] == own


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address a literal stands for, in each of the forms that connect() takes (``127.1`` for one), or None."""
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except (OSError, UnicodeError):
            return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _is_metadata(name: str) -> bool:
    return name.lower().rstrip(".") in METADATA_NAMES or name in METADATA


def recorder(path: Path) -> Callable[[str], None]:
    """A recorder that keeps what it is told even where its process is killed right after, and in all its children.

    :param path: a file, appended to; made where it does not exist
    """
    name = os.fspath(path)

    def record(destination: str) -> None:
        # One write of one line, so that the lines of several processes do not mix. Opened each time: a task may
        # close descriptors that it does not know.
        descriptor = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, destination.replace("\n", " ").encode("utf-8", "replace") + b"\n")
        finally:
            os.close(descriptor)

    return record


def read(path: Path) -> tuple[str, ...]:
    """The destinations in a recorder's file, each once, in the order of their first refusal; empty without a file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(dict.fromkeys(lines))
