"""moto's answers to S3 requests, made without a web framework, an HTTP server or patches of botocore."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from moto.core.responses import ActionResult
from moto.s3.exceptions import InvalidPartOrder, MalformedXML, MissingKey, MissingRequestBody
from moto.s3.responses import S3Response
from multidict import CIMultiDict

from pytest_dagguard.cloud.s3_address import Call, copy_source, doomed
from pytest_dagguard.cloud.s3_moto.backend import Backend
from pytest_dagguard.cloud.s3_moto.conditions import NotModified, Unimplemented, check, matches
from pytest_dagguard.cloud.s3_moto.listing import listing
from pytest_dagguard.model.errors import NotEmulated

_MOST_DELETED = 1000

# Conditions are ours to check, see conditions.py; moto knows a part of them only.
_CONDITIONS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
_UNIMPLEMENTED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NotImplemented</Code>'
    b"<Message>A header you provided implies functionality that is not implemented</Message></Error>"
)
_SOURCE_CONDITIONS = "x-amz-copy-source-if-"


@dataclass(frozen=True, slots=True)
class Answered:
    """moto's answer, still in moto's own shapes."""

    status: int
    headers: dict[str, Any]
    body: bytes


class Answer(S3Response):  # type: ignore[misc]
    """Answers one request.

    moto finds bucket, key, account and storage by guessing at host names and by globals, and it wants a werkzeug
    request to do so. Here they are given.
    """

    def __init__(self, backend: Backend, verb: str, call: Call, headers: CIMultiDict[str], body: bytes) -> None:
        """
        :param verb: the operation's name in the AWS API
        :param headers: after removal of the ``aws-chunked`` encoding
        :param body: likewise
        """
        super().__init__()
        self._storage = backend
        self._verb = verb
        self._call = call
        self._content = body
        self._headers = _plain(headers, call, len(body))

    def answer(self) -> Answered:
        """Let the request take effect and give its answer.

        :raises NotImplementedError: moto does not know the operation
        """
        request = SimpleNamespace(method=self._call.method, headers=self._headers, url="", full_path="")
        try:
            if self._call.key:
                status, headers, body = self.key_response(request, "", self._headers)
            else:
                status, headers, body = self.bucket_response(request, "", self._headers)
        except NotModified as unchanged:
            return Answered(304, {"ETag": unchanged.key.etag}, b"")
        except Unimplemented:
            # moto gives 400 to each error that botocore does not describe.
            return Answered(501, {"Content-Type": "application/xml"}, _UNIMPLEMENTED)
        content = body.encode() if isinstance(body, str) else bytes(body or b"")
        return Answered(int(status), dict(headers), content)

    # What moto asks its request.

    def setup_class(self, request: Any, full_url: str | None = None, headers: Any = None, *_: Any) -> None:
        """Fill in what moto's own version finds out from a werkzeug request."""
        self.request = request
        self.method = self._call.method
        self.headers = self._headers
        self.body = self.raw_body = self._content
        self.querystring = self.data = {**self._call.query, "Action": self._verb}
        self.form_data: dict[str, str] = {}
        self.uri = self.path = ""
        self.raw_path = f"/{self._call.bucket}/{quote(self._call.key)}"
        self.region = self._call.region
        self.partition = self._storage.partition
        self.bucket_name = self._call.bucket
        self.current_account = self._storage.account_id
        self.response_headers = {"server": "AmazonS3"}

    @property
    def backend(self) -> Backend:
        """The storage of this emulator, whatever account and region the request is signed for."""
        return self._storage

    @property
    def is_access_point(self) -> bool:
        """False: those are refused before."""
        return False

    def parse_bucket_name_from_url(self, request: Any, url: str) -> str:
        """The bucket."""
        return self._call.bucket

    def parse_key_name(self) -> str:
        """The key."""
        return self._call.key

    def is_delete_keys(self) -> bool:
        """Say whether this is a DeleteObjects request."""
        return self._verb == "DeleteObjects"

    def _get_querystring(self, request: Any, full_url: str) -> dict[str, Any]:
        return self._call.query

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = self._call.parameter(param_name)
        return if_none if value is None else value

    def get_current_account(self) -> str:
        """The account of this emulator."""
        return str(self._storage.account_id)

    def _authenticate_and_authorize_s3_action(self, *_: Any, **__: Any) -> None:
        # Nobody is refused: whose credentials a task has in production is not known here.
        return

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        headers.setdefault("x-amz-request-id", "0000000000000000")
        return headers, body

    # Where moto does otherwise than S3.

    def _bucket_response(self, request: Any, full_url: str) -> Any:
        if self._call.bucket and self._verb != "CreateBucket":
            self.backend.get_bucket(self._call.bucket)
        return super()._bucket_response(request, full_url)

    def _key_response(self, request: Any, full_url: str) -> Any:
        call = self._call
        self.backend.get_bucket(call.bucket)
        check(self._verb, call, self.backend)
        query = dict(call.query)
        if call.method == "GET":
            return self._key_response_get(query, call.key)
        if call.method == "PUT":
            return self._key_response_put(query, call.key)
        if call.method == "HEAD":
            return self.head_object(call.bucket, query, call.key, headers=self.headers)
        if call.method == "DELETE":
            return self._key_response_delete(call.bucket, query, call.key)
        body = b"" if self._verb == "CreateMultipartUpload" else self.body
        return self._key_response_post(request, body, call.bucket, query, call.key)

    def get_object(self) -> Any:
        """Get an object.

        :raises NotEmulated: for one part of an object that was uploaded in parts: moto gives the whole
        """
        key = self.backend.get_object(self.bucket_name, self._call.key)
        if "partNumber" in self._call.query and key is not None and key.multipart:
            raise NotEmulated("s3", "GetObject", "moto does not emulate reading an object by part numbers")
        return super().get_object()

    def list_objects(self) -> Any:
        """List objects."""
        return 200, {"Content-Type": "application/xml"}, listing(self.backend.get_bucket(self.bucket_name), self._call)

    list_objects_v2 = list_objects

    def upload_part_copy(self) -> Any:
        """Copy a part. moto answers to a missing source without saying what is missing."""
        source = copy_source(self.headers)
        if source and self.backend.get_object(source.bucket, source.key, version_id=source.version_id) is None:
            raise MissingKey(key=source.key)
        return super().upload_part_copy()

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:
        try:
            objects, quiet = doomed(self.body)
        except SyntaxError as error:
            raise MalformedXML from error
        if not 0 < len(objects) <= _MOST_DELETED:
            raise MalformedXML
        failed = []
        wanted = []
        for each in objects:
            key = self.backend.get_object(bucket_name, each.key)
            if each.etag and (key is None or not matches(each.etag, key)):
                message = "At least one of the pre-conditions you specified did not hold"
                failed.append({"Key": each.key, "Code": "PreconditionFailed", "Message": message})
            else:
                wanted.append({"Key": each.key, "VersionId": each.version_id})
        deleted, refused = self.backend.delete_objects(bucket_name, wanted)
        failed += [{"Key": each, "Code": "AccessDenied", "Message": "Access Denied"} for each in refused]
        done = [
            {"Key": k, "VersionId": v or None, "DeleteMarkerVersionId": m or None, "DeleteMarker": True if m else None}
            for k, v, m in deleted
        ]
        self.data["Action"] = "DeleteObjects"
        return self.serialized(ActionResult({"Deleted": [] if quiet else done, "Errors": failed}))

    def _complete_multipart_body(self, body: bytes) -> Iterator[tuple[int, str]]:
        try:
            parts = minidom.parseString(body).getElementsByTagName("Part")
        except ExpatError as error:
            raise (MalformedXML if body else MissingRequestBody) from error
        previous = 0
        for part in parts:
            number = int(_text(part, "PartNumber"))
            if number <= previous:
                raise InvalidPartOrder
            previous = number
            yield number, _text(part, "ETag")


def _text(element: Any, name: str) -> str:
    return "".join(each.data for each in element.getElementsByTagName(name)[0].childNodes)


def _plain(headers: CIMultiDict[str], call: Call, length: int) -> CIMultiDict[str]:
    """The headers as moto shall see them."""
    plain = CIMultiDict(
        (name, value) for name, value in headers.items() if not name.lower().startswith(_SOURCE_CONDITIONS)
    )
    # moto stores this one with the object and sends it back.
    for name in (*_CONDITIONS, "x-amz-content-sha256"):
        plain.popall(name, None)
    plain["Content-Length"] = str(length)
    if source := copy_source(headers):
        version = f"?versionId={quote(source.version_id)}" if source.version_id else ""
        plain["x-amz-copy-source"] = f"{quote(source.bucket)}/{quote(source.key)}{version}"
    return plain
