"""Answers of Google's interfaces over REST: JSON, and errors that have a name."""

from __future__ import annotations

import json

from pytest_dagguard.cloud.emulator import Response


class Refusal(Exception):
    """The service says no."""

    def __init__(self, code: int, status: str, message: str) -> None:
        """
        :param code: HTTP status
        :param status: ``ALREADY_EXISTS``
        """
        self.code, self.status, self.message = code, status, message
        super().__init__(message)

    def answer(self) -> Response:
        """The answer, as Google's interfaces give it."""
        error = {"code": self.code, "message": self.message, "status": self.status}
        return as_json({"error": error}, self.code)


def as_json(value: object, status: int = 200) -> Response:
    """An answer with JSON in it."""
    return Response(status, (("Content-Type", "application/json; charset=UTF-8"),), json.dumps(value).encode())


def invalid(message: str) -> Refusal:
    """The request makes no sense."""
    return Refusal(400, "INVALID_ARGUMENT", message)


def missing(message: str) -> Refusal:
    """What is asked for is not there."""
    return Refusal(404, "NOT_FOUND", message)


def exists(message: str) -> Refusal:
    """What is to be made is there."""
    return Refusal(409, "ALREADY_EXISTS", message)


def unready(message: str) -> Refusal:
    """It is in a state in which this cannot be done."""
    return Refusal(400, "FAILED_PRECONDITION", message)
