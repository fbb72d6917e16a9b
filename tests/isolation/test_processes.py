from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from pytest_dagguard.isolation import machine, network, processes

from .conftest import Cloud, User

LINUX = sys.platform == "linux"


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def daemonise(report: int) -> None:
    """Fork twice, with a session in between, and report the id of the grandchild, which then waits for ever."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(report, f"{os.getpid()} ".encode())
            while True:
                signal.pause()
        os._exit(0)
    os.wait()


def test_what_an_attempt_started_dies_with_it(user: User):
    def attempt(report: int) -> None:
        processes.become_subreaper()
        # what BashOperator does: a shell in a session of its own, and its children
        shell = subprocess.Popen(
            ["sh", "-c", "sleep 600 & echo $!; wait"], start_new_session=True, stdout=subprocess.PIPE
        )
        sleeper = shell.stdout.readline().strip().decode()
        read, write = os.pipe()
        daemonise(write)
        grandchild = os.read(read, 100).decode()
        os.write(report, f"{shell.pid} {sleeper} {grandchild}".encode())

    pid, told = user.start(attempt)
    everyone = [pid, *map(int, told.split())]
    assert [runs(each) for each in everyone] == [True] * 4
    processes.kill_tree(pid)
    # where nothing brings a daemon back into the tree it is the marker's business
    alive = everyone if LINUX else everyone[:3]
    assert [runs(each) for each in alive] == [False] * len(alive)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    user.pids.remove(pid)


def test_a_daemon_that_left_the_tree_is_found_by_its_mount_namespace(user: User, cloud: Cloud, ground: Path):
    def attempt(report: int) -> None:
        network.enter(cloud.pid)
        layers = machine.another_machine(ground, "worker-1", [])
        read, write = os.pipe()
        daemonise(write)  # nobody is a subreaper here: it now belongs to init
        os.write(report, b"%d " % layers.mounts + os.read(read, 100))

    pid, told = user.start(attempt)
    mounts, daemon = map(int, told.split())
    processes.kill_tree(pid)
    found = runs(daemon)
    with contextlib.suppress(ProcessLookupError):
        os.kill(daemon, signal.SIGKILL)
    assert not runs(pid)
    assert found is not bool(mounts)


def test_bystanders_live_on(user: User):
    bystander, _ = user.start(lambda report: os.write(report, b"here"))
    pid, _ = user.start(lambda report: os.write(report, b"here"))
    processes.kill_tree(pid)
    assert runs(bystander)
    assert not runs(pid)


def test_a_tree_that_keeps_growing_is_killed_whole(user: User):
    def attempt(report: int) -> None:
        processes.become_subreaper()
        subprocess.Popen(["sh", "-c", "echo go; while :; do sh -c 'sleep 600 &' & wait; done"], stdout=report)

    pid, _ = user.start(attempt)
    reading = psutil.Process(pid)
    while len(reading.children(recursive=True)) < 10:
        pass
    before = [each.pid for each in reading.children(recursive=True)]
    processes.kill_tree(pid)
    assert not any(runs(each) for each in before)


def test_a_stopped_process_can_be_killed(user: User):
    pid, _ = user.start(lambda report: os.write(report, b"here"))
    os.kill(pid, signal.SIGSTOP)
    processes.kill_tree(pid)
    assert not runs(pid)


def test_a_process_that_is_gone_is_no_error(user: User):
    pid, _ = user.start(lambda report: os.write(report, b"here"))
    processes.kill_tree(pid)
    processes.kill_tree(pid)
    os.waitpid(pid, 0)
    user.pids.remove(pid)
    processes.kill_tree(pid)


@pytest.mark.skipif(not LINUX, reason="namespaces are Linux's")
def test_another_attempt_that_begins_as_one_ends_is_left_alone(
    user: User, ground: Path, monkeypatch: pytest.MonkeyPatch
):
    # The kernel gives the number of a namespace that has gone to the next that is made.
    def attempt(number: str) -> tuple[int, bytes]:
        scratch = ground / number
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o777)

        def body(report: int) -> None:
            mounts = machine.another_machine(scratch, "worker", [ground]).mounts
            os.write(report, os.readlink("/proc/self/ns/mnt").encode() if mounts else b"none")

        return user.start(body)

    pid, name = attempt("ending")
    if name == b"none":
        pytest.skip("the kernel grants nobody a namespace: so in some containers, and everywhere but on Linux")
    others: list[tuple[int, bytes]] = []
    kill = processes._kill

    def kill_and_reap(pids: list[int]) -> None:
        kill(pids)
        if not others:
            os.waitpid(pid, 0)
            user.pids.remove(pid)
            others.extend(attempt(f"beginning-{number}") for number in range(5))

    monkeypatch.setattr(processes, "_kill", kill_and_reap)
    processes.kill_tree(pid)
    assert [runs(other) for other, _ in others] == [True] * 5
    assert name not in [each for _, each in others]


def test_nobody_waits_for_his_own_end():
    with pytest.raises(ValueError, match="its own end"):
        processes.kill_tree(os.getpid())


@pytest.mark.parametrize("quick", [True, False], ids=["kernel", "psutil"])
def test_descendants_are_ended_and_the_caller_is_not(user: User, quick: bool, monkeypatch: pytest.MonkeyPatch):
    if not quick:
        monkeypatch.setattr(processes, "_kernel_descendants", processes._psutil_descendants)

    def attempt():
        processes.become_subreaper()
        read, write = os.pipe()
        children = [subprocess.Popen(["sleep", "600"], start_new_session=True).pid]
        daemonise(write)
        children.append(int(os.read(read, 100)))
        return processes.end_descendants(), [runs(each) for each in (children if LINUX else children[:1])]

    ended, alive = user.run(attempt)
    assert ended == (2 if LINUX else 1)
    assert not any(alive)


def test_the_sweep_finds_programs_by_the_marker(user: User):
    marker, other = uuid.uuid4().hex, uuid.uuid4().hex

    def start():
        # orphans of init: in nobody's tree any more
        command = "echo $$; exec sleep 600"
        found = []
        for value in (marker, marker, other):
            child = subprocess.Popen(
                ["sh", "-c", command],
                env={"PATH": "/usr/bin:/bin", processes.MARKER: value},
                start_new_session=True,
                stdout=subprocess.PIPE,
            )
            found.append(int(child.stdout.readline()))
        return found

    first, second, bystander = user.run(start)
    assert processes.sweep(marker) == 2
    assert [runs(first), runs(second), runs(bystander)] == [False, False, True]
    assert processes.sweep(marker) == 0
    assert processes.sweep(other) == 1


def test_it_dies_with_its_parent(user: User):
    def parent(report: int) -> None:
        me = os.getpid()
        if os.fork() == 0:
            granted = processes.die_with_parent(me)
            os.write(report, f"{os.getpid()} {int(granted)}".encode())
            while True:
                signal.pause()

    pid, told = user.start(parent)
    child, granted = map(int, told.split())
    assert bool(granted) is LINUX
    if not LINUX:
        os.kill(child, signal.SIGKILL)
        return
    end = select.poll()
    descriptor = os.pidfd_open(child)
    end.register(descriptor, select.POLLIN)
    os.kill(pid, signal.SIGKILL)
    assert end.poll(5000)
    os.close(descriptor)


def test_it_dies_at_once_where_the_parent_is_gone(user: User):
    def orphan():
        if os.fork() == 0:
            processes.die_with_parent(1 << 22)  # no process has such a number: somebody else is the parent by now
            os._exit(0)
        return os.waitstatus_to_exitcode(os.wait()[1])

    assert user.run(orphan) == (-signal.SIGKILL if LINUX else 0)


def test_the_parents_death_counts_in_the_clouds_network_too(user: User, cloud: Cloud, ground: Path):
    def parent(report: int) -> None:
        me = os.getpid()
        if os.fork() == 0:
            network.enter(cloud.pid)
            machine.another_machine(ground, "worker-1", [])
            processes.die_with_parent(me)
            os.write(report, str(os.getpid()).encode())
            while True:
                signal.pause()

    pid, told = user.start(parent)
    child = int(told)
    os.kill(pid, signal.SIGKILL)
    if LINUX:
        descriptor = os.pidfd_open(child)
        end = select.poll()
        end.register(descriptor, select.POLLIN)
        assert end.poll(5000)
        os.close(descriptor)
    else:
        os.kill(child, signal.SIGKILL)
