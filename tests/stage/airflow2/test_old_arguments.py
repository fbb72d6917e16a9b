"""What DAGs of Airflow 2 have and those of Airflow 3 have not: SLAs, old arguments and macros, callbacks in the task."""

from __future__ import annotations

import json

import pytest

from laboratory import RUN_ID, Laboratory, classes, said
from pytest_dagguard.model.plan import Run
from pytest_dagguard.model.seed import Seed

from .old_files import dag

CALLS = """
import json

def telling(name):
    def tell(context):
        import tiny
        ti = context["ti"]
        about = [name, ti.task_id, ti.try_number, str(context.get("exception")), context["run_id"]]
        tiny.put(f"out/{name}", json.dumps(about).encode())
    return tell

common = {f"on_{each}_callback": telling(each) for each in ("execute", "success", "failure", "retry", "skipped")}
"""


def called(lab: Laboratory, body: str, retries: int = 0, more: str = "") -> dict[str, list[object]]:
    """Which callbacks a task of this body has run, and what they saw."""
    path = dag(lab, f"{CALLS}\n@task(retries={retries}, **common{more})\ndef t(ti=None):\n    {body}\nt()")
    outcome = lab.run(path, retries=retries)
    assert not outcome.unreachable
    return {
        name.rpartition("/")[2]: json.loads(lab.lab.content(each.digest))
        for name, each in outcome.after.items()
        if name.startswith("s3://out/")
    }


@pytest.mark.parametrize(
    ("body", "retries", "callbacks", "error"),
    [
        ("pass", 0, ["execute", "success"], "None"),
        ("raise ValueError('no')", 0, ["execute", "failure"], "no"),
        ("raise ValueError('no')", 1, ["execute", "retry"], "no"),
        (
            "from airflow.exceptions import AirflowFailException; raise AirflowFailException('at once')",
            1,
            ["execute", "failure"],
            "at once",
        ),
        (
            "from airflow.exceptions import AirflowSkipException; raise AirflowSkipException('no')",
            0,
            ["execute", "success", "skipped"],
            "None",
        ),  # a skip is a success too to Airflow 2
    ],
)
def test_callbacks_run_in_the_task_and_see_what_happened(
    lab: Laboratory, body: str, retries: int, callbacks: list[str], error: str
) -> None:
    found = called(lab, body, retries)
    assert sorted(found) == sorted(callbacks)
    assert found[callbacks[-1]] == [callbacks[-1], "t", 1, error, RUN_ID]


def test_several_callbacks_run_and_one_that_fails_ends_nothing(lab: Laboratory) -> None:
    path = dag(
        lab,
        CALLS + "\ndef bad(context):\n    raise ValueError('in a callback')\n\n"
        "@task(on_success_callback=[bad, telling('second')])\ndef t(): ...\nt()",
    )
    outcome = lab.run(path)
    assert outcome.last.state == "success"
    assert "s3://out/second" in outcome.after


def test_what_a_callback_leaves_is_compared_as_what_the_task_leaves(lab: Laboratory) -> None:
    source = """
def tell(context):
    import tiny, uuid
    tiny.put(f"out/{uuid.uuid4()}", b"1")

@task(on_success_callback=tell, retries=1)
def t(): ...
t()
"""
    verdict = lab.check(dag(lab, source), "killed")
    assert classes(verdict) == ["duplicate"], verdict.reason


def test_a_dag_with_slas_loads_and_its_tasks_run(lab: Laboratory) -> None:
    path = lab.write(
        """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.python import PythonOperator

def missed(dag, task_list, blocking_task_list, slas, blocking_tis):
    raise RuntimeError("the scheduler's affair")

def work(**context):
    import tiny
    tiny.put("out/" + context["ds_nodash"], b"1")

with DAG("d", start_date=datetime(2024, 1, 1), schedule_interval="@daily", sla_miss_callback=missed, catchup=False,
         default_args={"sla": timedelta(hours=1), "owner": "team", "depends_on_past": True, "email_on_failure": False},
         concurrency=2, default_view="graph", orientation="LR"):
    PythonOperator(task_id="t", python_callable=work, provide_context=True, sla=timedelta(minutes=5), retries=1)
"""
    )
    loaded = lab.load(path)
    assert loaded.errors == ()
    for scenario in ("killed", "twice"):
        verdict = lab.check(path, scenario)
        assert verdict.verdict == "pass", verdict.reason


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ execution_date }}", "2024-01-01 00:00:00+00:00"),
        ("{{ execution_date.strftime('%Y/%m') }}", "2024/01"),
        ("{{ ds }} {{ ds_nodash }} {{ ts }}", "2024-01-01 20240101 2024-01-01T00:00:00+00:00"),
        ("{{ macros.ds_add(ds, -7) }}", "2023-12-25"),
        ("{{ yesterday_ds }} {{ tomorrow_ds_nodash }}", "2023-12-31 20240102"),
        ("{{ prev_execution_date_success }}", "None"),
        ("{{ prev_ds }} {{ next_ds }}", "2024-01-01 2024-01-01"),
        ("{{ dag_run.conf.get('day', 'none') }}", "none"),
        ("{{ var.json.settings.region }} {{ var.value.get('name', 'none') }}", "eu none"),
        ("{{ params.size }}", "7"),
        ("{{ task_instance_key_str }}", "d__t__20240101"),
    ],
)
def test_a_macro_of_airflow_2_is_rendered(lab: Laboratory, template: str, value: str) -> None:
    source = f"""
from airflow.operators.bash import BashOperator
BashOperator(task_id="t", bash_command={'echo "' + template + '"'!r}, params={{"size": 7}})
"""
    seed = Seed(variables={"settings": '{"region": "eu"}'})
    outcome = lab.run(dag(lab, source), seed=seed)
    assert lab.returned(outcome) == value, outcome.last.error


SENSOR = """
@task.sensor(mode="reschedule", poke_interval=60, timeout=1200, retries=1, retry_delay=timedelta(minutes=10))
def t(ti=None):
    print("SAID", ti.try_number)
    if ti.try_number == 1 and LOOKS > 5:
        raise ValueError("no answer")
    return False
t()
"""


def test_a_rescheduled_sensor_counts_its_time_from_its_first_try(lab: Laboratory) -> None:
    source = """
@task.sensor(mode="reschedule", poke_interval=60, timeout=3000, retries=1)
def t(ti=None):
    import tiny
    looks = tiny.keys("out")
    print("SAID", len(looks))
    if len(looks) == 20:
        tiny.put("out/failed")
        raise ValueError("no answer")
    tiny.put(f"out/{len(looks)}")
    return False
t()
"""
    outcome = lab.run(dag(lab, source), (Run(1), Run(2)), retries=1, shifts=(0.0, 0.0))
    first, second = outcome.results.values()
    assert (first.state, first.error) == ("up_for_retry", "ValueError: no answer")
    assert second.error_kind.endswith("AirflowSensorTimeout")
    assert 50 <= len(said(outcome)) <= 54  # in both tries together
