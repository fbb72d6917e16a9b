"""Pods: what they may use, which image they run, and what is left of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.rule import WARNING, Rule, Subject
from pytest_dagguard.rules import _tasks as tasks

POD = "KubernetesPodOperator"
_TEMPLATES = ("pod_template_file", "pod_template_dict", "full_pod_spec", "job_template_file")
_TAG = re.compile(r":(?P<tag>[\w][\w.-]*)$")


def pod_without_resources(subject: Subject) -> Iterator[Finding]:
    """Pods that say nothing of what they need."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if not task.is_a(POD) or _templated(task) or "container_resources" in task.expanded:
            continue
        found = task.arguments.get("container_resources")
        if not found:
            yield tasks.finding(
                "pod-without-resources",
                task,
                f"{tasks.label(task)} says nothing of the memory and CPU that it needs",
                why="Kubernetes may put it on a node that is full, and evicts it first when memory is short.",
                fix='container_resources=V1ResourceRequirements(requests={"memory": "2Gi", "cpu": "1"},'
                ' limits={"memory": "2Gi"}), or a pod template that has them.',
            )


def mutable_image_tag(subject: Subject) -> Iterator[Finding]:
    """Images that may be others tomorrow."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        image = task.arguments.get("image")
        if isinstance(image, str) and task.is_a(POD, "DockerOperator") and _mutable(image):
            yield tasks.finding(
                "mutable-image-tag",
                task,
                f"{tasks.label(task)} runs {image}, which may be another image tomorrow",
                why="A retry, or a backfill of last month, runs other code than the first try did.",
                fix="A version as the tag, or a digest: image@sha256:...",
            )


def _mutable(image: str) -> bool:
    if "{{" in image or "@sha256:" in image or not image:
        return False
    tag = _TAG.search(image.rpartition("/")[2])
    return tag is None or tag["tag"].lower() in ("latest", "main", "master", "dev", "stable", "edge", "nightly")


def pod_kept_running(subject: Subject) -> Iterator[Finding]:
    """Pods that stay, and that nothing ends."""
    assert subject.dag is not None
    for task in subject.dag.tasks:
        if (
            task.is_a(POD)
            and str(task.arguments.get("on_finish_action")) == "keep_pod"
            and not task.arguments.get("active_deadline_seconds")
            and not _templated(task)
        ):
            yield tasks.finding(
                "pod-kept-running",
                task,
                f"{tasks.label(task)} keeps its pod, and no deadline ends it:"
                " on_finish_action='keep_pod' without active_deadline_seconds",
                why="A pod that outlives a task that was killed or timed out goes on, and is paid for, until somebody"
                " deletes it by hand.",
                fix='on_finish_action="delete_succeeded_pod" to look at what failed, or active_deadline_seconds.',
            )


def _templated(task: Task) -> bool:
    return any(task.arguments.get(name) not in (None, "") or name in task.expanded for name in _TEMPLATES)


RULES = (
    Rule(
        "pod-without-resources",
        "dag",
        WARNING,
        "a pod without requests and limits",
        """\
What it does
  Looks for pod operators without container_resources and without a pod template, which may have them.

Why is this bad
  Such a pod is put on any node and evicted first. The task looks as if its worker had died: a retry, a second pod, and
  all that follows from it. A namespace with a LimitRange may ignore this rule.

Example
  KubernetesPodOperator(task_id="train", image="acme/train:1.4")

Use instead
  KubernetesPodOperator(task_id="train", image="acme/train:1.4", container_resources=V1ResourceRequirements(
      requests={"memory": "4Gi"}, limits={"memory": "4Gi"}))
""",
        pod_without_resources,
    ),
    Rule(
        "mutable-image-tag",
        "dag",
        WARNING,
        "an image without a version",
        """\
What it does
  Looks for images of pods and Docker tasks without a tag, or with one that moves: latest, main, stable and so on.

Why is this bad
  What a task does changes without a deployment, between a try and its retry even, and yesterday's run cannot be
  repeated.

Example
  KubernetesPodOperator(task_id="train", image="acme/train:latest")

Use instead
  KubernetesPodOperator(task_id="train", image="acme/train:1.4.2")
""",
        mutable_image_tag,
    ),
    Rule(
        "pod-kept-running",
        "dag",
        WARNING,
        "a pod that is kept, and that nothing ends",
        """\
What it does
  Looks for pods with on_finish_action="keep_pod" and no active_deadline_seconds.

Why is this bad
  A task that times out leaves its pod running. Nothing deletes it, and nothing ends it.

Example
  KubernetesPodOperator(task_id="train", image="acme/train:1.4", on_finish_action="keep_pod")

Use instead
  KubernetesPodOperator(task_id="train", image="acme/train:1.4", on_finish_action="keep_pod",
                        active_deadline_seconds=4 * 60 * 60)
""",
        pod_kept_running,
    ),
)
