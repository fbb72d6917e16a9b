"""What bounds a job, and what its service decides on its behalf."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import INFO, WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.awaited import walk
from pytest_dagguard.rules._jobs.waiting import waiting

_ENDLESS = re.compile(
    r"^(Dataflow|Beam|Dataproc|EmrAddSteps|EmrContainer|EmrCreateJobFlow|Batch|EcsRunTask|Databricks)"
)
"""Services without a time limit of their own. Glue ends a job after two days, BigQuery after six hours, Cloud Run after
ten minutes, SageMaker after a day, Dataproc a batch after four hours."""
_OLD_BATCH = re.compile(r"1\.|2\.0")
"""Runtimes of Dataproc's batches that the service does not end."""
_DEADLINE = re.compile(
    r"timeout|deadline|ttl|max_?run|max_?duration|attempt_?duration|job_?timeout|max_?workflow_?runtime", re.IGNORECASE
)
_NOT_OF_THE_JOB = re.compile(r"^(timeout|startup_timeout|request_timeout|retry|waiter|poll)", re.IGNORECASE)

_PINS: dict[str, tuple[str, dict[str, str]]] = {
    "Dataflow": (
        "Dataflow",
        {
            "worker type": r"machine_?type|worker_machine_type",
            "shuffle mode": r"shuffle_mode|enable_?streaming_?engine|dataflow_service_options",
            "disk size": r"disk_?size",
        },
    ),
    "Dataproc": (
        "Dataproc",
        {
            "image version": r"image_?version|runtime_config|\"version\"|'version'",
            "machine type": r"machine_type|properties",
        },
    ),
    "Glue": ("Glue", {"version": r"glue_?version", "worker type": r"worker_?type|max_?capacity|num_of_dpus"}),
    "Emr": (
        "EMR",
        {"release": r"release_?label", "instance types": r"instance_?(type|groups|fleets)|worker_?type|capacity"},
    ),
}
_CREATES = re.compile(
    r"^(Dataflow\w*Start\w*|DataprocCreateCluster|DataprocCreateBatch|EmrCreateJobFlow|EmrServerlessCreateApplication)"
)


def endless_job_unbounded(subject: Subject) -> Iterator[Finding]:
    """Jobs of services without a limit of their own, that nothing bounds."""
    assert subject.dag is not None
    if subject.dag.settings.get("dagrun_timeout"):
        return
    for task in subject.dag.tasks:
        if not _ENDLESS.match(task.kind) or waiting(task) is None or task.execution_timeout is not None:
            continue
        if task.kind == "DataprocCreateBatchOperator" and not _OLD_BATCH.match(_runtime(task)):
            continue
        after = subject.dag.descendants(task.task_id)
        sensors = [each for each in subject.dag.tasks if each.task_id in after and tasks.is_sensor(each)]
        if any("timeout" in each.given or each.execution_timeout for each in sensors) or _has_deadline(task):
            continue
        yield tasks.finding(
            "endless-job-unbounded",
            task,
            f"{tasks.label(task)} starts a job that nothing bounds: no execution_timeout, no sensor with a timeout"
            " after it, no deadline in the job itself",
            why="A job that does not end is paid for until somebody looks. BBC's ran for 3 days and 5 hours and cost"
            " over 12,000 pounds, in an environment for tests.",
            fix="execution_timeout=timedelta(...) on the task (and see that on_kill cancels the job), or a limit of the"
            " service: a TTL, a time-out or a maximum duration in the job's own configuration.",
        )


def _runtime(task: Task) -> str:
    """The version that a Dataproc batch asks for, empty where it asks for none."""
    batch = task.arguments.get("batch")
    settings = batch.get("runtime_config") if isinstance(batch, Mapping) else None
    return str(settings.get("version") or "") if isinstance(settings, Mapping) else ""


def _has_deadline(task: Task) -> bool:
    for name, value in task.arguments.items():
        usual = task.defaults.get(name)
        if _DEADLINE.search(name) and not _NOT_OF_THE_JOB.match(name) and value not in (None, 0, usual):
            return True
        for each in walk(value):
            if isinstance(each, Mapping) and any(_DEADLINE.search(str(key)) for key in each):
                return True
    return False


