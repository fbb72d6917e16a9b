"""Director and stage killed: the cloud is the last one, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

DIRECTOR = """
import sys
from pathlib import Path
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.model.seed import Seed
here = Path(sys.argv[1])
lab = Lab(Options(root=here, dags=(here,), seed=Seed()))
lab.cloud.expect("ready", 60)
print(lab.scratch, lab.stage.process.pid, lab.cloud.process.pid, flush=True)
sys.stdin.read()
"""
PATIENCE = 30.0


@pytest.fixture
def director(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", DIRECTOR, str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    process.kill()
    process.communicate()


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("first", ["stage", "director"])
def test_of_a_director_and_a_stage_that_were_killed_nothing_is_left(
    director: subprocess.Popen[str], tmp_path: Path, first: str
) -> None:
    assert director.stdout is not None
    scratch, stage, cloud = director.stdout.readline().split()
    assert Path(scratch).is_dir()
    for each in sorted([int(stage), director.pid], key=lambda pid: (pid == director.pid) == (first == "stage")):
        os.kill(each, signal.SIGKILL)
    director.wait()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (Path(scratch).exists() or not ended(int(cloud))):
        time.sleep(0.02)
    assert not Path(scratch).exists()
    assert ended(int(cloud))
    assert list(tmp_path.iterdir()) == []
