"""A laboratory for tests: stage and cloud, started once for the whole session, over a repository of files made up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from older import here
from pytest_dagguard.engine.check import Terms, check
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Lab, Options, Subject
from pytest_dagguard.engine.session import Session
from pytest_dagguard.engine.walk import Walk
from pytest_dagguard.model import registry
from pytest_dagguard.model.dag import DagFile
from pytest_dagguard.model.limits import Limits
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Run, Schedule
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.verdict import Verdict

LIMITS = Limits(memory=1 << 30, processes=60, output=16 << 20, disk=64 << 20)
RUN_ID = "manual__2024-01-01"
HEAD = "from airflow.sdk import DAG, dag, task, Variable\n"
TINY = '''
    """The few calls of S3 that tests need, without the second that a real client takes to get ready."""

    import os
    import re
    import urllib.error
    import urllib.request


    def call(method, path, body=None, headers={}):
        url = os.environ["AWS_ENDPOINT_URL"] + "/" + path
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            return urllib.request.urlopen(request).read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


    def put(path, body=b""):
        call("PUT", path, body)


    def get(path):
        return call("GET", path)


    def delete(path):
        call("DELETE", path)


    def keys(bucket, prefix=""):
        found = call("GET", f"{bucket}?list-type=2&prefix={prefix}").decode()
        return re.findall("<Key>(.*?)</Key>", found)
'''


class Laboratory:
    """Runs tasks that are given as source."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.dags = root / "dags"
        self.dags.mkdir()
        self.write(TINY, "tiny.py")
        options = Options(root, (self.dags,), Seed(), attempt_timeout=60.0, limits=LIMITS)
        self.session = Session(options, Terms(root, budget=600.0), {}, "tests/dagguard")
        self._count = itertools.count(1)
        self._starts: dict[tuple[int, str], int] = {}
        self._walks: dict[tuple[Any, ...], Walk] = {}

    @property
    def lab(self) -> Lab:
        return self.session.lab

    def forget(self) -> None:
        """Leave the walk that the session is on, which other tests do not know of."""
        self.session._walk = None

    def write(self, source: str, name: str = "") -> Path:
        """A file of the repository; without a name it is a DAG file of its own."""
        path = self.dags / (name or f"file_{next(self._count)}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(here(dedent(source)), encoding="utf-8")
        return path

    def file(self, *tasks: str, head: str = "", retries: int = 0, order: str = "") -> Path:
        """A DAG file with the DAG ``d``.

        :param tasks: sources of TaskFlow functions, decorators included
        :param order: a line at the end of the DAG, such as ``a() >> b()``; without it all tasks are unrelated
        """
        sources = [dedent(each).strip("\n") for each in tasks]
        names = [
            line.split("def ")[1].split("(")[0] for each in sources for line in each.splitlines() if "def " in line
        ]
        calls = order or "\n".join(f"{name}()" for name in dict.fromkeys(names))
        body = "\n\n".join(sources)
        with_dag = f'with DAG("d", schedule=None, default_args={{"retries": {retries}}}):\n{indent(calls, "    ")}\n'
        return self.write(f"{HEAD}{dedent(head)}\n{body}\n\n{with_dag}")

    def task(self, body: str, head: str = "", retries: int = 0, parameters: str = "", decorator: str = "@task") -> Path:
        """A DAG file with the DAG ``d`` and in it one task ``t`` with this body."""
        source = f"{decorator}\ndef t({parameters}):\n{indent(dedent(body).strip(chr(10)), '    ')}\n"
        return self.file(source, head=head, retries=retries, order="t()")

    def load(self, path: Path, timeout: float = 30.0, seed: Seed | None = None) -> DagFile:
        lab = self.lab
        kept, lab.origin = lab.origin, self.start(seed)
        lab.options = replace(lab.options, load_timeout=timeout)
        try:
            return lab.load(path)
        finally:
            lab.origin = kept

    def start(self, seed: Seed | None = None) -> int:
        """The number of a kept state that has this seed and nothing else."""
        lab = self.lab
        key = (id(lab), repr(seed))
        if key not in self._starts:
            lab.cloud.call("restore", lab.origin)
            if seed is not None:
                lab.cloud.call("seed", seed)
            self._starts[key] = lab.cloud.call("snapshot")
        return self._starts[key]

    def run(
        self,
        path: Path,
        schedule: Schedule = (Run(1),),
        task_id: str = "t",
        seed: Seed | None = None,
        retries: int = 0,
        cleared: bool = False,
        shifts: tuple[float, ...] = (0.0,),
        **more: Any,
    ) -> Outcome:
        """Carry out a schedule with one task of a file; nothing is loaded before."""
        start = self.start(seed)
        subject = Subject(str(path), "d", task_id, RUN_ID, retries, tasks=(task_id,))
        outcome, _ = carry_out(self.lab, subject, start, schedule, shifts, cleared=cleared, **more)
        return outcome

    def chain(self, path: Path, *task_ids: str, seed: Seed | None = None) -> Outcome:
        """Run one task after the other, each from what the one before it left; return the outcome of the last."""
        start = self.start(seed)
        outcome = None
        for task_id in task_ids:
            subject = Subject(str(path), "d", task_id, RUN_ID, tasks=task_ids)
            outcome, start = carry_out(self.lab, subject, start, (Run(1),), (0.0,), cleared=False, keep=True)
        assert outcome is not None
        return outcome

    def attempt(self, body: str, **more: Any) -> Outcome:
        """Run one attempt of a task with this body."""
        made = {key: more.pop(key) for key in ("head", "retries", "parameters", "decorator") if key in more}
        return self.run(self.task(body, **made), retries=made.get("retries", 0), **more)

    def returned(self, outcome: Outcome, task_id: str = "t") -> Any:
        """What a task returned: its XCom."""
        return self.xcom(outcome, f"{task_id}/return_value")

    def xcom(self, outcome: Outcome, name: str) -> Any:
        entry = outcome.after.get(f"xcom://d/{RUN_ID}/{name}")
        assert entry is not None, f"no XCom {name}; {[each.error for each in outcome.results.values()]}"
        return json.loads(self.lab.content(entry.digest))

    def check(
        self,
        path: Path,
        scenario: str,
        task_id: str = "t",
        dag_id: str = "d",
        seed: Seed | None = None,
        allow: Mapping[str, str] | None = None,
        **terms: Any,
    ) -> Verdict:
        """A verdict, as the command line would come to it."""
        lab = self.lab
        key = (id(lab), path, dag_id, repr(seed), repr(allow))
        if key not in self._walks:
            loaded = self.load(path, seed=seed)
            assert not loaded.errors, loaded.errors
            dag = next(each for each in loaded.dags if each.dag_id == dag_id)
            kept, lab.origin = lab.origin, self.start(seed)
            self._walks[key] = Walk(lab, str(path), dag, allow or {}, "tests/dagguard")
            lab.origin = kept
        walk = self._walks[key]
        scenarios = registry.collect("pytest_dagguard.scenarios", "SCENARIO")
        strategies = registry.collect("pytest_dagguard.explore", "STRATEGY")
        agreed = Terms(self.root, **{"budget": 600.0, **terms})
        return check(lab, walk, walk.dag.task(task_id), scenario, scenarios[scenario], strategies, agreed)


def said(outcome: Outcome, actor: str = "") -> list[Any]:
    """What an attempt printed with ``print("SAID", json.dumps(...))``; without a name: all attempts, in order."""
    logs = [each.log for name, each in outcome.results.items() if actor in ("", name)]
    return [json.loads(line.partition("SAID ")[2]) for log in logs for line in log.splitlines() if "SAID " in line]


def classes(verdict: Verdict) -> list[str]:
    """The classes of what was found."""
    return [each.cls for each in verdict.findings]
