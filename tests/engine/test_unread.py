"""What a task returns and nobody pulls may differ; what somebody may pull may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.engine.unread import split
from pytest_dagguard.model.dag import Dag, Task, XCom
from pytest_dagguard.model.finding import Finding

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = "airflow.providers.standard.decorators.python._PythonDecoratedOperator"


def finding(task_id: str, cls: str = "changed", key: str = "return_value") -> Finding:
    return Finding(cls, "differs", f"xcom://d/run/{task_id}/{key}")


def dag(operator: str, *after: Task) -> Dag:
    return Dag("d", tasks=(Task("a", operator, bases=(operator,)), *after))


def counts(made: Dag, folder: Path, source: str = "a >> b", found: Finding | None = None) -> bool:
    file = folder / "d.py"
    file.write_text(source)
    counting, remarks = split(made, "a", str(file), [found or finding("a")])
    assert len(counting) + len(remarks) == 1
    return bool(counting)


def test_what_the_last_task_returns_does_not_count(tmp_path: Path) -> None:
    assert not counts(dag(PYTHON), tmp_path)
    assert not counts(dag(PYTHON), tmp_path, found=finding("a", "lost"))
    assert counts(dag(PYTHON), tmp_path, found=finding("a", "duplicate"))
    assert counts(dag(PYTHON), tmp_path, found=finding("a", key="path"))
    assert counts(dag(PYTHON), tmp_path, found=Finding("changed", "differs", "s3://b/return_value"))


def test_what_a_function_returns_counts_where_tasks_follow(tmp_path: Path) -> None:
    assert counts(dag(PYTHON, Task("b", PYTHON, upstream=("a",))), tmp_path)


def test_what_a_program_prints_counts_where_somebody_pulls_it(tmp_path: Path) -> None:
    after = Task("b", BASH, upstream=("a",))
    assert not counts(dag(BASH, after), tmp_path)
    assert counts(dag(BASH, after), tmp_path, "ti.xcom_pull('a')")
    helper = tmp_path / "helper.py"
    helper.write_text("ti.xcom_pull('a')")
    assert counts(dag(BASH, Task("b", PYTHON, upstream=("a",), code_file=str(helper))), tmp_path)
    assert counts(dag(BASH, Task("b", PYTHON, upstream=("a",), code_file=str(tmp_path / "gone"))), tmp_path)
    for argument in (XCom("a"), {"x": [XCom("a")]}, "{{ ti.xcom_pull('a') }}"):
        taking = Task("b", BASH, upstream=("a",), arguments={"env": argument})
        assert counts(dag(BASH, taking), tmp_path), argument
    assert counts(dag(BASH, Task("b", BASH, upstream=("a",), arguments={"bash_command": "load.sh"})), tmp_path)
    assert counts(dag(BASH, Task("b", BASH, upstream=("a",), mapped=True)), tmp_path)
    assert not counts(dag(BASH, Task("b", BASH, upstream=("a",), arguments={"env": XCom("c")})), tmp_path)


STOP = "airflow.providers.google.cloud.operators.dataproc.DataprocStopClusterOperator"


def test_what_an_operator_of_a_provider_returns_counts_where_somebody_pulls_it(tmp_path: Path) -> None:
    after = Task("b", STOP, upstream=("a",))
    assert counts(dag(STOP, after), tmp_path, "ti.xcom_pull('a')")
    assert counts(dag(STOP, after), tmp_path, 'ti.xcom_pull(task_ids=["a", "c"])')
    assert counts(dag(STOP, after), tmp_path, "XComArg(a)")
    assert counts(dag(STOP, Task("b", PYTHON, upstream=("a",), arguments={"op_args": [XCom("a")]})), tmp_path)
    assert counts(dag("mine.StopOperator", after), tmp_path)
    assert counts(dag(STOP, Task("b", "mine.PullingOperator", upstream=("a",))), tmp_path)
    helper = tmp_path / "helper.py"
    loads = Task("b", PYTHON, upstream=("a",), callable_name="load", code_file=str(helper))
    for text in ("def load(ti): store(ti)", "def load(**kwargs): store(**kwargs)", "store(get_current_context())"):
        helper.write_text(text)
        assert counts(dag(STOP, loads), tmp_path), text
    helper.write_text("def load(): raise ValueError")
    assert not counts(dag(STOP, loads), tmp_path)
    assert counts(Dag("d", tasks=(Task("a", STOP, callable_name="choose", bases=(STOP,)), after)), tmp_path)
    assert not counts(dag(STOP, after), tmp_path)
    assert not counts(
        dag(STOP, after), tmp_path, "x = \"{{ ti.xcom_pull( task_ids='c')['id'] }}\"; ti.xcom_push('k', 1)"
    )


FIRST = """
@task
def a():
    import tiny
    had = tiny.get("out/x")
    tiny.put("out/x", b"x")
    return "old" if had else "new"
"""
SECOND = "@task\ndef b(value):\n    print(value)\n"


@pytest.mark.parametrize(("order", "verdict"), [("a()\n", "pass"), ("b(a())", "fail")])
def test_a_task_that_says_what_it_happened_to_do(lab: Laboratory, order: str, verdict: str) -> None:
    found = lab.check(lab.file(FIRST, SECOND, retries=1, order=order), "killed", task_id="a")
    assert found.verdict == verdict, found
    assert classes(found) == (["changed"] if verdict == "fail" else [])
    assert any("no task comes after it" in each for each in found.notes) is (verdict == "pass")


LINKED = """
from airflow.sdk import DAG, BaseOperator, BaseOperatorLink

class Link(BaseOperatorLink):
    name = "Console"
    key = "console_link"

    def get_link(self, operator, *, ti_key):
        return ""

class Load(BaseOperator):
    operator_extra_links = (Link(),)

    def execute(self, context):
        import tiny
        had = tiny.get("out/x")
        tiny.put("out/x", b"x")
        context["ti"].xcom_push("console_link", "old" if had else "new")

with DAG("d", schedule=None):
    Load(task_id="t", retries=1) >> BaseOperator(task_id="after")
"""


def test_an_xcom_of_a_link_counts_where_the_file_names_it_elsewhere(lab: Laboratory) -> None:
    helper = "class Key:\n    key = 'console_' + 'link'\n"
    source = LINKED.replace('    key = "console_link"', "    key = Key.key").replace(
        'xcom_push("console_link"', "xcom_push(Key.key"
    )
    path = lab.write(f"{helper}\n{source}")
    assert lab.check(path, "killed").verdict == "pass"
    assert lab.check(lab.write(LINKED), "killed").verdict == "fail"
