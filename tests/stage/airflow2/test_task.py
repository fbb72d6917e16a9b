"""A try of a task under Airflow 2.11: what outlives it is the cloud's, and what is not served is named."""

from __future__ import annotations

import pytest

from laboratory import RUN_ID, Laboratory, classes, said
from pytest_dagguard.engine.experiment import carry_out
from pytest_dagguard.engine.lab import Subject
from pytest_dagguard.model.plan import Kill, Run
from pytest_dagguard.model.seed import Seed

from .old_files import content, dag, verbs


def test_a_try_is_a_start_what_it_pushes_and_its_end(lab: Laboratory) -> None:
    outcome = lab.attempt("return {'a': [1, 2.5, None]}")
    assert outcome.last.state == "success"
    assert verbs(outcome) == ["ti.start", "xcom.set", "ti.state"]
    assert lab.returned(outcome) == {"a": [1, 2.5, None]}


def test_a_retry_clears_what_the_killed_try_has_pushed(lab: Laboratory) -> None:
    body = """
        if ti.try_number == 1:
            ti.xcom_push(key="early", value=1)
        return ti.try_number
    """
    outcome = lab.attempt(body, parameters="ti=None", retries=1, schedule=(Run(1), Run(2)))
    assert verbs(outcome)[3:6] == ["ti.state", "ti.start", "xcom.delete"]
    assert f"xcom://d/{RUN_ID}/t/early" not in outcome.after
    assert lab.returned(outcome) == 2


@pytest.mark.parametrize(
    ("body", "retries", "state"),
    [
        ("raise ValueError('no')", 1, "up_for_retry"),
        ("raise ValueError('no')", 0, "failed"),
        ("from airflow.exceptions import AirflowFailException; raise AirflowFailException('no')", 1, "failed"),
        ("from airflow.exceptions import AirflowSkipException; raise AirflowSkipException('no')", 0, "skipped"),
    ],
)
def test_airflow_says_how_it_ends(lab: Laboratory, body: str, retries: int, state: str) -> None:
    outcome = lab.attempt(body, retries=retries)
    assert (outcome.last.state, outcome.unreachable) == (state, "")
    assert lab.lab.version.startswith("2.11")


def test_callbacks_run_before_the_end_is_reported(lab: Laboratory) -> None:
    source = """
def told(context):
    import tiny
    tiny.put("out/" + context["ti"].task_id, str(context["exception"]).encode())

@task(on_failure_callback=told)
def t():
    raise ValueError("no")
t()
"""
    outcome = lab.run(dag(lab, source))
    order = [each.operation.verb for each in outcome.history]
    assert order.index("PutObject") < order.index("ti.state")


def test_variables_are_read_and_written_as_operations(lab: Laboratory) -> None:
    body = """
        Variable.set("count", int(Variable.get("count")) + 1)
        Variable.set("made", {"a": 1}, serialize_json=True)
        Variable.delete("gone")
        return [Variable.get("count"), Variable.get("made", deserialize_json=True), Variable.get("gone", default_var=0)]
    """
    seed = Seed(variables={"count": "1", "gone": "x"})
    outcome = lab.attempt(body, seed=seed)
    assert lab.returned(outcome) == ["2", {"a": 1}, 0]
    assert content(lab, outcome, "variable://count") == "2"
    assert "variable://gone" not in outcome.after
    assert [each for each in verbs(outcome) if each.startswith("variable.")].count("variable.set") == 2


def test_a_connection_comes_from_the_seed(lab: Laboratory) -> None:
    body = """
        from airflow.hooks.base import BaseHook
        found = BaseHook.get_connection("api")
        return [found.host, found.password, found.port, found.extra_dejson, "{{ conn.api.host }}"]
    """
    fields = {"conn_type": "http", "host": "example.org", "password": "pw", "port": 80, "extra": '{"a": 1}'}
    outcome = lab.attempt(body, seed=Seed(connections={"api": fields}))
    assert lab.returned(outcome)[:4] == ["example.org", "pw", 80, {"a": 1}]


def test_a_bash_operator_is_templated(lab: Laboratory) -> None:
    source = """
from airflow.operators.bash import BashOperator
BashOperator(task_id="t", bash_command="echo {{ ds }} {{ ti.try_number }} {{ var.value.get('x', 'none') }}")
"""
    assert lab.returned(lab.run(dag(lab, source))) == "2024-01-01 1 none"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (
            "from airflow.utils.session import create_session; from airflow.models import TaskInstance\n"
            "        with create_session() as s: s.query(TaskInstance).all()",
            "SELECT task_instance",
        ),
        (
            "from airflow.utils.session import create_session; from airflow.models import DagRun\n"
            "        with create_session() as s: s.query(DagRun).count()",
            "SELECT dag_run",
        ),
        (
            "from airflow.utils.session import create_session; from airflow.models import Pool\n"
            "        with create_session() as s: s.add(Pool(pool='p', slots=1))",
            "INSERT slot_pool",
        ),
    ],
)
def test_what_a_task_asks_of_the_database_by_itself_is_no_evidence(lab: Laboratory, body: str, what: str) -> None:
    outcome = lab.attempt(f"\n        {body}\n", parameters="ti=None")
    assert f"metadata database ({what})" in outcome.unreachable
    assert outcome.last.state == "failed"


