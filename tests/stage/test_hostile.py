"""DAG files and tasks that take the machine for their own: each comes to one clear end, and the next one is fine."""

from __future__ import annotations

import time

import psutil
import pytest

from laboratory import Laboratory, said
from stage.test_load import GOOD, at_work, error_of

HEAD = "import os, signal, subprocess, sys, threading, time\nfrom airflow.sdk import DAG\n"

EATS = {
    "memory": "x = bytearray(3 << 30)",
    "memory bit by bit": "x = []\nwhile True: x.append(bytearray(os.urandom(1)) * (16 << 20))",
    "memory in a child": "x = []\nif os.fork() == 0:\n    while True: x.append(bytearray(b'x') * (16 << 20))\nos.wait(); time.sleep(60)",
    "processes": "while True:\n    if os.fork() == 0:\n        signal.pause()",
    "output": "while True: os.write(1, b'x' * (1 << 20))",
    "disk": "for i in range(10**6): open(f'f{i}', 'wb').write(b'x' * (4 << 20))",
    "disk in one file": "os.write(os.open('f', os.O_CREAT | os.O_WRONLY), b'x')\nwith open('f', 'wb') as f:\n    while True: f.write(b'x' * (1 << 20))",
}
NAMED = {
    "memory": "uses more than 1 GB of memory; where it has to, raise memory under [tool.dagguard.limits]",
    "processes": "runs more than 60 processes at once; where it has to, raise processes under [tool.dagguard.limits]",
    "output": "prints more than 16 MB; where it has to, raise output under [tool.dagguard.limits]",
    "disk": "writes more than 64 MB of files; where it has to, raise disk under [tool.dagguard.limits]",
}


@pytest.mark.parametrize("what", EATS)
def test_a_file_that_eats_the_machine_is_ended_and_the_bound_is_named(lab: Laboratory, what: str) -> None:
    error = error_of(lab, HEAD + EATS[what])
    assert error.kind == "limit"
    assert error.message == f"while it loads, the file {NAMED[what.split()[0]]}"


def test_nothing_is_left_of_who_forked_without_end(lab: Laboratory) -> None:
    before = {each.pid for each in psutil.process_iter()}
    lab.load(lab.write(HEAD + EATS["processes"]))
    assert left_of(lab, before) == []


def left_of(lab: Laboratory, before: set[int]) -> list[int]:
    """What still runs of a child, after it had time to end."""
    stage = psutil.Process(lab.lab.stage.process.pid)  # type: ignore[union-attr]
    deadline = time.monotonic() + 5.0
    while (left := at_work(stage, before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


IGNORES = """
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
"""


@pytest.mark.parametrize(
    "body",
    [
        IGNORES + "while True: time.sleep(1)",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "threading.Thread(target=lambda: time.sleep(600)).start()\nwhile True: time.sleep(1)",
        "os.setsid() if os.fork() == 0 else None\n" + IGNORES + "while True: time.sleep(1)",
    ],
    ids=["ignored", "blocked", "a thread", "two of them"],
)
def test_a_file_that_heeds_no_signal_is_ended(lab: Laboratory, body: str) -> None:
    assert error_of(lab, HEAD + body, timeout=1.0).kind == "timeout"


@pytest.mark.parametrize(
    "line",
    [
        "os.environ.clear()",
        "os.chdir('/')",
        "sys.path.clear()",
        "sys.modules.clear()",
        "sys.stdout = sys.stderr = None",
        "os.close(1); os.close(2)",
        "os.umask(0o777)",
        "sys.setrecursionlimit(50)",
        "__import__('builtins').open = None",
        "__import__('gc').disable(); __import__('atexit').register(lambda: os._exit(9))",
    ],
)
def test_what_a_file_does_to_its_process_stays_there(lab: Laboratory, line: str) -> None:
    lab.load(lab.write(f"{HEAD}\n{line}\n"))
    for _ in range(2):
        loaded = lab.load(lab.write(GOOD))
        assert [each.dag_id for each in loaded.dags] == ["good"]


def test_a_segfault_in_c(lab: Laboratory) -> None:
    error = error_of(lab, HEAD + "import ctypes\nctypes.string_at(0)\n", timeout=20.0)
    assert error.kind == "crash"
    assert "SIGSEGV" in error.message
    assert "string_at" in error.detail


def test_a_file_that_kills_its_process_group(lab: Laboratory) -> None:
    assert error_of(lab, HEAD + "os.killpg(0, signal.SIGKILL)").kind == "crash"


def test_a_deep_recursion(lab: Laboratory) -> None:
    error = error_of(lab, HEAD + "def f(): f()\nf()\n")
    assert "RecursionError" in error.message


def test_a_large_file(lab: Laboratory) -> None:
    path = lab.write(GOOD)
    path.write_text(path.read_text() + "\n" + "# nothing to see here, and much of it\n" * 270_000)
    assert path.stat().st_size > 10_000_000
    assert [each.dag_id for each in lab.load(path).dags] == ["good"]


def test_five_hundred_dags_of_one_file(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator

        for i in range(500):
            with DAG(f"d{i}", schedule=None):
                EmptyOperator(task_id="t")
    """
    loaded = lab.load(lab.write(source))
    assert len(loaded.dags) == 500
    assert not loaded.errors


@pytest.mark.parametrize("what", ["memory", "memory bit by bit", "processes", "output", "disk"])
def test_a_task_that_eats_the_machine_is_inconclusive_by_name(lab: Laboratory, what: str) -> None:
    outcome = lab.attempt(f"import os, signal\n{EATS[what]}")
    (result,) = outcome.results.values()
    if what == "memory":
        assert result.error.startswith("MemoryError")  # the task's own failure: it may have a way to live with it
        return
    assert (result.state, outcome.group) == ("crashed", "limits")
    assert outcome.unreachable == f"attempt 1 {NAMED[what.split()[0]]}"


@pytest.mark.parametrize(
    "body",
    [
        "os.killpg(0, signal.SIGKILL)",
        "os.kill(os.getppid(), signal.SIGTERM); time.sleep(600)",
        f"if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        {IGNORES.strip().replace(chr(10), chr(10) + '        ')}\n        time.sleep(600)\n    os._exit(0)",
        "os.close(0); os.closerange(3, 200)",
    ],
    ids=["kills its group", "stops its parent", "a daemon that heeds no signal", "closes everything"],
)
def test_after_a_hostile_task_the_next_one_runs(lab: Laboratory, body: str) -> None:
    stage = lab.lab.stage.process.pid  # type: ignore[union-attr]
    before = {each.pid for each in psutil.process_iter()}
    lab.attempt(f"import os, signal, time\n{body}")
    assert said(lab.attempt('print("SAID", 1)')) == [1]
    assert lab.lab.stage.process.pid == stage  # type: ignore[union-attr]
    assert left_of(lab, before) == []
