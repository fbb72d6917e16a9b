"""An operation: one request of an attempt to a service, as the tap sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One request, named in the service's own words.

    :param service: ``s3``, ``gcs``, ``redis`` or ``airflow``
    :param verb: the service's name of the call: ``PutObject``, ``objects.insert``, ``SET``, ``xcom.set``
    :param resource: what it is about: ``s3://bucket/key``, ``gs://bucket/name``, ``redis://0/key``, ``xcom://dag/run/task/key``
    :param reads: resources whose content the answer depends on
    :param writes: resources that it may create, change or delete

    A name in ``reads`` or ``writes`` that ends in ``*`` stands for every resource with that prefix.
    """

    service: str
    verb: str
    resource: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.service} {self.verb} {self.resource}"


def touches(a: frozenset[str], b: frozenset[str]) -> bool:
    """Say whether two sets of resource names, with ``*`` for prefixes, have a resource in common."""
    if a & b:
        return True
    return any(_overlap(x, y) for x in a for y in b if x.endswith("*") or y.endswith("*"))


def _overlap(x: str, y: str) -> bool:
    if x.endswith("*") and y.endswith("*"):
        return x[:-1].startswith(y[:-1]) or y[:-1].startswith(x[:-1])
    if x.endswith("*"):
        return y.startswith(x[:-1])
    return x.startswith(y[:-1])


def conflicts(a: Operation, b: Operation) -> bool:
    """Say whether the order of two operations can matter: their footprints overlap with at least one write."""
    return touches(a.writes, b.writes) or touches(a.writes, b.reads) or touches(a.reads, b.writes)


@dataclass(frozen=True, slots=True)
class Selector:
    """Finds an operation of one attempt again in another run of it.

    :param service: as in :class:`Operation`; with an empty service and verb any operation fits
    :param verb: as in :class:`Operation`
    :param pattern: a regular expression for the whole resource; volatile parts of the name are wild
    :param occurrence: 1 for the first operation of the attempt that fits
    """

    service: str
    verb: str
    pattern: str
    occurrence: int

    def fits(self, operation: Operation) -> bool:
        """Say whether service, verb and resource fit (the occurrence is for the caller to count)."""
        if not self.service and not self.verb:
            return True
        return (
            operation.service == self.service
            and operation.verb == self.verb
            and re.fullmatch(self.pattern, operation.resource, re.DOTALL) is not None
        )
