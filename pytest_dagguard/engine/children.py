"""Child DAG runs whose tasks are really run: Airflow's scheduler, as far as one triggered run needs it.

A run is a life of Airflow's emulator, as a pod is one of Kubernetes'. Its tasks are attempts that belong to it: one
after the other, in topological order, each tried again as often as it says. They go on when the task that triggered the
run is killed, and end with the run where somebody clears it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_dagguard.engine.trigger_rules import FAILED, SKIPPED, SUCCESS, UPSTREAM_FAILED, Before, becomes
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Dag, Task
from pytest_dagguard.model.life import RUN, Birth, Death
from pytest_dagguard.model.scenario import MOST_TRIES

if TYPE_CHECKING:
    from pytest_dagguard.engine.actors import Actors
    from pytest_dagguard.engine.lab import Subject

MOST_RUNS = 12
"""Child runs in one experiment; where there are more, a DAG may trigger itself without end."""

MOST_TASKS = 100
"""Tasks of one child DAG; more take too long for a trial."""

DEFAULT_ACTIVE_RUNS = 16
"""Airflow's default of ``max_active_runs``."""

Known = Mapping[str, tuple[str, Dag]]
"""DAG id -> its file and the DAG."""


@dataclass(slots=True)
class _ChildRun:
    """A child run under way.

    :param actor: the life that it is
    :param states: of its tasks that have ended
    :param now: actor of the task that is run
    :param tries: of that task, so far
    :param error: of the first task that failed
    """

    actor: str
    subject: Subject
    dag: Dag
    states: dict[str, str] = field(default_factory=dict)
    now: str = ""
    tries: int = 0
    error: str = ""


