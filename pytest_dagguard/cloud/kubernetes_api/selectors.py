"""Label and field selectors, from their text to a predicate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Kind, Object

Predicate = Callable[[Object], bool]

_KEY = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9])?)?"
_EXISTS = re.compile(rf"\s*(!?)\s*({_KEY})\s*")
_EQUALS = re.compile(rf"\s*({_KEY})\s*(==|=|!=)\s*({_VALUE})\s*")
_NUMBER = re.compile(rf"\s*({_KEY})\s*([<>])\s*(-?\d+)\s*")
_IN = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(([^()]*)\)\s*")

# Which fields can be selected by, beside the two of every kind; what an absent one counts as.
_FIELDS: dict[str, dict[str, str]] = {
    "pods": {
        "spec.nodeName": "",
        "spec.restartPolicy": "",
        "spec.schedulerName": "",
        "spec.serviceAccountName": "",
        "spec.hostNetwork": "false",
        "status.phase": "",
        "status.podIP": "",
        "status.nominatedNodeName": "",
    },
    "events": {
        "involvedObject.kind": "",
        "involvedObject.namespace": "",
        "involvedObject.name": "",
        "involvedObject.uid": "",
        "involvedObject.apiVersion": "",
        "involvedObject.resourceVersion": "",
        "involvedObject.fieldPath": "",
        "reason": "",
        "reportingComponent": "",
        "source": "",
        "type": "",
    },
    "jobs.batch": {"status.successful": "0"},
    "namespaces": {"status.phase": ""},
    "nodes": {"spec.unschedulable": "false"},
    "secrets": {"type": ""},
}


def _pieces(text: str) -> Iterator[str]:
    """What stands between the commas that are in no parentheses."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _requirement(text: str) -> Callable[[dict[str, str]], bool]:
    if match := _EQUALS.fullmatch(text):
        key, how, value = match.groups()
        if how == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _IN.fullmatch(text):
        key, how, listed = match.groups()
        values = {each.strip() for each in listed.split(",")}
        if how == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _NUMBER.fullmatch(text):
        key, how, bound = match.group(1), match.group(2), int(match.group(3))
        return lambda labels: _compares(labels.get(key), how, bound)
    if match := _EXISTS.fullmatch(text):
        absent, key = match.groups()
        return lambda labels: (key in labels) is not bool(absent)
    message = f"unable to parse requirement: found '{text.strip()}', expected: identifier, '!', 'in', 'notin', '=', "
    raise Refused(400, message + "'==', '!=', '<' or '>'")


def _compares(value: str | None, how: str, bound: int) -> bool:
    if value is None or not re.fullmatch(r"-?\d+", value):
        return False
    return int(value) > bound if how == ">" else int(value) < bound


def by_labels(text: str) -> Predicate:
    """The objects that a label selector selects; an empty one selects all.

    :raises Refused: it cannot be read
    """
    if not text.strip():
        return lambda each: True
    requirements = [_requirement(each) for each in _pieces(text)]

    def fits(each: Object) -> bool:
        labels = each["metadata"].get("labels") or {}
        return all(requirement(labels) for requirement in requirements)

    return fits


def by_fields(kind: Kind, text: str) -> Predicate:
    """The objects that a field selector selects.

    :raises Refused: it cannot be read, or this kind cannot be selected by that field
    """
    if not text.strip():
        return lambda each: True
    known = {"metadata.name": "", "metadata.namespace": "", **_FIELDS.get(kind.key, {})}
    wanted: list[tuple[str, bool, str]] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*([^=!\s]+)\s*(==|=|!=)\s*([^=]*?)\s*", piece)
        if match is None:
            raise Refused(400, f"invalid selector: '{piece}'; can't understand '{piece}'")
        field, how, value = match.groups()
        if field not in known:
            raise Refused(400, f"field label not supported: {field}")
        wanted.append((field, how != "!=", value))
    return lambda each: all((_at(each, field, known[field]) == value) is equal for field, equal, value in wanted)


def _at(found: Any, path: str, otherwise: str) -> str:
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        return otherwise
    return str(found).lower() if isinstance(found, bool) else str(found)
