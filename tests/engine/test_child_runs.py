"""Child DAG runs whose tasks are really run: what a second run of the child does to the data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.outcome import Outcome

HEAD = """
    import uuid
    import tiny
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    @task
    def write(dag_run=None):
        tiny.put(f"out/{{uuid.uuid4()}}", str((dag_run.conf or {{}}).get("day", "")).encode())

    @task
    def read():
        tiny.put("out/count", str(len(tiny.keys("out"))).encode())

    @task
    def fails(ti=None):
        if ti.try_number < {fails_until}:
            raise RuntimeError("not yet")

    @task.branch
    def chooses():
        return "left"

    @task
    def named(ti=None):
        tiny.put(f"out/{{ti.task_id}}", b"1")

    with DAG("c", schedule=None, {about}) as child:
        {child}

    with DAG("d", schedule=None, default_args={{"retries": 1}}):
        trigger = TriggerDagRunOperator(task_id="t", trigger_dag_id="{dag}", {arguments})
        trigger >> EmptyOperator(task_id="after", trigger_rule="none_failed")
"""
ONCE = 'trigger_run_id="day-{{ ds }}", skip_when_already_exists=True'


@pytest.fixture(scope="module", autouse=True)
def children(lab: Laboratory) -> Iterator[None]:
    lab.lab.cloud.call("behaviours", {"children": {"*": "run"}})
    yield
    lab.lab.cloud.call("behaviours", {})
    lab.lab.actors.children.known = {}


def write(
    lab: Laboratory,
    child: str = "write()",
    arguments: str = "",
    dag: str = "c",
    fails_until: int = 1,
    about: str = "max_active_runs=16",
) -> Path:
    """A file with a child DAG ``c`` and a DAG ``d`` whose task ``t`` triggers a run of it."""
    path = lab.write(HEAD.format(child=child, arguments=arguments, dag=dag, fails_until=fails_until, about=about))
    loaded = lab.load(path)
    assert not loaded.errors, loaded.errors
    lab.lab.actors.children.known = {each.dag_id: (str(path), each) for each in loaded.dags}
    return path


def left(outcome: Outcome) -> list[str]:
    """The keys in the bucket that the child writes to."""
    return sorted(name.partition("out/")[2] for name in outcome.after if name.startswith("s3://out/"))


def test_a_second_run_of_the_child_doubles_its_data(lab: Laboratory) -> None:
    verdict = lab.check(write(lab, arguments='conf={"day": "{{ ds }}"}'), "killed")
    assert sorted(classes(verdict)) == ["duplicate", "started-twice"], verdict.reason
    doubled = next(each for each in verdict.findings if each.cls == "duplicate")
    assert doubled.resource == "s3://out/<uuid>"
    assert "run c#2 write 1" in "\n".join(doubled.history)


def test_a_run_that_is_found_again_leaves_the_data_of_one(lab: Laboratory) -> None:
    verdict = lab.check(write(lab, arguments=ONCE), "killed")
    assert (verdict.verdict, classes(verdict)) == ("pass", []), verdict.reason


@pytest.mark.parametrize(
    ("scenario", "found"),
    [("twice", ["changed", "duplicate"]), ("killed", ["changed", "duplicate", "started-twice"])],
)
def test_a_run_that_is_cleared_does_its_work_again(lab: Laboratory, scenario: str, found: list[str]) -> None:
    more = 'trigger_run_id="day-{{ ds }}", reset_dag_run=True'
    verdict = lab.check(write(lab, "write() >> read()", more), scenario)
    assert sorted(classes(verdict)) == found, (verdict.reason, [each.message for each in verdict.findings])


def test_the_trigger_waits_for_the_tasks_and_their_ends_decide(lab: Laboratory) -> None:
    outcome = lab.run(write(lab, "write() >> read()", "wait_for_completion=True, poke_interval=60"))
    assert outcome.last.state == "success", outcome.last.log
    assert (len(left(outcome)), "count" in left(outcome)) == (2, True)
    failing = write(lab, "fails() >> write()", "wait_for_completion=True", fails_until=9)
    outcome = lab.run(failing)
    assert outcome.last.state == "failed"
    assert outcome.children == {"c": "fails: RuntimeError: not yet"}
    assert left(outcome) == []


def test_its_tasks_are_tried_again_and_go_by_branches_and_trigger_rules(lab: Laboratory) -> None:
    tasks = (
        "fails.override(retries=2)() >> chooses() >> [named.override(task_id='left')(), named.override(task_id='right')()]"
        " >> named.override(task_id='joined', trigger_rule='none_failed_min_one_success')()"
    )
    outcome = lab.run(write(lab, tasks, fails_until=3))
    assert not outcome.unreachable
    assert left(outcome) == ["joined", "left"]
    assert outcome.children == {}


def test_a_run_waits_where_its_dag_has_as_many_as_it_may_have(lab: Laboratory) -> None:
    path = write(lab, "write() >> read()", about="max_active_runs=1")
    verdict = lab.check(path, "killed")
    runs = [line.split(" ")[1] for line in verdict.findings[0].history if line.startswith("run c")]
    assert runs == sorted(runs)
    assert set(runs) == {"c#1", "c#2"}


@pytest.mark.parametrize(
    ("child", "more", "said"),
    [
        ("named.expand_kwargs([{}, {}])", {}, "is mapped at run time"),
        ("write()", {"dag": "elsewhere"}, "no DAG of this repository has that id"),
        (
            "fails()",
            {"fails_until": 9},
            "the run of the child DAG c fails in a clean run of its parent: fails: RuntimeError",
        ),
    ],
)
def test_what_cannot_be_run_is_inconclusive_and_says_why(
    lab: Laboratory, child: str, more: dict[str, object], said: str
) -> None:
    verdict = lab.check(write(lab, child, **more), "killed")  # type: ignore[arg-type]
    assert verdict.verdict == "inconclusive"
    assert said in (verdict.reason or "")


def test_a_dag_that_triggers_itself_without_end_is_inconclusive(lab: Laboratory) -> None:
    child = 'TriggerDagRunOperator(task_id="again", trigger_dag_id="c")'
    verdict = lab.check(write(lab, child), "twice")
    assert "more than 12 child runs" in (verdict.reason or "")


CHILD = """
import os
import urllib.request
import uuid
from airflow.sdk import DAG, task

with DAG("settle", schedule=None):
    @task
    def write():
        url = f"{os.environ['AWS_ENDPOINT_URL']}/out/{uuid.uuid4()}"
        urllib.request.urlopen(urllib.request.Request(url, b"1", method="PUT")).read()
    write()
"""
PARENT = """
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

with DAG("parent", schedule=None, default_args={"retries": 1}):
    TriggerDagRunOperator(task_id="t", trigger_dag_id="settle")
"""


@pytest.mark.slow
def test_the_child_dag_is_found_in_another_file_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "parent.py").write_text(PARENT)
    (tmp_path / "dags" / "child.py").write_text(CHILD)
    (tmp_path / "pyproject.toml").write_text('[tool.dagguard.children]\n"settle*" = "run"\n')
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pytest", "--dagguard", "--dagguard-scenarios", "killed", "dags/parent.py"]
    subprocess.run(
        [*command, "--dagguard-only", "scenarios", f"--dagguard-report=json:{report}", "--dagguard-budget", "60s"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    (item,) = [each for each in json.loads(report.read_text())["items"] if each["kind"] == "scenario"]
    assert {(each["class"], each["resource"]) for each in item["findings"]} >= {("duplicate", "s3://out/<uuid>")}
