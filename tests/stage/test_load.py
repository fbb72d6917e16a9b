"""Loading a DAG file: whatever the file does, it is described or there is one clear error, and the next one loads."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil
import pytest

from laboratory import Laboratory
from pytest_dagguard.model.dag import LoadError
from pytest_dagguard.model.seed import Seed

GOOD = """
    from airflow.sdk import DAG, task

    with DAG("good", schedule=None):
        @task
        def t(): ...
        t()
"""


def error_of(lab: Laboratory, source: str, timeout: float = 30.0) -> LoadError:
    """The one error of a file; and after it a good file loads."""
    loaded = lab.load(lab.write(source), timeout)
    assert loaded.dags == ()
    (error,) = loaded.errors
    assert "\n" not in error.message
    good = lab.load(lab.write(GOOD))
    assert not good.errors
    assert [each.dag_id for each in good.dags] == ["good"]
    return error


def test_syntax_error(lab: Laboratory) -> None:
    error = error_of(lab, "from airflow.sdk import DAG\n\ndef broken(:\n    pass\n")
    assert (error.kind, error.line) == ("syntax", 3)
    assert "SyntaxError" in error.message


def test_missing_module(lab: Laboratory) -> None:
    error = error_of(lab, "from airflow.sdk import DAG\nimport no_such_module_at_all\n")
    assert (error.kind, error.line) == ("missing-module", 2)
    assert "no_such_module_at_all" in error.message


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        pytest.param("import airflow.operators.bash_operator", "moved", marks=pytest.mark.airflow3),
        ("from airflow.models import no_such_name", "moved"),
        pytest.param("DAG('d', schedule_interval='@daily')", "moved", marks=pytest.mark.airflow3),
        ("import airflow.providers.no_such_one", "missing-module"),
        ("Variable.get('region')", "lacks"),
        ("from airflow.hooks.base import BaseHook; BaseHook.get_connection('warehouse')", "lacks"),
        pytest.param("__import__('airflow.sdk').sdk.Connection.get('warehouse')", "lacks", marks=pytest.mark.airflow3),
        ("__import__('os').environ['ACME_HOST']", "lacks"),
        ("{}['rows']", "exception"),
        ("DAG(5)", "exception"),
    ],
)
def test_what_the_environment_lacks_is_told_apart_from_a_bad_dag(lab: Laboratory, line: str, kind: str) -> None:
    (error,) = lab.load(lab.write(f"from airflow.sdk import DAG, Variable\n{line}\n")).errors
    assert (error.kind, error.is_elsewhere) == (kind, kind != "exception"), error.message


def test_an_argument_that_an_operator_does_not_take_is_told_with_the_operator(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("d", schedule=None):
            EmptyOperator(task_id="t", size=1)
    """
    error = error_of(lab, source)
    assert "passed to EmptyOperator (task_id: t)" in error.message
    assert error.message.endswith("**kwargs: {'size': 1}")


def test_an_exception_in_a_helper_names_the_line_of_the_dag_file(lab: Laboratory) -> None:
    lab.write("def make():\n    raise ValueError('no such bucket')\n", "load_helper_a.py")
    error = error_of(lab, "from airflow.sdk import DAG\nimport load_helper_a\n\nload_helper_a.make()\n")
    assert (error.kind, error.line) == ("exception", 4)
    assert error.message == "ValueError: no such bucket"
    assert "load_helper_a.py" in error.detail


@pytest.mark.parametrize("status", ["3", "'not today'", ""])
def test_sys_exit(lab: Laboratory, status: str) -> None:
    error = error_of(lab, f"import sys\nfrom airflow.sdk import DAG\nsys.exit({status})\n")
    assert (error.kind, error.line) == ("exit", 3)
    assert f"sys.exit({status.strip(chr(39)) or None})" in error.message.replace("'", "")


def test_os_exit(lab: Laboratory) -> None:
    error = error_of(lab, "import os\nfrom airflow.sdk import DAG\nprint('so long')\nos._exit(0)\n")
    assert error.kind == "crash"
    assert "so long" in error.detail


