"""XComs under Airflow 2.11: whatever way they are pulled, it is the cloud's that come, in the database's order."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.seed import Seed

A = "@task\ndef a(ti=None):\n    ti.xcom_push(key='x', value='a.x')\n    return 'a'"
B = "@task\ndef b(ti=None):\n    ti.xcom_push(key='x', value='b.x')\n    return 'b'"
MANY = "@task\ndef m(n):\n    return n * 10"


def pulled(lab: Laboratory, expression: str) -> object:
    """What a task gets by an expression after ``a`` and ``b`` have run."""
    taker = (
        f"@task\ndef t(ti=None):\n    found = {expression}\n    return found if isinstance(found, str) else list(found)"
    )
    outcome = lab.chain(lab.file(A, B, taker, order="[a(), b()] >> t()"), "a", "b", "t")
    assert outcome.last.state == "success", outcome.last.error
    assert outcome.unreachable == ""
    return lab.returned(outcome)


def test_one_task_takes_what_another_has_returned(lab: Laboratory) -> None:
    path = lab.file(
        "@task(multiple_outputs=True)\ndef a():\n    return {'x': 1, 'y': [2]}",
        "@task\ndef b(y, ti=None):\n    return [y, ti.xcom_pull(task_ids='a', key='x'), ti.xcom_pull(task_ids=['a'], key='x')[0], ti.xcom_pull(key='x')]",
        order="b(a()['y'])",
    )
    outcome = lab.chain(path, "a", "b")
    assert outcome.last.state == "success", outcome.last.error
    assert lab.returned(outcome, "b") == [[2], 1, 1, 1]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ti.xcom_pull(key='x')", "b.x"),
        ("ti.xcom_pull()", "b"),
        ("ti.xcom_pull(task_ids=None, key='return_value')", "b"),
        ("ti.xcom_pull(task_ids='a', key=None)", "a"),
        ("ti.xcom_pull(task_ids=['b', 'a'])", ["b", "a"]),
        ("ti.xcom_pull(task_ids=('a', 'b'), key='x')", ["a.x", "b.x"]),
        ("ti.xcom_pull(task_ids=['a', 'nobody'])", ["a"]),
        ("ti.xcom_pull(task_ids='a', key='nothing', default='none')", "none"),
        ("ti.xcom_pull(dag_id='another', key='x') or 'none'", "none"),
    ],
)
def test_what_several_tasks_have_pushed_is_pulled_as_from_the_database(
    lab: Laboratory, expression: str, value: object
) -> None:
    assert pulled(lab, expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ti.xcom_pull(task_ids='m')", [10, 20, 30]),
        ("ti.xcom_pull(task_ids='m', map_indexes=1)", 20),
        ("ti.xcom_pull(task_ids='m', map_indexes=[2, 0])", [30, 10]),
        ("ti.xcom_pull(task_ids='m', map_indexes=range(2))", [10, 20]),
        ("ti.xcom_pull(task_ids=['m', 'last'])", [10, 20, 30, 5]),
    ],
)
def test_what_a_mapped_task_returns_is_pulled_by_its_indexes(lab: Laboratory, expression: str, value: object) -> None:
    taker = f"""
        @task
        def t(ti=None):
            found = {expression}
            found = found if isinstance(found, int) else list(found)
            assert found == {value}, found
    """
    order = "[m.expand(n=[1, 2, 3]), last()] >> t()"
    verdict = lab.check(lab.file(MANY, "@task\ndef last():\n    return 5", taker, order=order), "twice")
    assert verdict.verdict == "pass", verdict.reason


def test_a_lazy_sequence_stays_good_while_others_are_pulled(lab: Laboratory) -> None:
    taker = """
        @task
        def t(ti=None):
            mine = ti.xcom_pull(task_ids="m")
            ti.xcom_pull(key="x")
            ti.xcom_pull()
            assert list(mine) == [10, 20], list(mine)
    """
    verdict = lab.check(lab.file(MANY, A, taker, order="[m.expand(n=[1, 2]), a()] >> t()"), "twice")
    assert verdict.verdict == "pass", verdict.reason


def test_values_of_another_dag_come_from_a_run_of_the_same_name(lab: Laboratory) -> None:
    seed = Seed(xcoms={"another": {"a": {"x": 1, "y": 2}}})
    start = lab.start(seed)
    lab.lab.cloud.call("restore", start)
    run = {"dag_id": "another", "run_id": "manual__2024-01-01", "logical_date": "2024-01-01T00:00:00Z"}
    lab.lab.cloud.call("command", "airflow", "dag_run", run)
    lab._starts[(id(lab.lab), repr(seed))] = lab.lab.cloud.call("snapshot")
    body = "return [ti.xcom_pull(dag_id='another', task_ids='a', key='x'), ti.xcom_pull(dag_id='another', key='y')]"
    assert lab.returned(lab.attempt(body, parameters="ti=None", seed=seed)) == [1, 2]


def test_a_value_by_its_date_is_no_evidence(lab: Laboratory) -> None:
    body = """
        from airflow.models import XCom
        XCom.get_many(execution_date=ti.execution_date, key="x").all()
    """
    assert "XComs by execution_date" in lab.attempt(body, parameters="ti=None").unreachable
