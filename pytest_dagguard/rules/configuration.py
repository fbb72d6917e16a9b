"""Variables and connections that DAGs name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.awaited import walk

_VARIABLE = re.compile(r"\bvar\.(?:value|json)\.(?:get\(\s*['\"])?([A-Za-z_]\w*)")
_CONNECTION = re.compile(r"\bconn\.(?:get\(\s*['\"])?([A-Za-z_]\w*)")


def missing_variable_or_connection(subject: Subject) -> Iterator[Finding]:
    """Names of Variables and connections that a given list does not have."""
    assert subject.dag is not None
    lists = subject.repository.settings.get("missing-variable-or-connection", {})
    for task in subject.dag.tasks:
        for kind, name, where in _named(task):
            known = lists.get(f"{kind}s")
            if known is not None and name not in known:
                yield tasks.finding(
                    "missing-variable-or-connection",
                    task,
                    f"{tasks.label(task)} names the {kind} {name} in {where}, which is not in the list",
                    resource=name,
                    why="The task fails where it is deployed, and nowhere before.",
                    fix=f"Mend the name{_near(name, known)}, or add it to {kind}s under"
                    " [tool.dagguard.rules.missing-variable-or-connection].",
                )


def _named(task: Task) -> Iterator[tuple[str, str, str]]:
    """Kind, name and argument of each Variable and connection that a task names."""
    for argument, value in task.arguments.items():
        if argument.endswith("conn_id") and isinstance(value, str) and value and "{{" not in value:
            if argument in task.given:  # the default of a provider is in no list
                yield "connection", value, argument
            continue
        if argument in task.template_fields:
            for text in _texts(value):
                for name in _VARIABLE.findall(text):
                    yield "variable", name, argument
                for name in _CONNECTION.findall(text):
                    yield "connection", name, argument


def _texts(value: Any) -> Iterator[str]:
    for each in walk(value):
        if isinstance(each, str) and "{" in each:
            yield each


def _near(name: str, known: Collection[str]) -> str:
    near = tasks.nearest(name, known)
    return f" (is it {near}?)" if near else ""


RULES = (
    Rule(
        "missing-variable-or-connection",
        "dag",
        WARNING,
        "a Variable or a connection that is in no list",
        """\
What it does
  Compares the Variables and connections that templates and arguments name with lists under
  [tool.dagguard.rules.missing-variable-or-connection]: variables = [...] and connections = [...]. Without a list it
  says nothing.

Why is this bad
  A name that is mistyped, or was never set up, shows when the task runs in production.

Example
  S3KeySensor(task_id="wait", bucket_key="s3://{{ var.value.bukcet }}/{{ ds }}", aws_conn_id="aws_prod")

Use instead
  S3KeySensor(task_id="wait", bucket_key="s3://{{ var.value.bucket }}/{{ ds }}", aws_conn_id="aws_prod")
""",
        missing_variable_or_connection,
    ),
)
