from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import pickle
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from pytest_dagguard.isolation import egress

from .conftest import User


@pytest.fixture
def me() -> User:
    return User("self")


def hooked(me: User, function):
    """What ``function`` returns in a child with the hook, and what was recorded."""

    def body():
        seen: list[str] = []
        egress.install(seen.append)
        return function(), seen

    return me.run(body)


def refusal(call, *arguments):
    try:
        call(*arguments)
    except egress.ConnectionRefused as error:
        return type(error).__name__, str(error)
    except OSError as error:
        return type(error).__name__, ""
    return "", ""


def test_a_connection_is_refused_in_so_many_words_and_recorded_once(me: User):
    def connect():
        results = []
        for _ in range(3):
            with socket.socket() as out:
                results.append(refusal(out.connect, ("192.0.2.1", 443)))
        return results

    found, seen = hooked(me, connect)
    text = "dagguard: connection to 192.0.2.1:443 refused: only emulated services can be reached"
    assert found == [("ConnectionRefused", f"[Errno {errno.ECONNREFUSED}] {text}")] * 3
    assert seen == ["192.0.2.1:443"]


@pytest.mark.parametrize(
    ("family", "address", "recorded"),
    [
        (socket.AF_INET, ("10.1.2.3", 5432), "10.1.2.3:5432"),
        (socket.AF_INET, (b"10.1.2.3", 5432), "10.1.2.3:5432"),
        (socket.AF_INET6, ("2001:db8::1", 80), "[2001:db8::1]:80"),
        (socket.AF_INET6, ("::ffff:192.0.2.1", 80), "[::ffff:192.0.2.1]:80"),
        (socket.AF_UNIX, "/var/run/docker.sock", "/var/run/docker.sock"),
        (socket.AF_UNIX, b"/run/postgresql/.s.PGSQL.5432", "/run/postgresql/.s.PGSQL.5432"),
    ],
)
def test_connect_and_datagrams_are_refused(me: User, family: int, address, recorded: str):
    def connect():
        results = []
        with socket.socket(family) as out:
            results += [refusal(out.connect, address)[0], refusal(out.connect_ex, address)[0]]
        with socket.socket(family, socket.SOCK_DGRAM) as out:
            results.append(refusal(out.sendto, b"x", address)[0])
            results.append(refusal(out.sendmsg, [b"x"], [], 0, address)[0])
        return results

    found, seen = hooked(me, connect)
    assert found == ["ConnectionRefused"] * 4
    assert seen == [recorded]


def test_a_name_that_is_connected_to_does_not_get_anywhere(me: User):
    def connect():
        with socket.socket() as out:
            return refusal(out.connect, ("warehouse.example.com", 5432))[0]

    # Python looks it up before it raises the audit event: refused and recorded only where it resolves
    found, seen = hooked(me, connect)
    assert (found, seen) in [("gaierror", []), ("ConnectionRefused", ["warehouse.example.com:5432"])]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "127.1", "localhost", "0.0.0.0"])
def test_the_loopback_can_be_reached(me: User, host: str):
    def connect():
        with socket.socket() as listener:
            listener.bind(("0.0.0.0", 0))
            listener.listen()
            with socket.create_connection((host, listener.getsockname()[1])) as out:
                return out.getpeername()[0].startswith("127.")

    assert hooked(me, connect) == (True, [])


def test_other_sockets_are_left_alone(me: User, tmp_path: Path):
    def connect():
        os.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as out:
            listener.bind("s")
            listener.listen()
            out.connect("s")
            near, far = socket.socketpair()
            near.sendmsg([b"hello"])
            return far.recv(10)

    assert hooked(me, connect) == (b"hello", [])


def test_names_are_not_looked_up(me: User):
    def look_up():
        name = "bucket.s3.amazonaws.com"
        return [
            refusal(socket.getaddrinfo, name, 443)[0],
            refusal(socket.getaddrinfo, name.encode(), "https")[0],
            refusal(socket.gethostbyname, name)[0],
            refusal(socket.gethostbyname_ex, name)[0],
            refusal(socket.gethostbyaddr, "192.0.2.1")[0],
            refusal(socket.getnameinfo, ("192.0.2.1", 80), 0)[0],
        ]

    found, seen = hooked(me, look_up)
    name = "bucket.s3.amazonaws.com"
    assert found == ["NameRefused"] * 6
    assert seen == [f"{name}:443", f"{name}:https", name, "192.0.2.1"]


