"""The bench: what a hand-written test works with."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_dagguard.engine.check import check
from pytest_dagguard.engine.lab import Lab
from pytest_dagguard.engine.narrate import relative
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.model import registry
from pytest_dagguard.model.dag import Dag, DagFile, Task
from pytest_dagguard.model.errors import ConfigurationError
from pytest_dagguard.model.files import dag_files
from pytest_dagguard.model.scenario import Scenario
from pytest_dagguard.model.state import Entry
from pytest_dagguard.model.verdict import Verdict
from pytest_dagguard.reports import terminal

DEFAULT = ("twice", "concurrent", "killed")


@dataclass(frozen=True, slots=True)
class BoundTask:
    """A task that scenarios can be tried on."""

    file: str
    dag: Dag
    task: Task

    def __str__(self) -> str:
        return f"{self.dag.dag_id}.{self.task.task_id}"


class Bucket:
    """The buckets of one emulated service, as the test fills them and finds them after the clean run."""

    def __init__(self, bench: Bench, service: str, scheme: str) -> None:
        self._bench, self._service, self._scheme = bench, service, scheme

    def put(self, path: str, content: bytes) -> None:
        """Store an object before the task runs.

        :param path: ``bucket/key``
        """
        bucket, _, key = path.partition("/")
        if not bucket or not key:
            raise ConfigurationError(f"{path!r} is no path of an object; it takes a bucket and a key, 'raw/a.csv'")
        self._bench.put(self._service, bucket, key, content)

    def get(self, path: str) -> bytes:
        """An object's content after the clean run.

        :raises KeyError: it is not there
        """
        entries = self._bench.state()
        name = f"{self._scheme}://{path}"
        if name not in entries or entries[name].kind != "object":
            raise KeyError(f"there is no {name}; there are: {', '.join(self.list()) or 'no objects'}")
        return self._bench.lab.content(entries[name].digest)

    def list(self, prefix: str = "") -> list[str]:
        """Paths (``bucket/key``) of the objects after the clean run, sorted."""
        start = f"{self._scheme}://{prefix}"
        entries = self._bench.state().items()
        found = [name for name, each in entries if each.kind == "object" and name.startswith(start)]
        return sorted(name.partition("://")[2] for name in found)


class Keys:
    """The emulated Redis, as the test fills it and finds it after the clean run."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def put(self, key: str, value: Any, db: int = 0) -> None:
        """Store a key before the task runs.

        :param value: bytes, text or number for a string, a list, a dict for a hash; ``{"$set": [...]}``,
            ``{"$zset": {"member": 1.0}}`` or ``{"$stream": [{"field": "value"}]}`` for the others
        """
        self._bench.put("redis", str(db), key, value)

    def get(self, key: str, db: int = 0) -> Any:
        """A key's value after the clean run: bytes of a string, else a list, dict or set of texts, or scores by member.

        :raises KeyError: it is not there
        """
        found = self._bench.state().get(f"redis://{db}/{key}")
        if found is None:
            raise KeyError(f"there is no redis://{db}/{key}; there are: {', '.join(self.list(db=db)) or 'no keys'}")
        content = self._bench.lab.content(found.digest)
        kind = found.version.split()[0]
        if kind == "string":
            return content
        value = json.loads(content)
        return set(value) if kind == "set" else value

    def list(self, prefix: str = "", db: int = 0) -> list[str]:
        """The keys after the clean run, sorted; those that are no text as ``%FF``."""
        start = f"redis://{db}/"
        return sorted(name[len(start) :] for name in self._bench.state() if name.startswith(start + prefix))


