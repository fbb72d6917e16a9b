"""A whole run over a folder of hostile DAG files: one failed item for each, and the run goes on to the others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

HEAD = "import os, signal, sys, time\nfrom airflow.sdk import DAG\n"
HOSTILE = {
    "a_exit": "sys.exit(1)",
    "b_os_exit": "os._exit(0)",
    "c_loop": "while True: pass",
    "d_memory": "x = bytearray(5 << 30)",
    "e_memory_slowly": "x = []\nwhile True: x.append(bytearray(b'x') * (16 << 20))",
    "f_forks": "while True:\n    if os.fork() == 0:\n        signal.pause()",
    "g_output": "for _ in range(1024): os.write(1, b'x' * (1 << 20))",
    "h_base_exception": "raise BaseException('no')",
    "i_not_utf8": "name = '\udce9'",
    "j_segfault": "import ctypes; ctypes.string_at(0)",
    "k_group": "os.killpg(0, signal.SIGKILL)",
    "l_daemon": "if os.fork() == 0:\n    os.setsid()\n    if os.fork():\n        os._exit(0)\n    time.sleep(600)\nraise ValueError('after it')",
    "m_signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: time.sleep(1)",
    "n_disk": "for i in range(10**6): open(f'f{i}', 'wb').write(b'x' * (4 << 20))",
}
HARMLESS = {"o_environ": "os.environ.clear()", "p_chdir": "os.chdir('/')", "q_large": "# much of it\n" * 900_000}
GOOD = "from airflow.sdk import dag, task\n@dag(schedule=None)\ndef good():\n    @task\n    def t(): ...\n    t()\ngood()\n"


@pytest.mark.slow
def test_each_hostile_file_is_one_failed_item_and_the_run_goes_on(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    for name, body in {**HOSTILE, **HARMLESS}.items():
        (dags / f"{name}.py").write_bytes((HEAD + body + "\n").encode("utf-8", "surrogateescape"))
    (dags / "z_good.py").write_text(GOOD)
    limits = 'memory = "1GB"\noutput = "16MB"\ndisk = "64MB"\nprocesses = 60\n'
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.dagguard]\nload-timeout = "5s"\nscenarios = ["twice"]\n[tool.dagguard.limits]\n{limits}'
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
    before = {each.pid for each in psutil.process_iter()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--dagguard", "-v", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**inherited, "COLUMNS": "120", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )
    outcomes = dict(re.findall(r"^(dags/\S+::\S+) (PASSED|FAILED|SKIPPED|ERROR)", done.stdout, re.MULTILINE))
    failed = {item for item, outcome in outcomes.items() if outcome != "PASSED"}
    assert failed == {f"dags/{name}.py::import-error" for name in HOSTILE}, done.stdout[-5000:]
    assert {f"dags/{name}.py::no-dag-in-file" for name in HARMLESS} < outcomes.keys()
    assert "dags/z_good.py::good.t::twice" in outcomes
    for name in ("memory", "processes", "output", "disk"):
        assert f"raise {name} under" in done.stdout
    assert "load-timeout" in done.stdout
    assert "SIGSEGV" in done.stdout
    assert [each for each in psutil.process_iter() if each.pid not in before and is_in(each, tmp_path)] == []
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("dagguard-")] == []


def is_in(process: psutil.Process, folder: Path) -> bool:
    """Say whether a process works in a folder: others on this machine may be somebody else's."""
    try:
        return str(folder) in process.cwd()
    except psutil.Error:
        return False