def unpinned_service_defaults(subject: Subject) -> Iterator[Finding]:
    """Jobs whose machines and version their service chooses."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        service, wanted, text = _pins(task)
        lacking = [what for what, pattern in wanted.items() if not re.search(pattern, text, re.IGNORECASE)]
        if lacking:
            yield tasks.finding(
                "unpinned-service-defaults",
                task,
                f"{tasks.label(task)} leaves to {service}: {', '.join(lacking)}",
                why="The service may change its default under a job that works. BBC's Dataflow jobs were moved to the"
                " shuffle service, which gave them disks of 25 GB instead of 250, and ran out of space.",
                fix=_FIX[service],
            )


_FIX = {
    "Dataflow": "Say what the job was tested with: worker_machine_type, disk_size_gb, and"
    " experiments=shuffle_mode=service or =appliance.",
    "Dataproc": "Say what the job was tested with: image_version (or runtime_config.version) and machine types.",
    "Glue": 'Say what the job was tested with: create_job_kwargs={"GlueVersion": "5.0", "WorkerType": "G.1X", ...}.',
    "EMR": "Say what the job was tested with: ReleaseLabel and the instances.",
}


def _pins(task: Task) -> tuple[str, Mapping[str, str], str]:
    """Service, what should be said of it, and all that the task says."""
    text = " ".join(_texts(dict(task.arguments)))
    if "DataflowRunner" in text:
        return (*_PINS["Dataflow"], text)
    if task.kind == "GlueJobOperator":
        # a job that is there already has its own version and workers
        creates = task.arguments.get("script_location") or task.arguments.get("create_job_kwargs")
        given = " ".join(name for name in task.given if task.arguments.get(name) is not None)
        return (*_PINS["Glue"], f"{text} {given}") if creates else ("", {}, "")
    if _CREATES.match(task.kind):
        for prefix, (service, wanted) in _PINS.items():
            if task.kind.startswith(prefix):
                return service, wanted, text
    return "", {}, ""


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, the names in dictionaries included; not the names of arguments themselves."""
    for each in value.values():
        for part in walk(each):
            if isinstance(part, Mapping):
                yield from map(str, part)
            elif isinstance(part, str):
                yield part
            elif part is not None and hasattr(part, "text"):
                yield part.text


RULES = (
    Rule(
        "endless-job-unbounded",
        "dag",
        WARNING,
        "a job of a service without a limit of its own, that nothing bounds",
        """\
What it does
  Looks at jobs of Dataflow, Dataproc, EMR, Batch, ECS and Databricks for one of: execution_timeout, dagrun_timeout, a
  sensor with a timeout after it, a time-out or a TTL in the job's configuration.

Why is this bad
  A Dataflow job of BBC Datalab did not end. It ran for 3 days and 5 hours and cost over 12,000 pounds, in a
  pre-production environment, before anybody saw it.

Example
  DataflowTemplatedJobStartOperator(task_id="precompute", template="gs://templates/precompute", ...)

Use instead
  DataflowTemplatedJobStartOperator(
      task_id="precompute", template="gs://templates/precompute", ..., execution_timeout=timedelta(hours=4)
  )
""",
        endless_job_unbounded,
    ),
    Rule(
        "unpinned-service-defaults",
        "dag",
        INFO,
        "machines, disks or version of a job are the service's default",
        """\
What it does
  Looks at jobs that create what they run on (Dataflow, Dataproc, Glue, EMR; a command line with
  --runner=DataflowRunner too) for an explicit worker type, version, disk size or shuffle mode.

Why is this bad
  Defaults change under a job that works. Dataflow's shuffle service was switched on for a job of BBC Datalab, disks
  shrank from 250 GB to 25 GB, and it failed with no space left.

Example
  BashOperator(task_id="precompute", bash_command="python -m pipeline --runner=DataflowRunner")

Use instead
  BashOperator(task_id="precompute", bash_command="python -m pipeline --runner=DataflowRunner"
               " --worker_machine_type=n2-standard-4 --disk_size_gb=250 --experiments=shuffle_mode=appliance")
""",
        unpinned_service_defaults,
    ),
)
