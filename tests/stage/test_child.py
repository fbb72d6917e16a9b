"""Forks: what a child returns, or that it returned nothing, and where its output goes."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_dagguard.stage.child import Child, fork


def finished(child: Child) -> Any:
    """Wait for a child's result."""
    while not child.read():
        select.select([child.pipe], [], [])
    os.close(child.pipe)
    return child.result()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def code_of(child: Child) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])


@pytest.mark.parametrize("value", [None, 1, {"a": [1, (2, "x")]}, b"x" * 1_000_000], ids=["none", "int", "deep", "big"])
def test_what_it_returns_comes_back(log: Path, value: object) -> None:
    child = fork(lambda: value, str(log))
    assert finished(child) == value
    assert code_of(child) == 0


def raises() -> None:
    raise ValueError("in the child")


def exits() -> None:
    sys.exit(0)


def leaves() -> None:
    os._exit(0)


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("body", [raises, exits, leaves, dies, lambda: lambda: 1])
def test_a_child_that_does_not_return_leaves_nothing(log: Path, body: Callable[[], Any]) -> None:
    child = fork(body, str(log))
    assert finished(child) is None
    code_of(child)


def test_why_it_failed_is_in_its_log(log: Path) -> None:
    child = fork(raises, str(log))
    finished(child)
    assert code_of(child) != 0
    assert "ValueError: in the child" in log.read_text()


def test_its_output_goes_to_its_log_and_not_to_ours(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def body() -> str:
        print("by print")
        print("by stderr", file=sys.stderr)
        os.write(1, b"by descriptor\n")
        return sys.stdin.read() if sys.stdin else ""

    child = fork(body, str(log))
    finished(child)
    code_of(child)
    assert {"by print", "by stderr", "by descriptor"} <= set(log.read_text().splitlines())
    assert "by " not in "".join(capfd.readouterr())


def test_it_is_a_process_in_its_own_right(log: Path) -> None:
    def body() -> tuple[int, int, object, object]:
        return os.getpid(), os.getsid(0), signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGALRM)

    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        pid, session, *handlers = finished(child := fork(body, str(log)))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert pid == session == child.pid
    assert handlers == [signal.SIG_DFL, signal.SIG_DFL]
    code_of(child)


def test_it_lets_go_of_what_is_its_parents(log: Path) -> None:
    source, sink = os.pipe()
    child = fork(lambda: signal.pause(), str(log), lambda: os.close(sink))
    os.close(sink)
    assert os.read(source, 1) == b"", "the child holds the pipe open"
    os.kill(child.pid, signal.SIGKILL)
    assert finished(child) is None
    code_of(child)
    os.close(source)


def test_what_the_body_forks_does_not_answer_for_it(log: Path) -> None:
    def body() -> str:
        return "the child of the child" if os.fork() == 0 else "the child"

    child = fork(body, str(log))
    assert finished(child) == "the child"
    code_of(child)


def test_what_the_body_leaves_running_is_ended(log: Path) -> None:
    def body() -> int:
        other = os.fork()
        if other == 0:
            os.setsid()
            signal.pause()
        return other

    other = finished(child := fork(body, str(log)))
    code_of(child)
    assert not Path(f"/proc/{other}").exists() or " Z " in Path(f"/proc/{other}/stat").read_text()


def test_rubbish_is_looked_for_in_what_is_its_own_alone(log: Path) -> None:
    kept = [[each] for each in range(10_000)]
    child = fork(lambda: (len(gc.get_objects()), gc.get_freeze_count()), str(log))
    seen, frozen = finished(child)
    code_of(child)
    assert seen < len(kept) < frozen
