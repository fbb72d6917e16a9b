"""What rules cost on top of loading the DAG files, and what kept loads save; in processor time."""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path

import psutil

from bench import generated
from bench.figures import say, table
from pytest_dagguard.engine.check import Terms
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.engine.link import Link
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.shelf import Shelf
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.seed import Seed


def measure(files: int) -> None:
    """Print the table.

    :param files: DAG files in the repository
    """
    with tempfile.TemporaryDirectory(prefix="dagguard-bench-") as folder:
        root = Path(folder, "repository")
        dags = generated.make(root, files)
        paths = sorted(dags.glob("*.py"))
        options = Options(root, (dags,), Seed(), paths=(str(root),))
        shelf = Path(folder, "loads")
        session = Session(options, Terms(root), {}, "", shelf=Shelf(shelf, options, os.environ))
        try:
            loading, keeping = _load(session, paths)
            judging = _judge(session, paths)
        finally:
            session.close()
        again = Session(options, Terms(root), {}, "", shelf=Shelf(shelf, options, os.environ))
        began = own()
        for path in paths:
            again.load(path)
        finding = own() - began
        if again.started:
            say("not every load was kept")
            again.close()
        rows = [
            ["load", *_cells(loading, files), ""],
            ["rules", *_cells(judging, files), f"{judging / loading:.1%}"],
            ["keep the loads", *_cells(keeping, files), f"{keeping / loading:.1%}"],
            ["take the kept loads", *_cells(finding, files), f"{finding / loading:.1%}"],
        ]
        head = ["processor time", "s", "ms a file", "of the load"]
        table(f"{files} generated DAG files", head, rows)


def _cells(seconds: float, files: int) -> list[str]:
    return [f"{seconds:.1f}", f"{seconds / files * 1000:.1f}"]


def _load(session: Session, paths: list[Path]) -> tuple[float, float]:
    """Load the files; seconds for that, with all providers imported before, and for keeping what came of it."""
    lab = session.lab
    for path in paths[: len(generated.KINDS)]:
        lab.load(path)
    began = own() + of_lab(lab)
    loaded: list[DagFile] = [lab.load(path) for path in paths]
    took = own() + of_lab(lab) - began
    assert session.shelf is not None
    began = own()
    for each in loaded:
        session.shelf.keep(each, lab.volatile)
        session.hygiene.add(each)
    return took, own() - began


def _judge(session: Session, paths: list[Path]) -> float:
    hygiene = session.hygiene
    began = own()
    for whole in (False, True):
        for path in paths:
            for name, dag in hygiene.of_file(str(path), whole):
                session.rule(name, str(path), dag)
    for name in hygiene.of_repository():
        session.rule(name)
    return own() - began


def own() -> float:
    """Seconds of this process and of the programs that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def of_lab(lab: Lab) -> float:
    """Seconds of the helper processes and their children that have ended."""
    total = 0.0
    for link in (lab.stage, lab.cloud):
        assert isinstance(link, Link)
        times = psutil.Process(link.process.pid).cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total
