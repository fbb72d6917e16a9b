"""A session: files loaded once, verdicts in the order of pytest's items, and helper processes that may be lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory
from pytest_dagguard.engine import session as sessions
from pytest_dagguard.engine.link import Link
from pytest_dagguard.engine.session import Session
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.verdict import Verdict


@pytest.fixture
def loaded(lab: Laboratory) -> Iterator[tuple[Path, Dag]]:
    path = lab.task('import tiny\ntiny.put("out/a", b"x")')
    (dag,) = lab.session.load(path).dags
    yield path, dag
    lab.forget()


def verdict(lab: Laboratory, loaded: tuple[Path, Dag]) -> Verdict:
    path, dag = loaded
    return lab.session.verdict(path, dag, dag.tasks[0], "twice")


def test_a_file_is_loaded_once(lab: Laboratory, loaded: tuple[Path, Dag], monkeypatch: pytest.MonkeyPatch) -> None:
    path, dag = loaded
    monkeypatch.setattr(type(lab.lab), "load", lambda self, path: pytest.fail("loaded again"))
    assert lab.session.load(path).dags == (dag,)


@pytest.mark.parametrize("name", ["stage", pytest.param("cloud", marks=pytest.mark.slow)])
def test_a_helper_process_that_is_lost_costs_one_verdict(
    lab: Laboratory, loaded: tuple[Path, Dag], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = getattr(lab.lab, name)
    assert isinstance(link, Link)
    launch = type(lab.lab.actors).launch

    def kill_then_launch(self: object, *arguments: object) -> None:
        monkeypatch.setattr(type(lab.lab.actors), "launch", launch)
        launch(self, *arguments)  # type: ignore[arg-type]
        os.kill(link.process.pid, signal.SIGKILL)

    monkeypatch.setattr(type(lab.lab.actors), "launch", kill_then_launch)
    lost = verdict(lab, loaded)
    assert lost.verdict == "inconclusive"
    assert str(lost.reason).startswith(f"the {name} process has ended unexpectedly (by SIGKILL); if nobody killed it")
    assert lost.group == "lost a helper process"
    assert (lost.dag_id, lost.task_id, lost.check) == ("d", "t", "twice")
    assert not Path(lost.file).is_absolute()
    assert link.process.wait() == -signal.SIGKILL
    assert verdict(lab, loaded).verdict == "pass"


def test_our_own_defects_are_named_and_are_no_verdict(
    lab: Laboratory, loaded: tuple[Path, Dag], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Session, file: Path, dag: Dag) -> None:
        lab.lab.cloud.call("nonsense")

    with monkeypatch.context() as patch:
        patch.setattr(sessions.Session, "_walk_of", broken)
        found = verdict(lab, loaded)
    assert found.verdict == "inconclusive"
    assert str(found.reason).startswith("dagguard itself failed: cloud: AttributeError")
    assert verdict(lab, loaded).verdict == "pass"


def test_the_walk_is_kept_within_a_dag_and_left_with_it(lab: Laboratory, loaded: tuple[Path, Dag]) -> None:
    path, dag = loaded
    assert verdict(lab, loaded).verdict == "pass"
    attempts = lab.lab.attempts
    assert verdict(lab, loaded).verdict == "pass"
    assert lab.lab.attempts == attempts, "neither the clean runs nor a trial that is known is run again"
    other = lab.task('import tiny\ntiny.put("out/b", b"x")')
    (another,) = lab.session.load(other).dags
    assert lab.session.verdict(other, another, another.tasks[0], "twice").verdict == "pass"
    assert verdict(lab, loaded).verdict == "pass"


def test_a_task_that_is_not_there_when_it_is_run(lab: Laboratory, loaded: tuple[Path, Dag]) -> None:
    path, _ = loaded
    gone = Task("gone", "Op")
    found = lab.session.verdict(path, Dag("d", tasks=(gone,)), gone, "twice")
    assert found.verdict == "inconclusive"
    assert "gone" in str(found.reason)
