"""What calls over gRPC say of themselves, without a library for them."""

from __future__ import annotations

from pytest_dagguard.cloud.emulator import Request

CODES = {
    "OK": 0,
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
    "UNAUTHENTICATED": 16,
}
"""Names of statuses, as Google's interfaces give them over REST too -> their numbers on the wire."""

_OF_HTTP = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}
"""HTTP status -> status of a call, where the answer names none."""


def is_call(request: Request) -> bool:
    """Say whether a request is a call over gRPC: its body is a message, its path ``/package.Service/Method``."""
    return request.headers.get("Content-Type", "").startswith("application/grpc")


def of_http(http: int) -> int:
    """The status of a call whose answer has this HTTP status and names no other."""
    return 0 if http < 300 else _OF_HTTP.get(http, CODES["UNKNOWN"])
