from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_dagguard.isolation import machine, network

from .conftest import Cloud, User, forbid_namespaces


def reaches(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return False
    return True


def attempt(user: User, cloud: Cloud, function):
    def body():
        assert network.enter(cloud.pid) is cloud.enclosed
        return function()

    return user.run(body)


def test_the_layers_that_are_announced_are_those_that_are_there(user: User, cloud: Cloud):
    assert user.granted().network is cloud.enclosed


def test_an_attempt_reaches_the_cloud_and_not_the_host(user: User, cloud: Cloud, outside: int):
    found = attempt(user, cloud, lambda: (reaches(cloud.port), reaches(outside)))
    # without a namespace the host's loopback is the cloud's
    assert found == (True, not cloud.enclosed)


def test_the_host_does_not_reach_the_enclosed_cloud(user: User, cloud: Cloud):
    assert reaches(cloud.port) is not cloud.enclosed


def test_a_shell_in_an_attempt_cannot_get_out(user: User, cloud: Cloud, outside: int):
    def shell():
        command = "exec 3<>/dev/tcp/127.0.0.1/%d"
        return [subprocess.run(["bash", "-c", command % port]).returncode == 0 for port in (cloud.port, outside)]

    assert attempt(user, cloud, shell) == [True, not cloud.enclosed]


def test_a_program_that_leaves_its_session_cannot_get_out_either(user: User, cloud: Cloud, outside: int):
    # one that every user may execute: this interpreter may lie in somebody's home
    name = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    program = f"import os, socket; os.setsid(); socket.create_connection(('127.0.0.1', {outside}))"

    def daemon():
        done = subprocess.run([name, "-c", program], env={}, capture_output=True, text=True, cwd="/")
        return done.returncode, done.stderr

    code, complaint = attempt(user, cloud, daemon)
    if cloud.enclosed:
        assert code == 1
        assert "ConnectionRefusedError" in complaint
    else:
        assert code == 0, complaint


def test_nothing_but_the_loopback_is_up(user: User, cloud: Cloud):
    def interfaces():
        return [line.split(":")[0].strip() for line in Path("/proc/self/net/dev").read_text().splitlines()[2:]]

    def routes():
        return Path("/proc/self/net/route").read_text().splitlines()[1:]

    found, known = attempt(user, cloud, lambda: (interfaces(), routes())) if sys.platform == "linux" else ([], [])
    if cloud.enclosed:
        assert "lo" in found
        assert known == []
    else:
        assert found == (interfaces() if sys.platform == "linux" else [])


def test_addresses_outside_are_unreachable_at_once(user: User, cloud: Cloud):
    def knock():
        results = []
        for family, address in (
            (socket.AF_INET, "192.0.2.1"),
            (socket.AF_INET, "169.254.169.254"),
            (socket.AF_INET6, "2001:db8::1"),
        ):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, kind) as out:
                    out.settimeout(0.01)
                    start = time.monotonic()
                    results.append((out.connect_ex((address, 53)), time.monotonic() - start))
        return results

    found = attempt(user, cloud, knock)
    if cloud.enclosed:
        assert {number for number, _ in found} == {errno.ENETUNREACH}
        assert max(seconds for _, seconds in found) < 2.5
    else:
        # TEST-NET answers nobody
        assert found[0][0] != 0


@pytest.mark.parametrize("inside", [True, False], ids=["in the cloud's network", "in the host's"])
def test_names_outside_fail_fast_and_nobody_is_asked(user: User, cloud: Cloud, ground: Path, inside: bool):
    def look_up():
        layers = machine.another_machine(ground, "worker-1", [])
        start = time.monotonic()
        try:
            socket.getaddrinfo("no-such-name.example.com", 443)
        except socket.gaierror as error:
            return layers, error.errno, time.monotonic() - start
        return layers, 0, time.monotonic() - start

    layers, number, seconds = attempt(user, cloud, look_up) if inside else user.run(look_up)
    assert number != 0
    if layers.network or layers.mounts:
        # not EAI_NONAME, which a name server would have told
        assert number == socket.EAI_AGAIN
        assert seconds < 2.5  # a name server that is asked in vain takes 5 s


def test_a_cloud_that_does_not_live_cannot_be_entered(user: User):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert user.run(lambda: network.enter(pid)) is False


def test_a_cloud_that_is_not_enclosed_cannot_be_entered(user: User, outside: int):
    pid, _ = user.start(lambda report: os.write(report, b"here"))
    assert user.run(lambda: (network.enter(pid), network.enclosed(), reaches(outside))) == (False, False, True)


def test_a_process_that_may_not_enclose_itself_is_unharmed(user: User, outside: int):
    def body():
        forbidden = forbid_namespaces()
        enclosed = network.enclose_cloud()
        return forbidden, enclosed, network.enclosed(), reaches(outside), os.geteuid()

    who = user.run(os.geteuid)
    forbidden, enclosed, said, reached, now = user.run(body)
    assert said is enclosed
    assert reached is not enclosed
    assert now == who
    assert not (forbidden and enclosed)


def test_capabilities_that_entering_gave_are_given_up(user: User, cloud: Cloud, ground: Path):
    def capabilities():
        return [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Cap")]

    def body():
        machine.another_machine(ground, "worker-1", [])
        return capabilities()

    if sys.platform == "linux":
        ordinary = [line for line in user.run(capabilities) if not line.startswith("CapBnd")]
        assert [line for line in attempt(user, cloud, body) if not line.startswith("CapBnd")] == ordinary
