"""When tasks run, how often they are tried, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks


def missing_retries(subject: Subject) -> Iterator[Finding]:
    """Tasks that Airflow gives up on after one try."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if task.retries == 0 and tasks.works(task):
            yield tasks.finding(
                "missing-retries",
                task,
                f"{tasks.label(task)} has no retries",
                why="A worker that is replaced, or a service that is away for a minute, fails the whole DAG run, and"
                " somebody has to clear the task by hand.",
                fix='Set retries=2 on the task, or for all tasks at once: default_args={"retries": 2}.',
            )


RULES = (
    Rule(
        "missing-retries",
        "dag",
        WARNING,
        "a task that does work and is tried only once",
        """\
What it does
  Looks at the number of retries that holds for each task, wherever it was set. Sensors, empty tasks and triggers of
  other DAGs are left out.

Why is this bad
  Workers are replaced all the time: autoscaling, deployments, memory. Without a retry each of these is a failed DAG run
  and a person who clears a task.

Example
  with DAG("sales", schedule="@daily"):
      GlueJobOperator(task_id="load", job_name="load_sales")

Use instead
  with DAG("sales", schedule="@daily", default_args={"retries": 2}):
      GlueJobOperator(task_id="load", job_name="load_sales")
""",
        missing_retries,
    ),
)
