"""Where the seeded bugs are: beside this file, and for Airflow 2 in a copy with its imports."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path


def place() -> Path:
    """The folder with ``dags``, ``innocents`` and ``seed`` for the Airflow that is here."""
    own = Path(__file__).resolve().parent
    if int(version("apache-airflow").split(".")[0]) >= 3:
        return own
    if str(own.parent) not in sys.path:  # as it is where these are no tests but a program of their own
        sys.path.append(str(own.parent))
    from older import translated

    copy = Path(tempfile.mkdtemp(prefix="mutants-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for folder in ("dags", "innocents", "seed"):
        shutil.copytree(own / folder, copy / folder)
    for path in [*copy.glob("dags/*.py"), *copy.glob("innocents/*.py")]:
        path.write_text(translated(path.read_text(encoding="utf-8")), encoding="utf-8")
    return copy
