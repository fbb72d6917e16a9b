"""Workflow templates: each that is instantiated is a graph of jobs, and an operation that is done with the last.

Of a template that is named and was not made here the jobs are not known: it is one job, by the template's name. The
cluster that a workflow makes for itself is not shown.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_dagguard.cloud.calls.errors import exists, invalid, missing
from pytest_dagguard.cloud.dataproc_api.records import (
    CANCELLED,
    ENDED,
    RUNNING,
    SUCCEEDED,
    Key,
    Work,
    Workflow,
    name_of,
)
from pytest_dagguard.cloud.dataproc_api.request import Call, seconds
from pytest_dagguard.cloud.dataproc_api.service import Service

METADATA = "type.googleapis.com/google.cloud.dataproc.v1.WorkflowMetadata"
EMPTY = "type.googleapis.com/google.protobuf.Empty"

_WHOLE = "whole"
"""The one step of a workflow of which nothing is known."""


def steps_of(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The jobs of a template by the ids of their steps."""
    return {str(each.get("stepId") or number): each for number, each in enumerate(template.get("jobs") or ())}


def template_of(service: Service, call: Call) -> Mapping[str, Any] | None:
    """The template that a request is about; None where it is named and not known."""
    if call.verb == "workflowTemplates.instantiateInline":
        return call.body
    return service.store.templates.get(f"{call.place}/workflowTemplates/{call.id}")


def names_of(service: Service, call: Call) -> list[str]:
    """Names of the jobs that a request to instantiate starts."""
    template = template_of(service, call)
    if template is None:
        return [call.id]
    return [name_of(step, each) for step, each in steps_of(template).items()]


def instantiate(service: Service, call: Call) -> object:
    """Begin a workflow. The id of a request keeps two from running at once: while one runs, its operation is given.

    :raises Refusal: the service does not take it
    """
    store, same = service.store, ("workflows", call.place, call.request)
    if call.request and same in store.requests:
        running = store.operations[store.requests[same]]
        if not running.done:
            return running.shown()
    template = template_of(service, call)
    steps = {_WHOLE: {}} if template is None else steps_of(template)
    _check(steps)
    metadata = {
        "@type": METADATA,
        "template": f"{call.place}/workflowTemplates/{call.id}" if call.id else "",
        "state": "RUNNING",
        "startTime": service.stamp(),
    }
    lro = service.operate(call, "", metadata)
    number = lro.name.rpartition("/")[2]
    parameters = dict(call.body.get("parameters") or {})
    deadline = service.world.clock.now + seconds((template or {}).get("dagTimeout"))
    whole = call.id if template is None else ""
    workflow = Workflow(number, call.project, call.region, lro.name, steps, parameters, deadline, whole)
    store.workflows[number] = workflow
    if call.request:
        store.requests[same] = lro.name
    _go_on(service, number)
    return store.operations[lro.name].shown()


def _check(steps: Mapping[str, Mapping[str, Any]]) -> None:
    if not steps:
        raise invalid("A workflow template must have at least one job.")
    for step, each in steps.items():
        for before in each.get("prerequisiteStepIds") or ():
            if before not in steps:
                raise invalid(f"The step {step!r} waits for the step {before!r}, which there is not.")


def _go_on(service: Service, number: str) -> None:
    """Start the jobs whose turn it is."""
    workflow = service.store.workflows[number]
    for step, spec in workflow.steps.items():
        done = [workflow.jobs.get(before) for before in spec.get("prerequisiteStepIds") or ()]
        if step not in workflow.jobs and all(
            each is not None and service.store.works[each].state == SUCCEEDED for each in done
        ):
            workflow = replace(workflow, jobs={**workflow.jobs, step: _start(service, workflow, step, spec)})
            service.store.workflows[number] = workflow


def _start(service: Service, workflow: Workflow, step: str, spec: Mapping[str, Any]) -> Key:
    key: Key = ("jobs", workflow.project, workflow.region, f"{workflow.whole or step}-{uuid.uuid4().hex[:12]}")
    job = {name: each for name, each in spec.items() if name not in ("stepId", "prerequisiteStepIds")}
    if workflow.parameters:
        job["parameters"] = workflow.parameters
    now = service.world.clock.now
    work = Work(
        key,
        str(uuid.uuid4()),
        workflow.whole or name_of(step, spec),
        job,
        now,
        ((RUNNING, service.stamp()),),
        workflow.deadline - now,
        workflow=workflow.id,
        hidden=bool(workflow.whole),
    )
    service.begin(work)
    return key


def follow(service: Service, work: Work) -> None:
    """A job has ended: the next ones begin, or the workflow has ended with it."""
    workflow = service.store.workflows.get(work.workflow)
    if workflow is None:
        return
    if work.state != SUCCEEDED:
        for each in workflow.jobs.values():
            service.cancel(each)
        code = 1 if work.state == CANCELLED else 10
        text = f"Workflow failed: job {work.id} is in state {work.state}"
        service.conclude(workflow.operation, {"@type": EMPTY}, text, code)
        return
    if service.store.operations[workflow.operation].done:
        return
    _go_on(service, workflow.id)
    jobs = service.store.workflows[workflow.id].jobs
    if len(jobs) == len(workflow.steps) and all(service.store.works[each].state in ENDED for each in jobs.values()):
        service.conclude(workflow.operation, {"@type": EMPTY})


def _shown(call: Call, template: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    name = f"{call.place}/workflowTemplates/{template.get('id')}"
    return {**template, "name": name, "version": 1, "createTime": stamp, "updateTime": stamp}


def _create(service: Service, call: Call) -> object:
    if not call.body.get("id"):
        raise invalid("Template id is required")
    _check(steps_of(call.body))
    made = _shown(call, call.body, service.stamp())
    if made["name"] in service.store.templates:
        raise exists(f"Already exists: Failed to create template: WorkflowTemplate {made['name']}")
    service.store.templates[made["name"]] = made
    return made


def _known(service: Service, call: Call) -> Mapping[str, Any]:
    name = f"{call.place}/workflowTemplates/{call.id}"
    if name not in service.store.templates:
        raise missing(f"Not found: WorkflowTemplate {name}")
    return service.store.templates[name]


def _delete(service: Service, call: Call) -> object:
    del service.store.templates[str(_known(service, call)["name"])]
    return {}


def _list(service: Service, call: Call) -> object:
    start = f"{call.place}/workflowTemplates/"
    found = [each for name, each in service.store.templates.items() if name.startswith(start)]
    return {"templates": found} if found else {}


ANSWERS: Mapping[str, Callable[[Service, Call], object]] = {
    "workflowTemplates.create": _create,
    "workflowTemplates.get": _known,
    "workflowTemplates.delete": _delete,
    "workflowTemplates.list": _list,
    "workflowTemplates.instantiate": instantiate,
    "workflowTemplates.instantiateInline": instantiate,
}
