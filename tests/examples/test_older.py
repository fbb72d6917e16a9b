"""The examples under Airflow 2.11: what broke there breaks here by the same classes, and what was mended passes.

Their files are written for Airflow 3; ``older.py`` leads the imports to where Airflow 2 has the names. ``durable``, which
newer providers have, is ``reattach_on_restart`` to the operators of pods in those of Airflow 2, and nothing to others.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from subprocess_runs import copied, run_pytest
from test_examples import VARIANTS, _expected, _summary

from older import translated


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "variant"), VARIANTS, ids=[f"{path.name}-{variant}" for path, variant in VARIANTS])
def test_it_comes_to_what_is_expected(folder: Path, variant: str, tmp_path: Path) -> None:
    here = copied(folder, tmp_path)
    for path in here.rglob("*.py"):
        source = translated(path.read_text())
        older = r"reattach_on_restart=\1," if "KubernetesPodOperator" in source else ""
        path.write_text(re.sub(r"durable=(\w+),", older, source))
    report = tmp_path / "report.json"
    files = [str(path.relative_to(here)) for path in sorted((here / variant).rglob("*.py"))]
    named = [] if variant == "dags" else files
    ran = run_pytest(here, "--dagguard", "--dagguard-report", f"json:{report}", *named)
    assert report.exists(), ran.stdout + ran.stderr
    assert _summary(json.loads(report.read_text())) == _expected(folder, variant), ran.stdout
