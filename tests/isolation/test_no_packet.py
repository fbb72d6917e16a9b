"""Egress, proved from outside: in a network whose only way out is watched, a hundred ways to call out reach nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from isolation import ways_out


def test_there_are_a_hundred_ways() -> None:
    assert len(ways_out.ways()) >= 100


@pytest.mark.slow
def test_not_one_packet_gets_out(tmp_path: Path) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    done = subprocess.run(
        [*alone, sys.executable, str(Path(__file__).with_name("sink.py")), "drive", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["leaked"] == []
    assert found["control"] >= 4
    number = len(ways_out.ways())
    assert found["tried"] == {"load": number, "task": number, "program": number}
    assert (found["state"], found["load_errors"]) == ("success", []), found
    # what was tried was possible here: nearly all of it ended for want of a way, and not for want of a program
    missing = [each for each in (tmp_path / "tried" / "task").read_text().splitlines() if "ModuleNotFound" in each]
    assert missing == []
