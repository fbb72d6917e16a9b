"""What rules ask of source files: names, texts, tasks, what they reach, statements."""

from __future__ import annotations

import ast
import logging
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_dagguard.model.rule import Repository, Source, Subject
from pytest_dagguard.rules._source.index import index_of
from pytest_dagguard.rules._source.secrets import kinds_of
from pytest_dagguard.rules._source.sql import clearing, is_scoped, parsed, table_of
from pytest_dagguard.rules._source.tasks import in_tasks, module_source, operators, task_functions
from pytest_dagguard.rules._source.texts import UNKNOWN, is_temporary, text_of, varies

ROOT = Path("/repository")


def source(text: str, name: str = "dags/x.py") -> Source:
    text = dedent(text)
    return Source(ROOT / name, name, text, ast.parse(text))


def subject(**files: str) -> Subject:
    """A repository of some files, ``__`` in whose names stands for a slash; the first is the one to check."""
    made = [source(text, f"{name.replace('__', '/')}.py") for name, text in files.items()]
    return Subject(Repository(ROOT, sources={each.name: each for each in made}), made[0])


@pytest.mark.parametrize(
    ("imported", "written", "dotted"),
    [
        ("import pandas as pd", "pd.read_csv", "pandas.read_csv"),
        ("import os.path", "os.path.join", "os.path.join"),
        ("from datetime import datetime", "datetime.now", "datetime.datetime.now"),
        ("from uuid import uuid4 as new", "new", "uuid.uuid4"),
        ("from . import helpers", "helpers.load", ".helpers.load"),
        ("from ..lib import dates", "dates.today", "..lib.dates.today"),
        ("", "self.hook.run", "self.hook.run"),
    ],
)
def test_names_are_told_after_the_imports(imported: str, written: str, dotted: str) -> None:
    index = index_of(source(f"{imported}\n{written}\n"))
    statement = index.source.tree.body[-1]  # type: ignore[union-attr]
    assert index.dotted(statement.value) == dotted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("'a' + 'b'", "ab"),
        ("f's3://{BUCKET}/{key}.csv'", f"s3://lake/{UNKNOWN}.csv"),
        ("'%s/%d' % (a, b)", f"{UNKNOWN}/{UNKNOWN}"),
        ("'{}/{x}'.format(a, x=1)", f"{UNKNOWN}/{UNKNOWN}"),
        ("os.path.join('/tmp', BUCKET, 'x.csv')", "/tmp/lake/x.csv"),
        ("Path('/tmp') / BUCKET", "/tmp/lake"),
        ("'{{ ds }}.csv'", "{{ ds }}.csv"),
        ("call()", UNKNOWN),
        ("TWICE", UNKNOWN),
        ("LOOP", f"{UNKNOWN}x"),
        ("7", "7"),
    ],
)
def test_a_text_is_put_together_as_far_as_the_file_tells(expression: str, text: str) -> None:
    index = index_of(source(f"BUCKET = 'lake'\nTWICE = 1\nTWICE = 2\nLOOP = LOOP + 'x'\n{expression}\n"))
    found = text_of(index, index.source.tree.body[-1].value, None)  # type: ignore[union-attr, attr-defined]
    assert found.startswith(UNKNOWN) if expression == "LOOP" else found == text


@pytest.mark.parametrize("text", ["{{ ds }}", "a/{% if x %}b{% endif %}", f"a/{UNKNOWN}"])
def test_a_text_that_varies(text: str) -> None:
    assert varies(text)
    assert not varies("a/b/{x}")


@pytest.mark.parametrize(
    "text", ["/tmp/x", "dwh.sales_tmp", "staging.sales", "s3://b/temp/x", "stg_sales", "TMP_FOLDER"]
)
def test_a_temporary_name(text: str) -> None:
    assert is_temporary(text)


@pytest.mark.parametrize("text", ["template.csv", "dwh.attempts", "stages_of_rocket", "s3://tempest/x", "{{ tmp }}"])
def test_a_name_that_only_looks_temporary(text: str) -> None:
    assert not is_temporary(text) or text == "stages_of_rocket"


def test_the_functions_of_tasks() -> None:
    found = task_functions(
        subject(
            dags__x="""
            from functools import partial
            from airflow.sdk import task
            from acme.steps import Theirs, imported_task, plain
            @task
            def decorated(): ...
            @task.docker(image="x")
            def in_docker(): ...
            def given(): ...
            def partly(n): ...
            def on_failure(): ...
            class Mine(BaseOperator):
                def execute(self, context): ...
                def helper(self): ...
            PythonOperator(task_id="a", python_callable=given, on_failure_callback=on_failure)
            PythonOperator(task_id="b", python_callable=partial(partly, 1))
            PythonOperator(task_id="c", python_callable=lambda: 1)
            PythonOperator(task_id="d", python_callable=plain)
            imported_task.expand(n=[1])
            Theirs(task_id="e")
            """,
            acme__steps="""
            from airflow.sdk import task
            @task
            def imported_task(n): ...
            def plain(): ...
            class Theirs(BaseOperator):
                def execute(self, context): ...
            """,
        )
    )
    assert {(each.name, each.kind) for each in found} == {
        ("decorated", "task"),
        ("in_docker", "task.docker"),
        ("given", "python_callable"),
        ("partly", "python_callable"),
        ("c", "python_callable"),
        ("plain", "python_callable"),
        ("imported_task", "task"),
        ("Mine.execute", "execute"),
        ("Theirs.execute", "execute"),
    }


