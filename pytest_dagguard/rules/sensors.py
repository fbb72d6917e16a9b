"""Sensors: for how long they wait, and what that costs meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks
from pytest_dagguard.rules._jobs.awaited import CLOCKS

LONG_POKE = 60.0
"""Seconds between two looks from which on a slot is better given back."""


def sensor_without_timeout(subject: Subject) -> Iterator[Finding]:
    """Sensors that wait for Airflow's default of seven days."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if not tasks.is_sensor(task) or task.kind.startswith(CLOCKS) or {"timeout"} & {*task.given, *task.expanded}:
            continue
        if task.execution_timeout is None and not subject.dag.settings.get("dagrun_timeout"):
            seconds = task.arguments.get("timeout")
            days = f"{seconds / 86400:g} days" if isinstance(seconds, (int, float)) else "Airflow's default"
            yield tasks.finding(
                "sensor-without-timeout",
                task,
                f"{tasks.label(task)} has no timeout: it waits for {days}",
                why="What it waits for may never come. A week later somebody finds a run of last week still going.",
                fix="timeout=..., in seconds: how late may it be? With soft_fail=True it is skipped then.",
            )


def sensor_pokes_slot(subject: Subject) -> Iterator[Finding]:
    """Sensors that hold a worker slot between two looks that are far apart."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        interval = task.arguments.get("poke_interval")
        if (
            tasks.is_sensor(task)
            and task.arguments.get("mode") == "poke"
            and not task.arguments.get("deferrable")
            and isinstance(interval, (int, float))
            and interval >= LONG_POKE
        ):
            deferrable = "deferrable" in task.arguments
            yield tasks.finding(
                "sensor-pokes-slot",
                task,
                f"{tasks.label(task)} looks every {interval:g} s and holds a worker slot meanwhile: mode='poke'",
                why="A sensor that waits for hours takes a slot for hours. Enough of them, and nothing else runs.",
                fix="deferrable=True."
                if deferrable
                else 'mode="reschedule": the slot is given back between two looks.',
            )


RULES = (
    Rule(
        "sensor-without-timeout",
        "dag",
        WARNING,
        "a sensor that waits for seven days",
        """\
What it does
  Looks for sensors that nobody has given a timeout, an execution_timeout, or a dagrun_timeout of their DAG. Sensors
  that wait for a time of day are left out.

Why is this bad
  Airflow's default is seven days. 68 % of 228 sensors in public repositories have it, and hardly one of them is meant
  to wait for a week.

Example
  S3KeySensor(task_id="wait", bucket_key="s3://raw/{{ ds }}/_SUCCESS")

Use instead
  S3KeySensor(task_id="wait", bucket_key="s3://raw/{{ ds }}/_SUCCESS", timeout=6 * 60 * 60)
""",
        sensor_without_timeout,
    ),
    Rule(
        "sensor-pokes-slot",
        "dag",
        WARNING,
        "a sensor that holds a worker slot while it waits",
        """\
What it does
  Looks for sensors in mode "poke" that look once a minute or less often and are not deferrable.

Why is this bad
  They hold a slot, and do nothing in it. Enough of them and the tasks that they wait for cannot run.

Example
  S3KeySensor(task_id="wait", bucket_key="s3://raw/{{ ds }}/_SUCCESS", poke_interval=300)

Use instead
  S3KeySensor(task_id="wait", bucket_key="s3://raw/{{ ds }}/_SUCCESS", poke_interval=300, deferrable=True)
""",
        sensor_pokes_slot,
    ),
)
