"""Runs and task instances that a task looks up by Airflow 2's own functions are those of the cloud."""

from __future__ import annotations

from laboratory import RUN_ID, Laboratory

from .old_files import verbs

STATES = """
    @task
    def t(ti=None, dag_run=None):
        states = {each.task_id: str(each.state) for each in dag_run.get_task_instances()}
        one = dag_run.get_task_instance("a")
        failed = dag_run.get_task_instances(state=["failed"])
        return [states, str(one.state), one.try_number, one.duration is not None, [each.task_id for each in failed]]
"""


def test_a_task_sees_how_the_others_of_its_run_ended(lab: Laboratory) -> None:
    path = lab.file(
        "@task\ndef a(): ...",
        "@task\ndef b():\n    raise ValueError('no')",
        STATES,
        "@task\ndef after(): ...",
        order="a() >> t() >> after(); b()",
    )
    outcome = lab.chain(path, "a", "b", "t")
    assert outcome.last.state == "success", outcome.last.error
    states = {"a": "success", "after": "None", "b": "failed", "t": "running"}
    assert lab.returned(outcome) == [states, "success", 1, True, ["b"]]
    assert "ti.select" in verbs(outcome)


def test_a_branch_asks_for_no_states(lab: Laboratory) -> None:
    path = lab.file(
        "@task.branch\ndef choose():\n    return 'a'",
        "@task\ndef a(): ...",
        "@task\ndef b(): ...",
        order="choose() >> [a(), b()]",
    )
    assert "ti.select" not in verbs(lab.run(path, task_id="choose"))


def test_the_runs_of_a_dag_are_found(lab: Laboratory) -> None:
    source = """
    @task
    def t(dag_run=None):
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.models import DagRun
        trigger_dag("child", run_id="one", execution_date=dag_run.execution_date)
        found = DagRun.find(dag_id="child")
        return [
            [each.run_id for each in DagRun.find(dag_id=dag_run.dag_id)],
            [(each.run_id, str(each.state)) for each in found],
            [each.run_id for each in DagRun.find(dag_id="child", state="success")],
            [each.run_id for each in DagRun.find(dag_id=["child"], execution_date=dag_run.execution_date)],
        ]
    """
    outcome = lab.run(lab.file(source))
    assert outcome.last.state == "success", outcome.last.error
    assert lab.returned(outcome) == [[RUN_ID], [["one", "queued"]], [], ["one"]]


def test_what_is_not_the_clouds_is_named(lab: Laboratory) -> None:
    body = "from airflow.models import DagRun\nDagRun.find(run_id='one')"
    assert "metadata database (runs of any DAG)" in lab.attempt(body).unreachable
    body = "from airflow.models import DagRun\nDagRun.fetch_task_instances(dag_id='another', run_id='one')"
    assert "metadata database (task instances of another DAG)" in lab.attempt(body).unreachable