def test_a_crash(lab: Laboratory) -> None:
    error = error_of(lab, "import os, signal\nfrom airflow.sdk import DAG\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    assert error.kind == "crash"
    assert "SIGSEGV" in error.message + error.detail


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", pytest.param("import time\nwhile True: time.sleep(60)", marks=pytest.mark.slow)],
    ids=["busy", "asleep"],
)
def test_an_endless_loop(lab: Laboratory, loop: str) -> None:
    error = error_of(lab, f"from airflow.sdk import DAG\nprint('begun')\n{loop}\n", timeout=1.0)
    assert error.kind == "timeout"
    assert "did not finish loading" in error.message
    assert "begun" in error.detail


def test_an_endless_loop_that_catches_everything(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG
        while True:
            try:
                while True: pass
            except BaseException:
                pass
    """
    assert error_of(lab, source, timeout=1.0).kind == "timeout"


def test_a_base_exception(lab: Laboratory) -> None:
    error = error_of(lab, "from airflow.sdk import DAG\nraise BaseException('out')\n")
    assert (error.kind, error.line) == ("exception", 2)
    assert error.message == "BaseException: out"


def test_a_keyboard_interrupt(lab: Laboratory) -> None:
    error = error_of(lab, "from airflow.sdk import DAG\nraise KeyboardInterrupt\n")
    assert (error.kind, error.line) == ("exception", 2)


def test_text_that_is_not_utf8(lab: Laboratory) -> None:
    path = lab.write("")
    path.write_bytes(b"from airflow.sdk import DAG\nname = '\xe9t\xe9'\n")
    loaded = lab.load(path)
    (error,) = loaded.errors
    assert error.kind == "syntax"


def test_null_bytes(lab: Laboratory) -> None:
    path = lab.write("")
    path.write_bytes(b"from airflow.sdk import DAG\nx = 1\x00\n")
    (error,) = lab.load(path).errors
    assert error.kind == "syntax"


def test_a_cycle(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("round", schedule=None):
            a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
            a >> b >> a
    """
    assert "ycle" in error_of(lab, source).message


@pytest.mark.parametrize(
    "call",
    [
        "__import__('urllib.request').request.urlopen('http://example.com/x')",
        "__import__('urllib.request').request.urlopen('https://example.com/x')",
        "__import__('requests').get('https://example.com/x')",
        "__import__('socket').create_connection(('example.com', 80))",
    ],
    ids=["urllib", "urllib with tls", "requests", "socket"],
)
def test_a_file_that_wants_the_network(lab: Laboratory, call: str) -> None:
    error = error_of(lab, f"from airflow.sdk import DAG\n\ndef fetch():\n    {call}\n\nfetch()\n")
    assert (error.kind, error.line) == ("egress", 4)
    assert "example.com" in error.message


def test_a_file_without_a_dag_is_no_error(lab: Laboratory) -> None:
    loaded = lab.load(lab.write("from airflow.sdk import DAG\n"))
    assert (loaded.dags, loaded.errors) == ((), ())


def test_one_bad_dag_keeps_no_other_of_its_file_away(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("fine", schedule=None):
            EmptyOperator(task_id="x")
        with DAG("round", schedule=None):
            a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
            a >> b >> a
    """
    loaded = lab.load(lab.write(source))
    assert [each.dag_id for each in loaded.dags] == ["fine"]
    assert len(loaded.errors) == 1


FORKS = """
    import os, sys, time
    from airflow.sdk import DAG, task

    if os.fork() == 0:
        os.setsid()
        {more}
        while True:
            time.sleep(60)

    with DAG("forks", schedule=None):
        @task
        def t(): ...
        t()
"""


def at_work(stage: psutil.Process, before: set[int]) -> list[int]:
    """What runs below the stage and has begun its work, unlike the child that it forks ahead of the next order."""
    found = []
    for each in stage.children(recursive=True):
        with contextlib.suppress(psutil.Error, FileNotFoundError):  # it ends while it is looked at
            if each.pid not in before and Path(each.cwd()).name == "work":
                found.append(each.pid)
    return found


@pytest.mark.parametrize(
    "more",
    [
        "pass",
        "os.fork() and os._exit(0)",
        "os.closerange(0, 200)",
        "os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'])",
    ],
    ids=["child", "daemon", "closes everything", "another program"],
)
def test_a_file_that_leaves_a_process_behind(lab: Laboratory, more: str) -> None:
    before = {each.pid for each in psutil.process_iter()}
    loaded = lab.load(lab.write(FORKS.format(more=more)), timeout=10.0)
    assert [each.dag_id for each in loaded.dags] == ["forks"] or loaded.errors
    stage = psutil.Process(lab.lab.stage.process.pid)  # type: ignore[union-attr]
    deadline = time.monotonic() + 5.0
    while (left := at_work(stage, before)) and time.monotonic() < deadline:
        time.sleep(0.01)  # the file's own process is on its way out when its result is told
    assert left == []
    assert not lab.load(lab.write(GOOD)).errors


def test_a_child_that_goes_on_with_the_load_does_not_answer_for_it(lab: Laboratory) -> None:
    """A fork without an exit: two processes come to the end of the file."""
    source = """
        import os
        from airflow.sdk import DAG, task
        child = os.fork() == 0
        with DAG("child" if child else "parent", schedule=None):
            @task
            def t(): ...
            t()
    """
    loaded = lab.load(lab.write(source))
    assert [each.dag_id for each in loaded.dags] == ["parent"] or loaded.errors
    assert not lab.load(lab.write(GOOD)).errors


def test_a_file_that_floods_its_output(lab: Laboratory) -> None:
    source = GOOD + "\n    print('x' * 5_000_000)\n"
    loaded = lab.load(lab.write(source))
    assert [each.dag_id for each in loaded.dags] == ["good"]


def test_variables_come_from_the_seed(lab: Laboratory) -> None:
    source = """
        from airflow.sdk import DAG, Variable, task
        with DAG("in_" + Variable.get("region"), schedule=None):
            @task
            def t(): ...
            t()
    """
    path = lab.write(source)
    assert [each.dag_id for each in lab.load(path, seed=Seed(variables={"region": "eu"})).dags] == ["in_eu"]
    (error,) = lab.load(path).errors
    assert "region" in error.message + error.detail


def test_what_is_told_of_a_dag(lab: Laboratory) -> None:
    source = """
        from datetime import timedelta
        from airflow.sdk import DAG, TaskGroup, task
        from airflow.providers.standard.operators.empty import EmptyOperator

        @task(retries=2, retry_delay=timedelta(minutes=3))
        def load():
            return 1

        with DAG("told", schedule=None):
            first = EmptyOperator(task_id="first")
            with TaskGroup("group"):
                inner = EmptyOperator(
                    task_id="inner", trigger_rule="all_done"
                )
            last = load()
            first >> inner >> last
            load.override(task_id="many").partial().expand_kwargs([{}])
    """
    path = lab.write(source)
    (dag,) = lab.load(path).dags
    assert (dag.dag_id, dag.line) == ("told", 10)
    by_id = {each.task_id: each for each in dag.tasks}
    order = list(by_id)
    assert order.index("first") < order.index("group.inner") < order.index("load")
    assert by_id["load"].upstream == ("group.inner",)
    assert (by_id["load"].retries, by_id["load"].retry_delay) == (2, 180.0)
    assert (by_id["load"].line, by_id["load"].callable_name, by_id["load"].code_file) == (7, "load", str(path))
    assert by_id["first"].line == 11
    assert by_id["group.inner"].line == 13
    assert by_id["group.inner"].trigger_rule == "all_done"
    assert by_id["first"].operator == "airflow.providers.standard.operators.empty.EmptyOperator"
    assert [each.task_id for each in dag.tasks if each.mapped] == ["many"]
    assert dag.ancestors("load") == {"first", "group.inner"}


def test_each_load_is_fresh(lab: Laboratory, tmp_path: Path) -> None:
    path = lab.write(GOOD)
    assert [each.dag_id for each in lab.load(path).dags] == ["good"]
    path.write_text(path.read_text().replace('"good"', '"better"'))
    assert [each.dag_id for each in lab.load(path).dags] == ["better"]