class Dags:
    """The DAGs of the repository by id; files are loaded when they are asked for."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __getitem__(self, dag_id: str) -> Dag:
        for each in self:
            if each.dag_id == dag_id:
                return each
        raise KeyError(f"there is no DAG {dag_id!r}; there are: {', '.join(sorted(each.dag_id for each in self))}")

    def __iter__(self) -> Iterator[Dag]:
        for path in dag_files(self._bench.session.options.dags):
            yield from self._bench.load(path).dags


class Bench:
    """Emulated services, tasks and scenarios for one test. Made by the fixture ``dagguard``."""

    def __init__(self, session: Session, lab: Lab) -> None:
        """
        :param lab: forks attempts from this process; may serve one test after the other
        """
        self.session = session
        self.lab = lab
        lab.start()
        self._pristine = lab.origin
        self.s3 = Bucket(self, "s3", "s3")
        self.gcs = Bucket(self, "gcs", "gs")
        self.redis = Keys(self)
        self.dags = Dags(self)
        self._walks: dict[str, Walk] = {}
        self._files: dict[Path, DagFile] = {}
        self._state: dict[str, Entry] | None = None
        self._count = itertools.count(1)

    def put(self, service: str, bucket: str, key: str, content: Any) -> None:
        """Store an object, or a key of the Redis database ``bucket``, in the state that tasks begin with."""
        self.lab.start()
        self.lab.cloud.call("restore", self.lab.origin)
        self.lab.cloud.call("put", service, bucket, key, content)
        self.lab.origin = self.lab.cloud.call("snapshot")
        for walk in self._walks.values():
            walk.close()
        self._walks.clear()
        self._state = None

    def state(self) -> dict[str, Entry]:
        """What the clean run of the task last asked about leaves; before that, what was put."""
        if self._state is None:
            self.lab.start()
            self.lab.cloud.call("restore", self.lab.origin)
            self._state = self.lab.cloud.call("state")
        return self._state

    def load(self, path: Path) -> DagFile:
        """Load a DAG file, once."""
        if path not in self._files:
            self._files[path] = self.lab.load(path)
        return self._files[path]

    def task(self, file: Any, dag_id: str = "", task_id: str = "") -> BoundTask:
        """A task of a DAG file, or an operator object.

        :param file: path of the DAG file relative to the root, or an operator
        :raises ConfigurationError: there is no such task
        """
        if not isinstance(file, (str, Path)):
            return self._object(file)
        path = (self.session.options.root / file).resolve()
        if not path.is_file():
            root = self.session.options.root
            known = [relative(str(each), root) for each in dag_files(self.session.options.dags)]
            raise ConfigurationError(f"there is no file {file}{_nearest(str(file), known)}")
        loaded = self.load(path)
        if loaded.errors:
            raise ConfigurationError(f"{file} does not load: {loaded.errors[0].message}")
        for dag in loaded.dags:
            if dag.dag_id == dag_id:
                for task in dag.tasks:
                    if task.task_id == task_id:
                        return BoundTask(str(path), dag, task)
                known = [each.task_id for each in dag.tasks]
                raise ConfigurationError(f"DAG {dag_id!r} of {file} has no task {task_id!r}{_nearest(task_id, known)}")
        known = [each.dag_id for each in loaded.dags]
        raise ConfigurationError(f"{file} has no DAG {dag_id!r}{_nearest(dag_id, known)}")

    def _object(self, operator: Any) -> BoundTask:
        if not hasattr(operator, "task_id") or not hasattr(operator, "execute"):
            raise ConfigurationError(f"{operator!r} is neither the path of a DAG file nor an operator")
        if not operator.has_dag():
            try:
                from airflow.sdk import DAG
            except ImportError:  # Airflow 2
                from airflow import DAG

            operator.dag = DAG("dagguard_test", schedule=None)
        key = f"<operator {next(self._count)}>"
        self.lab.start()
        self.lab.give(key, operator)
        task = Task(operator.task_id, type(operator).__name__, retries=int(operator.retries or 0))
        return BoundTask(key, Dag(operator.dag.dag_id, tasks=(task,)), task)

    def run(self, task: BoundTask, scenario: str) -> Verdict:
        """Try a scenario on a task."""
        self.lab.start()
        walk = self._walks.get(task.file + task.dag.dag_id)
        if walk is None:
            walk = Walk(self.lab, task.file, task.dag, self.session.allow, self.session.seed)
            self._walks[task.file + task.dag.dag_id] = walk
        scenarios: dict[str, Scenario] = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
        if scenario not in scenarios:
            raise ConfigurationError(f"there is no scenario {scenario!r}{_nearest(scenario, list(scenarios))}")
        strategies = registry.collect("pytest_dagguard.explore", "STRATEGY")
        found = check(self.lab, walk, task.task, scenario, scenarios[scenario], strategies, self.session.terms)
        baseline = walk.baseline(task.task.task_id)
        if baseline.outcome is not None:
            self._state = dict(baseline.outcome.after)
        return replace(found, text=terminal.failure(found, self.session.options.root))

    def run_twice(self, task: BoundTask) -> Verdict:
        """Run the task, and run it again."""
        return self.run(task, "twice")

    def run_killed(self, task: BoundTask) -> Verdict:
        """Kill the task at each distinct state, and try it again."""
        return self.run(task, "killed")

    def run_concurrent(self, task: BoundTask) -> Verdict:
        """Overlap a frozen attempt and its retry."""
        return self.run(task, "concurrent")

    def assert_idempotent(self, task: BoundTask, scenarios: tuple[str, ...] = DEFAULT) -> None:
        """Try the default scenarios.

        :raises AssertionError: one of them fails or is inconclusive
        """
        __tracebackhide__ = True
        verdicts = [self.run(task, each) for each in scenarios]
        bad = [str(each) for each in verdicts if not each.passed]
        if bad:
            raise AssertionError("\n\n".join(bad))

    def close(self) -> None:
        """Put the laboratory back as it was for the next test."""
        for walk in self._walks.values():
            walk.close()
        if self.lab.origin != self._pristine:
            self.lab.cloud.call("forget", self.lab.origin)
        self.lab.origin = self._pristine


def _nearest(name: str, known: Sequence[str]) -> str:
    """The end of an error's line: the nearest of the names that there are, and all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"{hint} there are: {', '.join(known) or 'none'}"