def test_a_refused_name_is_what_clients_expect_of_a_resolver(me: User):
    def look_up():
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo("example.com", 80)
        with pytest.raises(ConnectionRefusedError):
            socket.getaddrinfo("example.com", 80)

    hooked(me, look_up)


def test_own_names_and_addresses_are_looked_up(me: User):
    def look_up():
        return [
            bool(socket.getaddrinfo("localhost", 80)),
            bool(socket.getaddrinfo(None, 80)),
            bool(socket.getaddrinfo("192.0.2.1", 80, flags=socket.AI_NUMERICHOST)),
            refusal(socket.getaddrinfo, socket.gethostname(), 80)[0] in ("", "gaierror"),
            refusal(socket.gethostbyname, "127.0.0.1")[0],
        ]

    assert hooked(me, look_up) == ([True, True, True, True, ""], [])


def test_metadata_servers_are_refused_at_once_and_nobodys_fault(me: User):
    def ask():
        start = time.monotonic()
        results = []
        for host in ("169.254.169.254", "metadata.google.internal", "metadata.google.internal."):
            results.append(refusal(socket.create_connection, (host, 80))[0])
        return results, time.monotonic() - start

    (found, seconds), seen = hooked(me, ask)
    assert found == ["ConnectionRefused", "NameRefused", "NameRefused"]
    assert seconds < 2.5
    assert seen == []


def test_clients_of_every_kind_are_refused(me: User):
    async def in_loop():
        await asyncio.open_connection("async.example.com", 443)

    async def by_address():
        await asyncio.open_connection("192.0.2.7", 443)

    def ask():
        results = [refusal(urllib.request.urlopen, "http://url.example.com/x")[0]]
        results += [refusal(asyncio.run, in_loop())[0], refusal(asyncio.run, by_address())[0]]
        return results

    os.environ.pop("http_proxy", None)
    found, seen = hooked(me, ask)
    assert found == ["URLError", "NameRefused", "ConnectionRefused"]
    assert seen == ["url.example.com:80", "async.example.com:443", "192.0.2.7:443"]


def test_other_audit_events_are_none_of_its_business(me: User):
    def body():
        import sys

        sys.audit("socket.connect_to_nowhere", object())
        sys.audit("dagguard.test")
        return True

    assert hooked(me, body) == (True, [])


def test_a_recorder_that_connects_does_not_go_round_in_circles(me: User):
    def body():
        seen = []

        def record(destination: str) -> None:
            seen.append(destination)
            with contextlib.suppress(OSError):
                socket.create_connection(("192.0.2.1", 443))

        egress.install(record)
        refusal(socket.create_connection, ("192.0.2.1", 443))
        return seen

    assert me.run(body) == ["192.0.2.1:443"]


def test_the_recorders_file_survives_a_kill(me: User, tmp_path: Path):
    file = tmp_path / "egress"
    pid = os.fork()
    if pid == 0:
        egress.install(egress.recorder(file))
        with contextlib.suppress(OSError):
            socket.create_connection(("192.0.2.1", 443))
        if os.fork() == 0:
            for port in (443, 80):
                with contextlib.suppress(OSError):
                    socket.create_connection(("192.0.2.1", port))
            os._exit(0)
        os.wait()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert egress.read(file) == ("192.0.2.1:443", "192.0.2.1:80")


def test_without_a_file_nothing_was_refused(tmp_path: Path):
    assert egress.read(tmp_path / "missing") == ()


@pytest.mark.parametrize("cls", [egress.ConnectionRefused, egress.NameRefused])
def test_a_refusal_can_be_sent_to_another_process(cls: type[egress.ConnectionRefused]):
    error = pickle.loads(pickle.dumps(cls("example.com:443")))
    assert type(error) is cls
    assert "example.com:443" in str(error)
    assert error.errno == errno.ECONNREFUSED
