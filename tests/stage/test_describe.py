"""What is told of tasks and DAGs beyond their shape: arguments of the instance, whoever set them, as plain values."""

from __future__ import annotations

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.dag import Dag, Opaque, Task, XCom

SOURCE = """
    from datetime import datetime, timedelta
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
    from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Asset, task
    from kubernetes.client import V1EnvVar, V1ResourceRequirements

    class OurGlueJob(GlueJobOperator):
        def __init__(self, *, team, note="", **arguments):
            super().__init__(**{"wait_for_completion": False, **arguments})
            self.team = team

        @property
        def note(self):
            raise RuntimeError("a property must not be asked")

    with DAG(
        "told",
        schedule="0 3 * * *",
        start_date=datetime(2024, 1, 1),
        catchup=True,
        tags=["a"],
        dagrun_timeout=timedelta(hours=2),
        default_args={"retries": 3, "deferrable": True},
    ):
        @task
        def first(): return {"a": 1}

        @task(max_active_tis_per_dag=2)
        def mapped(x, y): ...

        made = first()
        OurGlueJob(task_id="glue", team="data", job_name="{{ ds }}", script_args={"a": made["a"], "n": [1, None]})
        S3KeySensor(task_id="sensor", bucket_key="s3://a/b", execution_timeout=timedelta(minutes=5))
        KubernetesPodOperator(
            task_id="pod",
            image="a:1",
            env_vars=[V1EnvVar(name="A", value="b")],
            container_resources=V1ResourceRequirements(limits={"memory": "1Gi"}),
        )
        BashOperator(task_id="shell", bash_command="x" * 50_000, env={"f": print}, outlets=[Asset("s3://a/b")])
        mapped.partial(x=1).expand(y=made)
"""


@pytest.fixture(scope="module")
def dag(lab: Laboratory) -> Dag:
    loaded = lab.load(lab.write(SOURCE))
    assert not loaded.errors, loaded.errors
    return loaded.dags[0]


@pytest.fixture
def glue(dag: Dag) -> Task:
    return dag.task("glue")


def test_a_dag(dag: Dag) -> None:
    assert (dag.schedule, dag.catchup, dag.problem) == ("0 3 * * *", True, "")
    assert dag.settings["tags"] == ["a"]
    assert dag.settings["dagrun_timeout"] == 7200.0
    assert dag.settings["start_date"].startswith("2024-01-01T00:00:00")
    assert dag.settings["default_args"]["retries"] == 3


def test_arguments_are_those_of_the_instance(glue: Task) -> None:
    assert glue.arguments["wait_for_completion"] is False, "a subclass has set it"
    assert glue.arguments["deferrable"] is True, "default_args have set it"
    assert glue.arguments["job_name"] == "{{ ds }}", "templates are as they are"
    assert glue.arguments["team"] == "data"
    assert "note" not in glue.arguments
    assert glue.defaults["wait_for_completion"] is True
    assert {"job_name", "team", "deferrable"} <= set(glue.given)
    assert "verbose" not in glue.given
    assert glue.retries == 3


def test_what_another_task_returns_is_told_apart(glue: Task) -> None:
    assert glue.arguments["script_args"] == {"a": XCom("first", "a"), "n": [1, None]}


def test_an_operator_is_known_by_all_its_classes(dag: Dag, glue: Task) -> None:
    assert glue.kind == "OurGlueJob"
    assert glue.is_a("GlueJobOperator")
    assert glue.is_a("airflow.providers.amazon.aws.operators.glue.GlueJobOperator")
    assert not glue.is_a("BaseSensorOperator")
    assert dag.task("sensor").is_a("BaseSensorOperator")
    assert "GlueJobSensor" in glue.sensors


def test_kubernetes_models_are_dictionaries(dag: Dag) -> None:
    pod = dag.task("pod")
    assert pod.arguments["container_resources"] == {"limits": {"memory": "1Gi"}}
    assert pod.arguments["env_vars"] == [{"name": "A", "value": "b"}]


def test_long_and_strange_values_are_cut_and_named(dag: Dag) -> None:
    shell = dag.task("shell")
    assert len(shell.arguments["bash_command"]) == 20_000
    assert shell.arguments["env"] == {"f": Opaque("builtins.builtin_function_or_method", "builtins.print")}
    assert shell.settings == {"outlets": ["s3://a/b"]}


def test_times_are_seconds(dag: Dag) -> None:
    assert dag.task("sensor").execution_timeout == 300.0
    assert dag.task("sensor").arguments["timeout"] == 604800.0


def test_a_mapped_task(dag: Dag) -> None:
    mapped = dag.task("mapped")
    assert mapped.mapped
    assert mapped.settings["max_active_tis_per_dag"] == 2
    assert mapped.is_a("PythonOperator")


def test_descendants(dag: Dag) -> None:
    assert dag.descendants("first") == {"glue", "mapped"}
    assert dag.descendants("pod") == frozenset()


def test_a_timetable_of_a_plugin_is_found(lab: Laboratory) -> None:
    plugin = lab.root / "plugins" / "timetables.py"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(
        "from airflow.plugins_manager import AirflowPlugin\nfrom our_timetables import Ours\n\n\n"
        "class P(AirflowPlugin):\n    name = 'p'\n    timetables = [Ours]\n"
    )
    lab.write(
        "from airflow.timetables.simple import OnceTimetable\n\n\nclass Ours(OnceTimetable): ...\n", "our_timetables.py"
    )
    source = (
        "from datetime import datetime\nfrom airflow.sdk import DAG\nfrom our_timetables import Ours\n"
        "with DAG('x', schedule=Ours(), start_date=datetime(2024, 1, 1)): ...\n"
    )
    try:
        assert [each.problem for each in lab.load(lab.write(source)).dags] == [""]
    finally:
        plugin.unlink()
    (dag,) = lab.load(lab.write(source)).dags
    assert "Ours" in dag.problem