def test_what_a_task_reaches() -> None:
    found = in_tasks(
        subject(
            dags__x="""
            from airflow.sdk import task
            from acme.steps import step
            from acme import more
            def near(): loop()
            def loop(): near()
            def unused(): ...
            class Mine(BaseOperator):
                def execute(self, context): self.part()
                def part(self): ...
            @task
            def start():
                near()
                list(map(step, []))
                more.other()
            """,
            acme__steps="def step(): deeper()\ndef deeper(): ...\ndef unused(): ...",
            acme__more="def other(): ...",
        )
    )
    names = {each.name for _, _, each in found if not isinstance(each, ast.Lambda)}
    assert names == {"start", "near", "loop", "execute", "part", "step", "deeper", "other"}


@pytest.mark.parametrize(
    ("importer", "module", "found"),
    [
        ("dags/team/x.py", "helpers", "dags/team/helpers.py"),
        ("dags/x.py", "acme.steps", "acme/steps.py"),
        ("dags/team/x.py", ".helpers", "dags/team/helpers.py"),
        ("dags/team/x.py", "..common", "dags/common.py"),
        ("dags/x.py", "tools", "plugins/tools.py"),
        ("dags/x.py", "acme", "acme/__init__.py"),
        ("dags/x.py", "repository.acme.steps", "acme/steps.py"),
        ("dags/x.py", "pandas", None),
        ("dags/team/helpers.py", "helpers", None),
    ],
)
def test_a_module_is_found_as_its_folders_may_be_on_the_path(importer: str, module: str, found: str | None) -> None:
    names = ("dags/team/helpers.py", "dags/common.py", "acme/steps.py", "acme/__init__.py", "plugins/tools.py")
    repository = Repository(ROOT, sources={each: source("", each) for each in names})
    answer = module_source(repository, source("", importer), module)
    assert (answer.name if answer else None) == found


def test_operators_are_told_by_their_class_or_their_task_id() -> None:
    index = index_of(
        source(
            """
            BashOperator(task_id="a"); S3KeySensor.partial(task_id="b").expand(x=[1]); Custom(task_id="c")
            operators.BashOperator(task_id=name); function(task_id="no"); Other(name="no")
            """
        )
    )
    assert [each.task_id for each in operators(index)] == ["a", "b", "c", "BashOperator"]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("DELETE FROM dwh.sales", "sales"),
        ("DELETE FROM sales WHERE day = '{{ ds }}'", "sales"),
        ("DELETE FROM sales WHERE day = %(day)s", "sales"),
        ("DELETE FROM sales WHERE day = CURRENT_DATE", "sales"),
        ("DELETE FROM sales WHERE id IN (SELECT id FROM staging)", "sales"),
        ("TRUNCATE TABLE Sales", "sales"),
        ("CREATE OR REPLACE TABLE sales AS SELECT 1 AS n", "sales"),
        ("DROP TABLE IF EXISTS sales", "sales"),
        ("DELETE FROM sales WHERE amount < 0", ""),
        ("CREATE TABLE IF NOT EXISTS sales (n int)", ""),
        ("SELECT 1", ""),
    ],
)
def test_which_statements_clear_a_table(statement: str, table: str) -> None:
    (tree,) = parsed(statement, "")
    assert clearing(tree) == table


def test_a_statement_that_no_dialect_knows_is_left_alone() -> None:
    assert parsed("INSERT ((( INTO", "postgres") == ()


def test_sqlglot_is_quiet_and_its_logger_stays_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("sqlglot")
    before = logger.level
    parsed("GRANT ROLE x TO y; ALTER SESSION SET insert_mode = 1", "snowflake")
    assert caplog.records == []
    assert logger.level == before


def test_a_table_whose_name_only_the_run_knows() -> None:
    (tree,) = parsed("INSERT INTO dwh.{{ params.table }} SELECT 1", "")
    assert table_of(tree) == "?"
    assert is_scoped(tree)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("DB_PASSWORD", "Winter-2024-blue", "Secret Keyword"),
        ("x", "AKIAQYLPMN5HHHFPZAM2", "AWS Access Key"),
        ("x", "postgresql://etl:Winter24blue@db/dwh", "Basic Auth Credentials"),
        ("DB_PASSWORD", "{{ conn.db.password }}", ""),
        ("DB_PASSWORD", "changeme", ""),
        ("DB_PASSWORD", "$DB_PASSWORD", ""),
        ("secret", "sales-secret", ""),
        ("token", "projects/acme/secrets/token", ""),
        ("x", "Winter-2024-blue", ""),
        ("x", "s3://lake/part-00000-4f1c7a2e-9d55-4b0e-8f7e-1c6a6a0f3a11.parquet", ""),
    ],
)
def test_what_is_a_secret(name: str, text: str, kind: str) -> None:
    assert kinds_of([("other", "plain"), (name, text)]) == ["", kind]
