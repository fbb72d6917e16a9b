"""What a task took of its worker in a clean run, against budgets."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks

MEGABYTES = 512.0
SECONDS = 60.0
OPERATIONS = 1000.0
KILOBYTES = 48.0
"""Airflow keeps XComs in the metadata database, and its own advice is to keep them small."""


def _limit(subject: Subject, rule: str, name: str, usual: float) -> float:
    return float(subject.repository.settings.get(rule, {}).get(name, usual))


def task_memory_or_time(subject: Subject) -> Iterator[Finding]:
    """A task that took more of its worker than the budgets allow."""
    task, measured = subject.task, subject.measured
    if task is None or measured is None:
        return
    name = "task-memory-or-time"
    took = (
        (measured.memory / (1 << 20), "megabytes", MEGABYTES, "MB of memory"),
        (measured.cpu, "seconds", SECONDS, "s of processor time"),
        (float(measured.operations), "operations", OPERATIONS, "requests"),
    )
    over = [
        f"{amount:,.0f} {unit} (the budget is {limit:,.0f})"
        for amount, key, usual, unit in took
        if amount > (limit := _limit(subject, name, key, usual))
    ]
    if over:
        yield tasks.finding(
            name,
            task,
            f"{tasks.label(task)} took {' and '.join(over)} in a clean run",
            why="It takes that from the other tasks of its worker, and on real data it takes more. A worker that runs"
            " out of memory is killed, and the task begins again from nothing.",
            fix="Let a service or a pod of its own do the work, or do it in pieces that are mapped. Where it is meant"
            f" so: a higher budget under [tool.dagguard.rules.{name}] (megabytes, seconds, operations).",
        )


def xcom_size(subject: Subject) -> Iterator[Finding]:
    """XComs that are data, and no longer a message."""
    task, measured = subject.task, subject.measured
    if task is None or measured is None:
        return
    limit = _limit(subject, "xcom-size", "kilobytes", KILOBYTES)
    for key, size in sorted(measured.xcoms.items()):
        if size > limit * 1024:
            yield tasks.finding(
                "xcom-size",
                task,
                f"{tasks.label(task)} pushed {size / 1024:,.0f} kB as XCom {key!r}; the limit is {limit:,.0f} kB",
                why="XComs are rows of the metadata database, which all tasks of all DAGs share.",
                fix="Write the data to an object named after the run and push its name. Or an XCom backend on object"
                " storage, and a higher limit: kilobytes under [tool.dagguard.rules.xcom-size].",
            )


RULES = (
    Rule(
        "task-memory-or-time",
        "task",
        WARNING,
        "a task that takes much memory, time or many requests in the worker",
        """\
What it does
  Measures a task in its clean run, with the input data of the seed: the memory by which its process grows, processor
  time, requests to services. More than 512 MB, 60 s or 1,000 requests is told; megabytes, seconds and operations under
  [tool.dagguard.rules.task-memory-or-time] are the budgets.

Why is this bad
  Workers are shared. Posedio: a "GCS export" in a plain PythonOperator brought workers short of memory, the controller
  replaced them, and tasks died half way with their logs cut in half. BBC: a PythonOperator that copied thousands of
  small objects took ten minutes, on a bad day three hours, and after a time-out began again from nothing.

Example
  @task
  def export():
      rows = client.query("SELECT * FROM events").to_dataframe()        # the whole table in the worker
      rows.to_parquet("gs://exports/events.parquet")

Use instead
  BigQueryToGCSOperator(task_id="export", ...)              # the service does it; or a KubernetesPodOperator
""",
        task_memory_or_time,
    ),
    Rule(
        "xcom-size",
        "task",
        WARNING,
        "a task that pushes data as an XCom",
        """\
What it does
  Measures the XComs that a task pushes in its clean run, with the input data of the seed. More than 48 kB is told;
  kilobytes under [tool.dagguard.rules.xcom-size] is the limit.

Why is this bad
  An XCom is a row of the metadata database, kept for each run. Data in it slows down the scheduler for all DAGs, and
  fails where the database has a limit. Airflow's best practices: XComs are for messages.

Example
  @task
  def extract():
      return read_rows()

Use instead
  @task
  def extract(ds=None):
      key = f"raw/{ds}/rows.json"
      write_rows("lake", key)
      return key
""",
        xcom_size,
    ),
)
