"""Answers of Cloud Storage: JSON resources and errors, XML errors, and the exception that carries a refusal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from pytest_dagguard.cloud.emulator import Response

JSON_HEADER = ("Content-Type", "application/json; charset=UTF-8")
XML_HEADER = ("Content-Type", "application/xml; charset=UTF-8")

_REASONS = {
    400: "invalid",
    401: "required",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    411: "lengthRequired",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    499: "clientClosedRequest",
}
_XML_CODES = {
    400: "InvalidArgument",
    404: "NoSuchKey",
    409: "BucketAlreadyOwnedByYou",
    412: "PreconditionFailed",
    416: "InvalidRange",
}
CONDITION_NOT_MET = "At least one of the pre-conditions you specified did not hold."


class Refusal(Exception):
    """The service says no: the status and message of its answer."""

    def __init__(self, status: int, message: str = "", code: str = "") -> None:
        """
        :param status: HTTP status
        :param message: the sentence that real Cloud Storage puts into the body
        :param code: reason (JSON API) or error code (XML API) where it is not the usual one of the status
        """
        self.status = status
        self.message = message
        self.code = code
        super().__init__(status, message)

    def json(self) -> Response:
        """The answer as the JSON API gives it."""
        if self.status == 304:
            return Response(304)
        error: dict[str, Any] = {
            "message": self.message,
            "domain": "global",
            "reason": self.code or _REASONS.get(self.status, "invalid"),
        }
        if self.status == 412:
            error |= {"locationType": "header", "location": "If-Match"}
        body = {"error": {"code": self.status, "message": self.message, "errors": [error]}}
        return as_json(body, self.status)

    def xml(self) -> Response:
        """The answer as the XML API gives it."""
        if self.status == 304:
            return Response(304)
        code = self.code or _XML_CODES.get(self.status, "InvalidArgument")
        text = (
            "<?xml version='1.0' encoding='UTF-8'?><Error>"
            f"<Code>{escape(code)}</Code><Message>{escape(self.message)}</Message>"
            f"<Details>{escape(self.message)}</Details></Error>"
        )
        return Response(self.status, (XML_HEADER,), text.encode())

    def text(self) -> Response:
        """The answer to a download over the JSON API: real Cloud Storage sends the bare sentence."""
        if self.status == 304:
            return Response(304)
        return Response(self.status, (("Content-Type", "text/html; charset=UTF-8"),), self.message.encode())


def no_bucket() -> Refusal:
    """The refusal for a bucket that is not there."""
    return Refusal(404, "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> Refusal:
    """The refusal for an object (or a generation of it) that is not there."""
    return Refusal(404, f"No such object: {bucket}/{name}")


def as_json(value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An answer whose body is ``value`` as JSON."""
    return Response(status, (JSON_HEADER, *headers), json.dumps(value, ensure_ascii=False).encode())


def as_xml(text: str) -> Response:
    """An answer whose body is an XML document; ``text`` is its root element."""
    return Response(200, (XML_HEADER,), b"<?xml version='1.0' encoding='UTF-8'?>" + text.encode())


def etag(generation: str, metageneration: str) -> str:
    """The entity tag that the JSON API gives: it changes with the content and with the metadata.

    It is the Base64 form of a protocol buffer with both numbers, as in the real service.
    """
    packed = b"\x08" + _varint(int(generation)) + b"\x10" + _varint(int(metageneration))
    return base64.b64encode(packed).decode("ascii")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def object_resource(resource: Mapping[str, Any], host: str, full: bool = False) -> dict[str, Any]:
    """A stored object as the caller is to see it.

    The links are made here and not stored: a client downloads from ``mediaLink``, and that must be on the port of
    the attempt that asks, not of the one that wrote.

    :param host: the ``Host`` header of the request
    :param full: True for ``projection=full``, which shows the access control list
    """
    path = f"storage/v1/b/{resource['bucket']}/o/{quote(resource['name'], safe='')}"
    shown = {
        **resource,
        "selfLink": f"http://{host}/{path}",
        "mediaLink": f"http://{host}/download/{path}?generation={resource['generation']}&alt=media",
    }
    if not full and not shown.get("acl"):
        shown.pop("acl", None)
    return shown


def bucket_resource(resource: Mapping[str, Any], host: str, full: bool = False) -> dict[str, Any]:
    """A stored bucket as the caller is to see it; arguments as in :func:`object_resource`."""
    shown = {**resource, "selfLink": f"http://{host}/storage/v1/b/{resource['name']}"}
    if not full:
        for key in ("acl", "defaultObjectAcl"):
            if not shown.get(key):
                shown.pop(key, None)
    return shown
