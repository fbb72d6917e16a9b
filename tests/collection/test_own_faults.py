"""A process of the tool's own is killed at a random moment: what is told stays true, and nothing is left behind.

``DAGGUARD_TEST_KILLS`` and ``DAGGUARD_TEST_SEED`` say how often, and which moments.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

KILLS = int(os.environ.get("DAGGUARD_TEST_KILLS", "6"))
SEED = int(os.environ.get("DAGGUARD_TEST_SEED", "1"))
VICTIMS = ("cloud", "stage", "director")
PATIENCE = 60.0
"""Seconds within which what has lost its director must be gone."""

DAGS = """
import subprocess
from airflow.sdk import DAG, task

def put(path, body):
    import os, urllib.request
    url = os.environ["AWS_ENDPOINT_URL"] + "/" + path
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).read()

@task
def same():
    put("clean/same", b"x")
    put("clean/other", b"x")

@task
def new_each_time():
    import uuid
    put(f"clean/part-{uuid.uuid4()}", b"x")

@task
def leaves_a_daemon():
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    put("clean/daemon", b"x")

with DAG("d", schedule=None):
    same() >> new_each_time() >> leaves_a_daemon()
"""
TRUTH = {
    "dags/d.py::rules": "PASSED",
    "dags/d.py::d.same::twice": "PASSED",
    "dags/d.py::d.same::killed": "PASSED",
    "dags/d.py::d.new_each_time::twice": "FAILED",
    "dags/d.py::d.new_each_time::killed": "FAILED",
    "dags/d.py::d.leaves_a_daemon::twice": "PASSED",
    "dags/d.py::d.leaves_a_daemon::killed": "PASSED",
}


class Run:
    """One run of pytest over a small repository."""

    def __init__(self, root: Path) -> None:
        (root / "dags").mkdir(parents=True)
        (root / "tmp").mkdir()
        (root / "dags" / "d.py").write_text(DAGS)
        self.root, self.tmp = root, root / "tmp"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
        options = ["--dagguard", "--dagguard-only=scenarios", "--dagguard-scenarios=twice,killed", "-rs", "-v"]
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "pytest", *options, "-p", "no:cacheprovider"],
            cwd=root,
            env={**inherited, "TMPDIR": str(self.tmp), "COLUMNS": "400"},
            stdout=(root / "out").open("wb"),
            stderr=subprocess.STDOUT,
        )

    def kill(self, victim: str) -> bool:
        """SIGKILL one of its three processes; False where that has ended already."""
        with contextlib.suppress(psutil.Error, IndexError):
            found = [psutil.Process(self.process.pid)] if victim == "director" else self.helpers(victim)
            found[0].kill()
            return True
        return False

    def helpers(self, victim: str) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children()
            return [each for each in children if f"pytest_dagguard.{victim}" in " ".join(each.cmdline())]
        return []

    def said(self) -> str:
        return (self.root / "out").read_text(errors="replace")

    def left(self) -> list[str]:
        """Processes of this run, by what they were started with or where they are; and its folders."""
        found = [each.name for each in self.tmp.iterdir() if each.name.startswith("dagguard-")]
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                environ = Path(f"/proc/{each.pid}/environ").read_bytes()
                ours = str(self.tmp).encode() in environ or str(self.tmp) in each.cwd()
                if ours and each.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{each.pid} {each.cmdline()}")
        return found

    def gone(self) -> bool:
        """Wait until nothing of it is left; False where something stays."""
        deadline = time.monotonic() + PATIENCE
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.left()

    def tell(self, items: int) -> None:
        """Wait until so many items have their outcome, or the run has ended."""
        while len(outcomes(self.said())) < items and self.process.poll() is None:
            time.sleep(0.02)

    def files(self) -> list[str]:
        return sorted(str(each.relative_to(self.root)) for each in self.root.rglob("*"))


@pytest.fixture(scope="module")
def length(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that a run takes which nobody disturbs, and which comes to what is true."""
    began = time.monotonic()
    run = Run(tmp_path_factory.mktemp("undisturbed") / "r")
    run.process.wait(timeout=600)
    assert outcomes(run.said()) == TRUTH, run.said()[-3000:]
    assert run.left() == []
    return time.monotonic() - began


def outcomes(said: str) -> dict[str, str]:
    return dict(re.findall(r"^(dags/\S+::\S+) (PASSED|FAILED|SKIPPED|ERROR)", said, re.MULTILINE))


def test_a_run_that_loses_a_helper_and_then_itself(tmp_path: Path) -> None:
    """One helper or the other, at moments that vary: what is told until then is true, and nothing is left behind."""
    run, helper = Run(tmp_path / "r"), random.choice(VICTIMS[:2])
    before = [*run.files()]
    for items, victim in ((1, helper), (3, "director")):
        run.tell(items)
        time.sleep(random.uniform(0.0, 0.3))
        assert run.kill(victim), run.said()
    assert run.process.wait(timeout=60) == -signal.SIGKILL
    said = run.said()
    assert run.gone(), f"{run.left()}\n{said}"
    assert run.files() == sorted({*before, "out"}), said
    found = outcomes(said)
    assert len(found) >= 3, said
    lost = {item for item, outcome in found.items() if outcome != TRUTH[item]}
    assert all(found[each] == "SKIPPED" for each in lost), said
    assert len(lost) <= 1, said


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_process_makes_no_verdict_untrue_and_leaves_nothing(
    tmp_path: Path, length: float, number: int
) -> None:
    victim, moment = VICTIMS[number % 3], random.Random(SEED * 1000 + number).uniform(0.5, length)
    run = Run(tmp_path / "r")
    before = [*run.files()]
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.process.wait(timeout=moment)
    killed = run.kill(victim)
    run.process.wait(timeout=600)
    if victim == "director":
        run.gone()
    left, said = run.left(), run.said()
    told = f"{victim} after {moment:.2f} of {length:.1f} s, killed: {killed}\n{said[-3000:]}"
    assert left == [], told
    assert run.files() == sorted({*before, "out"}), told
    if victim == "director" and killed:
        assert run.process.returncode == -signal.SIGKILL
        return
    found = outcomes(said)
    assert found.keys() == TRUTH.keys(), told
    lost = {item for item, outcome in found.items() if outcome != TRUTH[item]}
    assert all(found[each] == "SKIPPED" for each in lost), told
    assert said.count(f"the {victim} process has ended unexpectedly (by SIGKILL)") >= len(lost), told
    assert len(lost) <= 1, told
