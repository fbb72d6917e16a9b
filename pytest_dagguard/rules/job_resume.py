"""Does a retry find the job that the killed try has started?"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import ERROR, INFO, WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks

WEAK = {
    "force_rerun": (True, "BigQuery runs the query again instead of taking up the job of the killed try"),
    "reattach": (False, "ECS starts a second task beside the one that the killed try has started"),
    "reuse_existing_run": (False, "dbt Cloud starts a second run beside the one that the killed try has started"),
}
"""Argument -> its value that makes a retry start anew, and what happens then."""


def durable_disabled(subject: Subject) -> Iterator[Finding]:
    """Operators that could find their job again, and were told not to."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        name = next((each for each in ("durable", "reattach_on_restart") if each in task.given), "")
        if name and task.arguments.get(name) is False:
            yield tasks.finding(
                "durable-disabled",
                task,
                f"{tasks.label(task)} does not take up again what a killed try has started: {name}=False",
                why="When the worker dies, the pod or job goes on. The retry starts a second one beside it.",
                fix=f"Leave {name} at its default. Where a restart from half way is wrong, say so:"
                " # dagguard: ignore[durable-disabled] the reason",
            )


def weak_resume_default(subject: Subject) -> Iterator[Finding]:
    """Operators whose default is to start anew on a retry."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if not task.retries or task.arguments.get("durable") is True:
            continue
        for name, (bad, happens) in WEAK.items():
            if task.arguments.get(name) is bad and task.kind in _WEAK_IN[name]:
                yield tasks.finding(
                    "weak-resume-default",
                    task,
                    f"{tasks.label(task)} has retries={task.retries} and {name}={bad}",
                    why=f"After a kill, {happens}.",
                    fix=f"{name}={not bad}, so that the retry looks for the job first.",
                )


_WEAK_IN = {
    "force_rerun": ("BigQueryInsertJobOperator",),
    "reattach": ("EcsRunTaskOperator",),
    "reuse_existing_run": ("DbtCloudRunJobOperator",),
}


def retry_exceeds_job_concurrency(subject: Subject) -> Iterator[Finding]:
    """Retries that are refused while the job of the killed try still runs."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        limit = task.arguments.get("concurrent_run_limit")
        creates = task.arguments.get("script_location") or task.arguments.get("create_job_kwargs")
        if (
            task.kind == "GlueJobOperator"
            and task.retries
            and limit == 1
            and creates
            and not task.arguments.get("durable")
        ):
            given = "" if "concurrent_run_limit" in task.given else " (its default)"
            yield tasks.finding(
                "retry-exceeds-job-concurrency",
                task,
                f"{tasks.label(task)} has retries={task.retries}, but one run of its job is all that Glue allows:"
                f" concurrent_run_limit=1{given}, and it does not take up the run of a killed try",
                why="The worker dies, the Glue run goes on. The retry starts another, is refused with"
                " ConcurrentRunsExceeded, and all retries are spent before the first run has ended.",
                fix="durable=True (Airflow 3.3), so that the retry waits for the run that is there. Before 3.3: submit"
                " in one task, and wait with a GlueJobSensor in another.",
            )


RULES = (
    Rule(
        "durable-disabled",
        "dag",
        WARNING,
        "a retry is told not to take up the job or pod that is still running",
        """\
What it does
  Looks for durable=False, and reattach_on_restart=False of pods.

Why is this bad
  A worker that dies leaves the pod or job running. A retry that does not look for it starts a second one, and both
  write the same output. At BBC Datalab two pods moved one model at once, and deleted it.

Example
  KubernetesPodOperator(task_id="move_model", image="acme/move:3", reattach_on_restart=False)

Use instead
  KubernetesPodOperator(task_id="move_model", image="acme/move:3")
""",
        durable_disabled,
    ),
    Rule(
        "weak-resume-default",
        "dag",
        INFO,
        "a retry starts the job anew by the operator's default",
        """\
What it does
  Looks for tasks with retries whose operator starts a second job unless told otherwise: force_rerun=True of BigQuery,
  reattach=False of ECS, reuse_existing_run=False of dbt Cloud. durable=True covers it.

Why is this bad
  The job of the killed try goes on beside the new one. It is paid for twice, and what both write may be there twice.

Example
  EcsRunTaskOperator(task_id="train", cluster="ml", task_definition="train", retries=2, ...)

Use instead
  EcsRunTaskOperator(task_id="train", cluster="ml", task_definition="train", retries=2, reattach=True, ...)
""",
        weak_resume_default,
    ),
    Rule(
        "retry-exceeds-job-concurrency",
        "dag",
        ERROR,
        "a retry is refused while the job of the killed try runs",
        """\
What it does
  Looks for Glue jobs that the DAG itself creates, with room for one run at a time, retries, and durable off.

Why is this bad
  KAKEHASHI limited a Glue job to one run so that it is idempotent. A zombie's retry met the first run, got
  ConcurrentRunsExceeded, and the DAG failed while its job was fine.

Example
  GlueJobOperator(task_id="load", job_name="load", script_location="s3://jobs/load.py", retries=2, durable=False)

Use instead
  GlueJobOperator(task_id="load", job_name="load", script_location="s3://jobs/load.py", retries=2, durable=True)
""",
        retry_exceeds_job_concurrency,
    ),
)