def test_a_file_may_read_a_variable_as_it_loads(lab: Laboratory) -> None:
    path = lab.task("return X", head="X = Variable.get('x')")
    found = lab.load(path, seed=Seed(variables={"x": "1"}))
    assert [(each.kind, each.what) for each in found.events] == [("variable", "x")]
    assert lab.returned(lab.run(path, seed=Seed(variables={"x": "1"}))) == "1"


def test_a_branch_skips_the_tasks_that_are_not_followed(lab: Laboratory) -> None:
    path = lab.file(
        "@task.branch\ndef choose():\n    return 'a'",
        "@task\ndef a(): ...",
        "@task\ndef b(): ...",
        order="choose() >> [a(), b()]",
    )
    outcome = lab.run(path, task_id="choose")
    assert outcome.last.state == "success", outcome.last.error
    assert "ti.skip-downstream" in verbs(outcome)
    assert lab.xcom(outcome, "choose/skipmixin_key") == {"followed": ["a"]}


def test_a_short_circuit_skips_all_that_follows(lab: Laboratory) -> None:
    path = lab.file("@task.short_circuit\ndef go():\n    return False", "@task\ndef a(): ...", order="go() >> a()")
    outcome = lab.run(path, task_id="go")
    assert outcome.last.state == "success", outcome.last.error
    assert "ti.skip-downstream" in verbs(outcome)


def test_a_sensor_that_reschedules_itself_is_run_again_and_counts_its_time(lab: Laboratory) -> None:
    source = """
@task.sensor(mode="reschedule", poke_interval=60, timeout=200)
def t():
    import tiny
    tiny.put("out/n", (tiny.get("out/n") or b"") + b"x")
    return False
t()
"""
    outcome = lab.run(dag(lab, source))
    assert outcome.last.state == "failed"
    assert outcome.last.error_kind == "airflow.exceptions.AirflowSensorTimeout"
    states = [each for each in verbs(outcome) if each == "ti.state"]
    assert 4 <= len(states) <= 6


def test_a_task_that_defers_itself_goes_on_with_the_event(lab: Laboratory) -> None:
    source = """
from airflow.models.baseoperator import BaseOperator
from airflow.triggers.temporal import TimeDeltaTrigger
class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(hours=1)), method_name="after", kwargs={"n": 5})
    def after(self, context, n, event=None):
        return [n, str(event)]
Waits(task_id="t")
"""
    outcome = lab.run(dag(lab, source))
    assert outcome.last.state == "success", outcome.last.error
    n, event = lab.returned(outcome)
    assert n == 5
    assert event.startswith("20")


def test_a_run_that_is_triggered_is_the_clouds(lab: Laboratory) -> None:
    source = """
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
TriggerDagRunOperator(task_id="t", trigger_dag_id="child", trigger_run_id="one", conf={"a": 1}, wait_for_completion=True)
"""
    outcome = lab.run(dag(lab, source))
    assert outcome.last.state == "success", outcome.last.error
    assert content(lab, outcome, "dagrun://child/one")["conf"] == {"a": 1}


def test_a_run_that_is_there_already_is_told_or_cleared(lab: Laboratory) -> None:
    source = """
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
TriggerDagRunOperator(task_id="t", trigger_dag_id="child", trigger_run_id="one", {more})
"""
    both = (Run(1), Run(2))
    failed = lab.run(dag(lab, source.replace("{more}", "")), both, retries=1, cleared=True)
    assert failed.last.error_kind == "airflow.exceptions.DagRunAlreadyExists"
    cleared = lab.run(dag(lab, source.replace("{more}", "reset_dag_run=True")), both, retries=1, cleared=True)
    assert cleared.last.state == "success", cleared.last.error
    assert "dagrun.clear" in verbs(cleared)


def test_the_event_of_a_dataset_comes_with_success(lab: Laboratory) -> None:
    source = """
from airflow.datasets import Dataset
@task(outlets=[Dataset("s3://out/a")])
def t(outlet_events=None):
    outlet_events[Dataset("s3://out/a")].extra = {"rows": 1}
t()
"""
    outcome = lab.run(dag(lab, source))
    assert outcome.last.state == "success", outcome.last.error
    events = [name for name in outcome.after if name.startswith("asset-event://")]
    assert [content(lab, outcome, each)["extra"] for each in events] == [{"rows": 1}]