class Children:
    """The child runs of one experiment."""

    def __init__(self, actors: Actors, known: Known) -> None:
        """
        :param known: the DAGs whose runs can be run
        """
        self._actors, self.known = actors, known
        self.errors: dict[str, str] = {}
        self._runs: dict[str, _ChildRun] = {}
        self._waiting: deque[_ChildRun] = deque()
        self._count = 0

    @property
    def at_work(self) -> tuple[str, ...]:
        """Actors of the tasks that are run now."""
        return tuple(each.now for each in self._runs.values() if each.now)

    def bear(self, birth: Birth) -> None:
        """A run begins, or waits where its DAG has as many as it may have."""
        from pytest_dagguard.engine.lab import Subject

        dag_id, run_id = birth.facts["dag_id"], birth.facts["run_id"]
        file, dag = self.known.get(dag_id, ("", Dag(dag_id)))
        self._count += 1
        if why := self._hindrance(dag, file):
            self._actors.problem = self._actors.problem or why
            self._end(birth.actor, SUCCESS)
            return
        names = tuple(each.task_id for each in dag.tasks)
        subject = Subject(file, dag_id, "", run_id, tasks=names, assets=dag.assets, triggered=True)
        run = _ChildRun(birth.actor, subject, dag)
        most = int(dag.settings.get("max_active_runs") or DEFAULT_ACTIVE_RUNS)
        if sum(each.dag.dag_id == dag_id for each in self._runs.values()) >= most:
            self._waiting.append(run)
        else:
            self._begin(run)
        self._cloud("began", birth.actor)

    def takes(self, event: tuple[Any, ...]) -> bool:
        """Take an event of a task of a child run; False where it is none's."""
        run = next((each for each in self._runs.values() if each.now and each.now == event[1]), None)
        if run is None:
            return False
        if event[0] == "woke":
            self._actors.resume(run.now)
        elif event[0] == "forever":
            self._actors.problem = f"{run.now} waits for ever, so its child run does not end"
            self._actors.doom(run.actor)
        elif event[0] == "exited" and not self._actors.goes_on(run.now, event[2]):
            self._ended(run, self._actors.whole(run.now, event[2]))
        return True

    def doom(self, actor: str) -> None:
        """A run is ended from outside: somebody has cleared it, or the experiment is over."""
        run = self._runs.pop(actor, None)
        for each in [each for each in self._waiting if each.actor == actor]:
            self._waiting.remove(each)
        if run is not None:
            if run.now:
                self._actors.kill(run.now)
            self._next_run(run.dag.dag_id)

    def sweep(self) -> None:
        """End all."""
        self._waiting.clear()
        for actor in list(self._runs):
            self._actors.doom(actor)
        self._count = 0
        self.errors.clear()

    def _cloud(self, command: str, *arguments: Any) -> Any:
        return self._actors.lab.cloud.call(command, *arguments)

    def _hindrance(self, dag: Dag, file: str) -> str:
        """Why a run of this DAG cannot be run; empty where it can."""
        if not file:
            return (
                f"a run of the child DAG {dag.dag_id} is to be run, and no DAG of this repository has that id; write in"
                f' [tool.dagguard.children] how it ends: "{dag.dag_id}" = "succeed after 10m"'
            )
        mapped = next((each.task_id for each in dag.tasks if each.mapped or each.mapped_group), "")
        if mapped:
            return f"the child DAG {dag.dag_id} cannot be run: its task {mapped} is mapped at run time"
        if len(dag.tasks) > MOST_TASKS:
            return f"the child DAG {dag.dag_id} is not run: it has {len(dag.tasks)} tasks, more than {MOST_TASKS}"
        if self._count > MOST_RUNS:
            return f"more than {MOST_RUNS} child runs were begun, the last of {dag.dag_id}"
        return ""

    def _begin(self, run: _ChildRun) -> None:
        self._runs[run.actor] = run
        self._airflow("dag_run", run, state="running")
        self._go_on(run)

    def _airflow(self, command: str, run: _ChildRun, **more: Any) -> Any:
        payload = {"dag_id": run.subject.dag_id, "run_id": run.subject.run_id, **more}
        return self._cloud("command", "airflow", command, payload)

    def _go_on(self, run: _ChildRun) -> None:
        """Run the next task of a run, or end it where there is none."""
        for task in run.dag.tasks:
            if task.task_id in run.states:
                continue
            before = [Before(run.states.get(each, ""), run.dag.task(each).is_setup) for each in task.upstream]
            fate = becomes(task.trigger_rule, before)
            row = self._airflow("ti", run, task_id=task.task_id)
            if row is not None and row["state"] == SKIPPED:
                fate = SKIPPED  # by a branch before it
            if fate:
                run.states[task.task_id] = fate
                self._airflow("state", run, task_id=task.task_id, state=fate)
                continue
            run.tries = 1
            self._try(run, task)
            return
        self._finish(run)

    def _try(self, run: _ChildRun, task: Task) -> None:
        subject = replace(run.subject, task_id=task.task_id, retries=task.retries)
        run.now = f"{run.actor} {task.task_id} {run.tries}"
        self._cloud("adopt", Birth(run.now, "airflow", "task", RUN, of=run.actor))
        self._actors.launch_child(subject, run.now, run.tries)

    def _ended(self, run: _ChildRun, result: AttemptResult) -> None:
        """A task has ended: try it again, or go on with what comes after it."""
        ended, task = run.now, run.dag.task(result.actor.split(" ")[-2])
        if result.state == "up_for_retry" and run.tries <= min(task.retries, MOST_TRIES):
            run.tries += 1
            self._try(run, task)
        else:
            state = result.state if result.state in (SUCCESS, SKIPPED) else FAILED
            run.states[task.task_id] = state
            if state == FAILED:
                run.error = run.error or f"{task.task_id}: {result.error or result.state}"
                self._airflow("state", run, task_id=task.task_id, state=FAILED)
            run.now = ""
            self._go_on(run)
        # only now: what comes next is there before anybody is told that this is over
        self._cloud("ended", ended, Death(0))

    def _finish(self, run: _ChildRun) -> None:
        """All tasks have ended. As Airflow has it, a run fails where a task at its end has."""
        befores = {each for task in run.dag.tasks for each in task.upstream}
        leaves = [each for each in run.dag.tasks if each.task_id not in befores and not each.is_teardown]
        failed = any(run.states[each.task_id] in (FAILED, UPSTREAM_FAILED) for each in leaves or run.dag.tasks)
        del self._runs[run.actor]
        if failed:
            first = next((name for name, state in run.states.items() if state == FAILED), "")
            self._airflow("dag_run", run, failed=first)
            self.errors.setdefault(run.dag.dag_id, run.error)
        self._end(run.actor, FAILED if failed else SUCCESS)
        self._next_run(run.dag.dag_id)

    def _next_run(self, dag_id: str) -> None:
        run = next((each for each in self._waiting if each.dag.dag_id == dag_id), None)
        if run is not None:
            self._waiting.remove(run)
            self._begin(run)

    def _end(self, actor: str, state: str) -> None:
        self._cloud("ended", actor, Death(0 if state == SUCCESS else 1))
