"""Long running operations: looked at, and cancelled as far as what they work on can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_dagguard.cloud.calls.errors import missing
from pytest_dagguard.cloud.dataproc_api.records import Lro
from pytest_dagguard.cloud.dataproc_api.request import UNLOCK, Call
from pytest_dagguard.cloud.dataproc_api.service import NAME, Service
from pytest_dagguard.model.errors import NotEmulated


def named(service: Service, call: Call) -> Lro:
    """The operation that a request names.

    :raises Refusal: there is none
    """
    name = f"{call.place}/operations/{call.id}"
    if name not in service.store.operations:
        raise missing(f"Operation not found: {name}")
    return service.store.operations[name]


def resources(service: Service, lro: Lro) -> frozenset[str]:
    """What an operation works on, by its names in the state."""
    if lro.about:
        return frozenset({lro.about})
    workflow = service.store.workflows.get(lro.name.rpartition("/")[2])
    return frozenset(service.store.works[each].resource for each in (workflow.jobs.values() if workflow else ()))


def _get(service: Service, call: Call) -> object:
    return named(service, call).shown()


def _cancel(service: Service, call: Call) -> object:
    lro = named(service, call)
    if not lro.done:
        touched = resources(service, lro)
        works = [each for each in service.live() if each.resource in touched]
        if not works:
            raise NotEmulated(NAME, f"operations.cancel of {lro.metadata.get('operationType', 'a workflow')}", UNLOCK)
        for each in works:
            service.cancel(each.key)
    return {}


ANSWERS: Mapping[str, Callable[[Service, Call], object]] = {"operations.get": _get, "operations.cancel": _cancel}
