"""Refusals as the API server words them: a ``Status`` object."""

from __future__ import annotations

from typing import Any

from pytest_dagguard.cloud.kubernetes_api.kinds import Kind, Object

REASONS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
}


class Refused(Exception):
    """The API server says no.

    :param reason: a word for programs; empty for the usual one of the code
    :param details: ``details`` of the ``Status``
    """

    def __init__(self, code: int, message: str, reason: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = failure(code, message, reason or REASONS.get(code, ""), details)


def failure(code: int, message: str, reason: str, details: dict[str, Any] | None = None) -> Object:
    """A ``Status`` that tells of a failure."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason:
        status["reason"] = reason
    if details:
        status["details"] = details
    return {**status, "code": code}


def success(kind: Kind, name: str, uid: str) -> Object:
    """The ``Status`` that tells of a deletion that is done."""
    details = {"name": name, "kind": kind.plural, "uid": uid}
    if kind.group:
        details["group"] = kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _details(kind: Kind, name: str) -> dict[str, Any]:
    details = {"name": name, "kind": kind.plural}
    if kind.group:
        details["group"] = kind.group
    return details


def missing(kind: Kind, name: str) -> Refused:
    """404."""
    return Refused(404, f'{kind.key} "{name}" not found', details=_details(kind, name))


def exists(kind: Kind, name: str) -> Refused:
    """409: an object of that name is there."""
    return Refused(409, f'{kind.key} "{name}" already exists', "AlreadyExists", _details(kind, name))


def outdated(kind: Kind, name: str) -> Refused:
    """409: somebody has changed it meanwhile."""
    message = (
        f'Operation cannot be fulfilled on {kind.key} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return Refused(409, message, details=_details(kind, name))


def invalid(kind: Kind, name: str, field: str, why: str) -> Refused:
    """422: one field of an object cannot be so."""
    shown = f"{kind.name}.{kind.group}" if kind.group else kind.name
    cause = {"reason": "FieldValueInvalid", "message": why, "field": field}
    details = {"name": name, "kind": kind.name, "causes": [cause]}
    if kind.group:
        details["group"] = kind.group
    return Refused(422, f'{shown} "{name}" is invalid: {field}: {why}', details=details)