def test_a_task_is_mapped_over_what_another_returns(lab: Laboratory) -> None:
    path = lab.file(
        "@task\ndef a():\n    return [3, 4]",
        "@task\ndef b(n):\n    return n * 2",
        "@task\ndef c(n):\n    return sum(n)",
        order="c(b.expand(n=a()))",
    )
    verdict = lab.check(path, "twice", "c")
    assert verdict.verdict == "pass", verdict.reason


def test_the_same_try_delivered_twice_does_not_start(lab: Laboratory) -> None:
    verdict = lab.check(lab.task("import tiny\ntiny.put('out/a', b'1')"), "concurrent")
    assert verdict.verdict == "pass", verdict.reason


def test_a_killed_attempt_is_followed_by_its_retry(lab: Laboratory) -> None:
    body = "import json, os\nprint('SAID', json.dumps(ti.try_number))"
    outcome = lab.attempt(body, parameters="ti=None", retries=1, schedule=(Run(1), Kill(1), Run(2)))
    assert said(outcome, "attempt 1") == [1]


def test_a_row_that_a_task_leaves_in_the_shared_session_is_no_evidence(lab: Laboratory) -> None:
    body = """
        from airflow import settings
        from airflow.models import Pool
        settings.Session().add(Pool(pool="p", slots=1))
    """
    assert "metadata database (INSERT slot_pool)" in lab.attempt(body).unreachable


def test_a_process_that_a_task_forks_asks_by_a_way_of_its_own(lab: Laboratory) -> None:
    body = """
        import multiprocessing
        Variable.get("n")
        other = multiprocessing.get_context("fork").Process(target=Variable.set, args=("n", "8"))
        other.start()
        other.join()
        return Variable.get("n")
    """
    assert lab.returned(lab.attempt(body, seed=Seed(variables={"n": "7"}))) == "8"


def test_sigterm_reaches_the_task_as_airflow_passes_it_on(lab: Laboratory) -> None:
    verdict = lab.check(
        lab.task("import tiny\ntiny.put('out/a', b'1')\ntiny.put('out/b', b'1')", retries=1), "terminated"
    )
    assert verdict.verdict == "pass", verdict.reason


def test_the_run_before_is_the_clouds(lab: Laboratory) -> None:
    earlier = {"dag_id": "d", "run_id": "earlier", "logical_date": "2023-12-31T00:00:00Z", "state": "success"}
    body = "return [str(prev_execution_date_success), ti.get_previous_ti().run_id, str(ti.get_previous_ti().state)]"
    path = lab.task(body, parameters="ti=None, prev_execution_date_success=None")
    start = lab.start()
    lab.lab.cloud.call("restore", start)
    lab.lab.cloud.call("command", "airflow", "tasks", {"dag_id": "d", "task_ids": ["t"]})
    lab.lab.cloud.call("command", "airflow", "dag_run", earlier)
    done = {"dag_id": "d", "run_id": "earlier", "task_id": "t", "state": "success"}
    lab.lab.cloud.call("command", "airflow", "state", done)
    kept = lab.lab.cloud.call("snapshot")
    subject = Subject(str(path), "d", "t", RUN_ID, tasks=("t",))
    outcome, _ = carry_out(lab.lab, subject, kept, (Run(1),), (0.0,), cleared=False)
    assert outcome.last.state == "success", outcome.last.error
    assert lab.returned(outcome) == ["2023-12-31 00:00:00+00:00", "earlier", "success"]


def test_what_the_file_asks_for_as_it_loads_comes_after_the_start(lab: Laboratory) -> None:
    """Where a try could freeze before its start and nowhere after, two tries at once would never be seen."""
    path = lab.task("import tiny, uuid\ntiny.put(f'out/{uuid.uuid4()}', b'1')", head="Variable.get('x')", retries=1)
    seed = Seed(variables={"x": "1"})
    assert verbs(lab.run(path, seed=seed))[:2] == ["ti.start", "variable.get"]
    verdict = lab.check(path, "concurrent", seed=seed)
    assert classes(verdict) == ["duplicate"], verdict.reason


def test_a_superseded_branch_is_not_refused_its_skip(lab: Laboratory) -> None:
    path = lab.file(
        "@task.branch(retries=1)\ndef t():\n    import tiny\n    tiny.put('out/a', b'1')\n    return 'a'",
        "@task\ndef a(): ...",
        "@task\ndef b(): ...",
        order="t() >> [a(), b()]",
    )
    verdict = lab.check(path, "concurrent", "t")
    assert (verdict.verdict, classes(verdict)) == ("pass", []), verdict.reason


def test_a_task_that_fails_may_write_an_email_about_it(lab: Laboratory) -> None:
    source = """
@task(email="a@example.com", email_on_failure=True, retries=0)
def t():
    raise ValueError("no")
t()
"""
    outcome = lab.run(dag(lab, source))
    assert (outcome.unreachable, outcome.last.state, outcome.last.error) == ("", "failed", "ValueError: no")
