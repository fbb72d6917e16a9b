"""Running scenarios on the tasks of one file, each task alone and from the seed."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import psutil

from pytest_dagguard.config import seed_folder
from pytest_dagguard.engine.check import Terms, check
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.model import registry
from pytest_dagguard.model import verdict as verdicts
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.errors import DagguardError, ProcessLost
from pytest_dagguard.model.plan import Plan, Point, Search, Searching, Strategy
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.verdict import Verdict

from .catalogue import HERE, Case

LOST = "lost a helper process"


@dataclass(frozen=True, slots=True)
class Tried:
    """One scenario on one task.

    :param first: attempts run (the two clean ones among them) until something was found first, 0 where nothing was
    :param trials: schedules that were run in the search
    :param cpu: seconds of processors' time of all processes
    """

    case: Case
    task: str
    scenario: str
    verdict: Verdict
    first: int = 0
    trials: int = 0
    cpu: float = 0.0

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of what was found, gravest first."""
        return tuple(dict.fromkeys(each.cls for each in self.verdict.findings))

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Classes of what was found and is no warning that the file declares.

        A frozen worker that overwrites what was made of newer input is true of every task that writes without a
        condition, of the twins too.
        """
        declared = (*self.case.warns.get(self.task, ()), "stale")
        return tuple(each for each in self.classes if each not in declared)


@functools.cache
def scenarios() -> dict[str, Scenario]:
    """All scenarios by name."""
    return registry.collect("pytest_dagguard.scenarios", "SCENARIO")


@functools.cache
def strategies() -> dict[str, Strategy]:
    """All searches by name."""
    return registry.collect("pytest_dagguard.explore", "STRATEGY")


def session(budget: float) -> Session:
    """A session over the benchmark's own seed."""
    seed = seed_folder.read(HERE / "seed", required=True, environ={})
    options = Options(HERE, (HERE / "dags", HERE / "innocents"), seed)
    return Session(options, Terms(HERE, budget), {}, "seed")


def run(each: Session, case: Case, names: Sequence[str], tasks: Sequence[str] = ()) -> Iterator[Tried]:
    """Try the scenarios on the tasks of a file.

    :param names: of scenarios
    :param tasks: ids of those to try; empty for all
    :raises RuntimeError: the file does not load, or lacks a task that it should have
    """
    loaded = each.load(case.path)
    if loaded.errors or not loaded.dags:
        raise RuntimeError(f"{case.path} does not load: {[error.message for error in loaded.errors]}")
    dag = loaded.dags[0]
    for task_id in tasks or [task.task_id for task in dag.tasks]:
        task = dag.task(task_id)
        walk = Walk(each.lab, str(case.path), alone(dag, task), case.allow, "seed")
        for name in names:
            yield _try(each, walk, case, task, name)
        if each.lab is walk.lab:
            walk.close()


def alone(dag: Dag, task: Task) -> Dag:
    """The DAG of this task, without those that neither come before nor after it: its twin must not find what it has
    left.
    """
    after = {each.task_id for each in dag.tasks if task.task_id in dag.ancestors(each.task_id)}
    needed = {task.task_id, *dag.ancestors(task.task_id), *after}
    return replace(dag, tasks=tuple(each for each in dag.tasks if each.task_id in needed))


def _try(each: Session, walk: Walk, case: Case, task: Task, name: str) -> Tried:
    lab, began, used = walk.lab, time.monotonic(), _cpu(walk.lab)
    watch = _Watch(lab)
    terms = replace(each.terms, budget=case.budget or each.terms.budget)
    watched = {key: watch.over(strategy) for key, strategy in strategies().items()}
    try:
        verdict = check(lab, walk, task, name, scenarios()[name], watched, terms)
    except DagguardError as failed:
        group = LOST if isinstance(failed, ProcessLost) else "failed inside dagguard"
        verdict = Verdict("scenario", name, verdicts.INCONCLUSIVE, str(case.path), walk.dag.dag_id, task.task_id)
        verdict = replace(verdict, reason=str(failed), group=group, seconds=time.monotonic() - began)
        if group == LOST:
            each.close()
    return Tried(case, task.task_id, name, verdict, watch.first, watch.trials, _cpu(lab) - used)


def _cpu(lab: Lab) -> float:
    """Seconds of processors' time of this process, the helpers and the attempts that have ended."""
    total = sum(os.times()[:2])
    for link in (lab.cloud, lab.stage):
        with contextlib.suppress(psutil.Error):
            total += sum(psutil.Process(link.process.pid).cpu_times()[:4])
    return total


class _Watch:
    """Counts what a search does."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.before = lab.attempts
        self.first = 0
        self.trials = 0

    def over(self, strategy: Strategy) -> Strategy:
        """The same search, watched."""

        def search(plan: Plan, points: tuple[Point, ...]) -> Searching:
            inner = strategy(plan, points)
            try:
                trial = next(inner)
                while True:
                    judged = yield trial
                    self.trials += 1
                    if judged.findings and not self.first:
                        self.first = self.lab.attempts - self.before
                    trial = inner.send(judged)
            except StopIteration as ended:
                found: Search = ended.value
                return found

        return search
