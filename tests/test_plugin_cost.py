"""Those who have the plugin installed and do not ask for it pay nothing; what it takes in time, the benchmark says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEST = """
import sys

HEAVY = ("airflow", "moto", "aiohttp", "gcp_storage_emulator", "fakeredis", "boto3", "botocore", "psutil", "google.auth")


def test_what_is_imported():
    assert [each for each in HEAVY if each in sys.modules] == []
    own = sorted(each for each in sys.modules if each.split(".")[0] == "pytest_dagguard")
    allowed = {"plugin", "fixtures", "hooks", "config"}
    # what pods and jobs may do is one short list of words, and the limits are three numbers
    nouns = {"pytest_dagguard.model", "pytest_dagguard.model.life", "pytest_dagguard.model.limits"}
    assert [each for each in own if each.count(".") and each.split(".")[1] not in allowed and each not in nouns] == []
"""


def test_nothing_heavy_is_imported_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(TEST)
    # the other plugins of this environment may import what they like
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_dagguard.plugin"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": ""}
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
