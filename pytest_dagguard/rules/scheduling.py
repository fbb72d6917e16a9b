"""When tasks run, how often they are tried, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.waiting import waiting

SHORTEST_DELAY = 10.0
"""Seconds: a retry that comes sooner meets the same trouble."""


def catchup_enabled(subject: Subject) -> Iterator[Finding]:
    """A DAG that runs each interval that it has missed."""
    dag = subject.dag
    assert dag is not None
    if dag.catchup and dag.schedule and dag.schedule not in ("@once", "@continuous", "assets"):
        start = dag.settings.get("start_date")
        since = f" since {str(start)[:10]}" if start else ""
        yield Finding(
            "catchup-enabled",
            f"{dag.dag_id} has catchup=True and the schedule {dag.schedule}: each interval{since} that it has missed is"
            " run",
            resource=dag.dag_id,
            why="The first time it is switched on, or after a pause, all missed intervals run at once.",
            fix="catchup=False, unless that is what it is for; max_active_runs bounds how many run at a time.",
        )


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


def retry_without_delay(subject: Subject) -> Iterator[Finding]:
    """Tasks that are tried again at once."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if task.retries and task.retry_delay < SHORTEST_DELAY:
            yield tasks.finding(
                "retry-without-delay",
                task,
                f"{tasks.label(task)} is tried again after {task.retry_delay:g} s",
                why="What failed is mostly still away after a few seconds, and all retries are spent.",
                fix="retry_delay=timedelta(minutes=1) or more, perhaps with retry_exponential_backoff.",
            )


def missing_execution_timeout(subject: Subject) -> Iterator[Finding]:
    """Tasks that may run for ever."""
    assert subject.dag is not None
    if subject.dag.settings.get("dagrun_timeout"):
        return
    for task in subject.dag.tasks:
        if task.execution_timeout is None and _may_hang(task):
            yield tasks.finding(
                "missing-execution-timeout",
                task,
                f"{tasks.label(task)} has no execution_timeout, and works with something outside of Airflow",
                why="A connection that hangs, or a job that never ends, holds the worker slot until somebody looks.",
                fix="execution_timeout=timedelta(...), some times what it usually takes.",
            )


def _may_hang(task: Task) -> bool:
    found = waiting(task)
    return bool(found and found.waits) or task.is_a("KubernetesPodOperator", "DockerOperator", "SSHOperator")


RULES = (
    Rule(
        "catchup-enabled",
        "dag",
        INFO,
        "a scheduled DAG that runs every interval it has missed",
        """\
What it does
  Looks for DAGs that are scheduled by time and have catchup=True, by themselves or by Airflow's configuration.

Why is this bad
  Switched on again after a week's pause, an hourly DAG runs 168 times at once.

Example
  with DAG("sales", schedule="@hourly", start_date=datetime(2020, 1, 1), catchup=True): ...

Use instead
  with DAG("sales", schedule="@hourly", start_date=datetime(2020, 1, 1), catchup=False): ...
""",
        catchup_enabled,
    ),
    Rule(
        "missing-retries",
        "dag",
        INFO,
        "a task that does work and is tried only once",
        """\
What it does
  Looks at the number of retries that holds for each task, wherever it was set. Sensors, empty tasks, branches and
  triggers of other DAGs are left out.

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
    Rule(
        "retry-without-delay",
        "dag",
        INFO,
        "a task is tried again at once",
        """\
What it does
  Looks for retries with a retry_delay below 10 seconds.

Why is this bad
  Three retries within a second are one retry: the service that was away still is.

Example
  @task(retries=3, retry_delay=timedelta(seconds=1))
  def load(): ...

Use instead
  @task(retries=3, retry_delay=timedelta(minutes=2), retry_exponential_backoff=True)
  def load(): ...
""",
        retry_without_delay,
    ),
    Rule(
        "missing-execution-timeout",
        "dag",
        INFO,
        "a task that works with something outside may run for ever",
        """\
What it does
  Looks for tasks that wait for a job, a pod, a container or a remote command, and have no execution_timeout. A
  dagrun_timeout of the DAG will do.

Why is this bad
  Of 5,406 tasks in public repositories 94 % have none. One that hangs holds its slot, and the next runs queue up behind
  it, until somebody looks.

Example
  KubernetesPodOperator(task_id="train", image="acme/train:1.4")

Use instead
  KubernetesPodOperator(task_id="train", image="acme/train:1.4", execution_timeout=timedelta(hours=3))
""",
        missing_execution_timeout,
    ),
)
