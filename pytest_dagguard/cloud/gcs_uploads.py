"""Upload sessions: resumable uploads of the JSON API and multipart uploads of the XML API.

The emulator's own have no preconditions, no cancel, no memory of what is finished (so that a client whose answer was
lost finds nothing) and tell a client that a byte has arrived when none has. These are kept beside its storage.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from pytest_dagguard.cloud.emulator import Blobs, Request, Response
from pytest_dagguard.cloud.gcs_answers import Refusal, as_json, as_xml
from pytest_dagguard.cloud.gcs_call import Call, plain_body
from pytest_dagguard.cloud.gcs_objects import create, header_hashes, xml_metadata
from pytest_dagguard.cloud.gcs_preconditions import enforce
from pytest_dagguard.cloud.gcs_reading import shown
from pytest_dagguard.cloud.gcs_storage import Resource, Vault
from pytest_dagguard.model.state import EXPIRES, Entry

QUANTUM = 256 * 1024
"""The real service keeps what came of an unfinished resumable upload in multiples of this."""
WHOLE = 1024 * 1024
"""Up to this size the content of an unfinished upload is kept for the state; beyond it, its SHA-256."""
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class Session:
    """One upload session; replaced at each change.

    :param query: of the request that started it: preconditions, projection
    :param chunks: what arrived, in order
    :param running: a SHA-256 object over the chunks; never updated in place
    :param parts: of an XML multipart upload, by number
    :param done: the object's resource once finished
    """

    bucket: str
    name: str
    query: Mapping[str, str]
    meta: Mapping[str, Any]
    kind: str
    xml: bool = False
    chunks: tuple[bytes, ...] = ()
    size: int = 0
    running: Any = field(default_factory=hashlib.sha256)
    parts: Mapping[int, bytes] = field(default_factory=dict)
    done: Resource | None = None

    def grown(self, chunk: bytes) -> Session:
        """The session with one more chunk."""
        if not chunk:
            return self
        running = self.running.copy()
        running.update(chunk)
        return replace(self, chunks=(*self.chunks, chunk), size=self.size + len(chunk), running=running)

    def entry(self, blobs: Blobs) -> Entry:
        """What the state says of it."""
        if self.xml:
            content = b"".join(self.parts[number] for number in sorted(self.parts))
            return Entry("upload", blobs.put(content), len(content), f"{len(self.parts)} parts")
        if self.size <= WHOLE:
            return Entry("upload", blobs.put(b"".join(self.chunks)), self.size, EXPIRES)
        # Keeping each prefix of a large upload would take the square of its size.
        text = f"{self.size} bytes, SHA-256 {self.running.hexdigest()}"
        return Entry("upload", blobs.put(text.encode()), self.size, EXPIRES)


@dataclass(frozen=True, slots=True)
class Range:
    """What a ``Content-Range`` header says.

    :param start: None where the request only asks how far it is
    :param total: None where the size is not known yet
    """

    start: int | None
    total: int | None


def content_range(request: Request) -> Range | None:
    """Read the ``Content-Range`` header; None where there is none, which means the whole content.

    :raises Refusal: 400
    """
    header = request.headers.get("Content-Range", "").strip()
    if not header:
        return None
    match = re.fullmatch(r"bytes (?:(\d+)-(?:\d+|\*)|\*)/(?:(\d+)|\*)", header)
    if match is None:
        raise Refusal(400, "Failed to parse Content-Range header.")
    return Range(int(match[1]) if match[1] else None, int(match[2]) if match[2] else None)


class Sessions:
    """All upload sessions."""

    def __init__(self, vault: Vault) -> None:
        """
        :param vault: where finished objects go
        """
        self._vault = vault
        self.open: dict[str, Session] = {}
        self.counts: dict[tuple[str, str], int] = {}

    def next_id(self, bucket: str, name: str) -> str:
        """The id that the next session for this object gets: the same in each run, so that states can be compared."""
        number = self.counts.get((bucket, name), 0) + 1
        return f"{hashlib.sha256(f'{bucket}/{name}'.encode()).hexdigest()[:24]}-{number}"

    def find(self, call: Call) -> Session:
        """The session of a call.

        :raises Refusal: 404
        """
        found = self.open.get(call.upload_id)
        if found is None or found.xml != call.xml:
            raise Refusal(404, "The upload was not found." if call.xml else "Not Found", "NoSuchUpload" * call.xml)
        return found

    def verb(self, call: Call) -> str:
        """What a request to a session comes to: ``upload.chunk``, ``upload.finish`` or ``upload.status``."""
        if call.xml or call.verb != "upload.chunk":
            return call.verb
        session = self.open.get(call.upload_id)
        if session is None or session.done is not None:
            return "upload.status"
        try:
            told = content_range(call.request)
        except Refusal:
            return "upload.status"
        if told is None:
            return "upload.finish"
        arrived = session.size if told.start is None else told.start + len(plain_body(call.request))
        if told.total is not None and arrived >= told.total:
            return "upload.finish"
        return "upload.status" if told.start is None else "upload.chunk"

    def start(self, call: Call) -> Response:
        """Open a session. Preconditions are kept for its end, as in the real service."""
        self._vault.bucket(call.bucket)
        upload_id = self.next_id(call.bucket, call.name)
        headers = call.request.headers
        meta = xml_metadata(headers) if call.xml else call.json()
        kind = headers.get("Content-Type" if call.xml else "X-Upload-Content-Type", "")
        if call.query.get("contentEncoding") and not call.xml:
            meta["contentEncoding"] = call.query["contentEncoding"]
        self.counts[call.bucket, call.name] = self.counts.get((call.bucket, call.name), 0) + 1
        self.open[upload_id] = Session(call.bucket, call.name, dict(call.query), meta, kind, call.xml)
        if call.xml:
            return as_xml(
                f'<InitiateMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>{escape(call.bucket)}</Bucket>'
                f"<Key>{escape(call.name)}</Key><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>"
            )
        query = f"{call.request.query}&" if call.request.query else ""
        path = call.request.path
        path = path if path.startswith(("/upload", "/resumable")) else "/upload" + path
        location = f"http://{call.request.host}{path}?{query}{urlencode({'upload_id': upload_id})}"
        return Response(200, (("Location", location), ("X-GUploader-UploadID", upload_id), ("Content-Length", "0")))

    def cancel(self, call: Call) -> Response:
        """Drop a session and what arrived."""
        session = self.find(call)
        if session.done is not None:
            raise Refusal(404, "Not Found")
        del self.open[call.upload_id]
        return Response(204) if call.xml else Response(499, (("Content-Length", "0"),))

    def drop(self, bucket: str) -> None:
        """Forget all sessions of a bucket that is gone."""
        self.open = {key: each for key, each in self.open.items() if each.bucket != bucket}

    def chunk(self, call: Call) -> Response:
        """Take a chunk, the last chunk, or the question how far it is."""
        session = self.find(call)
        if session.done is not None:
            return as_json(shown(session.done, call))
        told, body = content_range(call.request), plain_body(call.request)
        if told is None:
            return self._finish(call, session, body)
        if told.start is not None:
            if told.start > session.size:
                raise Refusal(
                    400,
                    f"Invalid request. According to the Content-Range header, the upload offset is "
                    f"{told.start} byte(s), which exceeds already uploaded size of {session.size} byte(s).",
                )
            # What has already arrived is skipped: a client may send it again after an answer was lost.
            body = body[session.size - told.start :]
        else:
            body = b""
        if told.total is not None and session.size + len(body) >= told.total:
            if session.size + len(body) > told.total:
                raise Refusal(400, "Invalid request. There were more bytes than Content-Range says.")
            return self._finish(call, session, body)
        session = session.grown(body[: len(body) // QUANTUM * QUANTUM])
        self.open[call.upload_id] = session
        arrived = (("Range", f"bytes=0-{session.size - 1}"),) if session.size else ()
        return Response(308, (*arrived, ("Content-Length", "0")))

    def _finish(self, call: Call, session: Session, last: bytes) -> Response:
        meta = {**session.meta, **header_hashes(call.request.headers.get("X-Goog-Hash", ""))}
        done = self._store(call, session, b"".join((*session.chunks, last)), meta)
        return as_json(shown(done, replace(call, query=session.query)))

    def _store(self, call: Call, session: Session, content: bytes, meta: Mapping[str, Any]) -> Resource:
        """Make the object; whatever comes of it, the session takes no more bytes."""
        del self.open[call.upload_id]
        enforce(session.query, self._vault.live(session.bucket, session.name))
        done = create(self._vault, session.bucket, session.name, content, meta, session.kind)
        self.open[call.upload_id] = replace(session, chunks=(), parts={}, size=0, done=done)
        return done

    def part(self, call: Call) -> Response:
        """Take one part of an XML multipart upload."""
        session, number = self.find(call), call.query.get("partNumber", "")
        if session.done is not None:
            raise Refusal(404, "The upload was not found.", "NoSuchUpload")
        if not number.isdigit() or not 1 <= int(number) <= 10_000:
            raise Refusal(400, "Part number must be between 1 and 10000.", "InvalidArgument")
        body = call.request.body
        hashes = self._vault.hashes(body)
        actual = header_hashes(hashes)
        if any(actual[key] != text for key, text in header_hashes(call.request.headers.get("X-Goog-Hash", "")).items()):
            raise Refusal(400, "The checksum you specified did not match what we received.", "BadDigest")
        self.open[call.upload_id] = replace(session, parts={**session.parts, int(number): body})
        return Response(200, (("ETag", f'"{_md5(body)}"'), ("Content-Length", "0"), ("X-Goog-Hash", hashes)))

    def complete(self, call: Call) -> Response:
        """Join the named parts of an XML multipart upload."""
        session = self.find(call)
        if session.done is None:
            content = b"".join(session.parts[number] for number in self._named(call, session))
            enforce(call.query, self._vault.live(session.bucket, session.name))
            self._store(call, session, content, session.meta)
        return as_xml(
            f'<CompleteMultipartUploadResult xmlns="{NAMESPACE}"><Bucket>{escape(session.bucket)}</Bucket>'
            f'<Key>{escape(session.name)}</Key><ETag>"{call.upload_id}"</ETag></CompleteMultipartUploadResult>'
        )

    @staticmethod
    def _named(call: Call, session: Session) -> list[int]:
        try:
            root = ElementTree.fromstring(call.request.body)
        except ElementTree.ParseError:
            raise Refusal(400, "The XML you provided was not well-formed.", "MalformedXML") from None
        numbers = []
        for part in root:
            values = {each.tag.rpartition("}")[2]: (each.text or "").strip() for each in part}
            number = int(values["PartNumber"]) if values.get("PartNumber", "").isdecimal() else 0
            if number not in session.parts or values.get("ETag", "").strip('"') != _md5(session.parts[number]):
                raise Refusal(400, "One or more of the specified parts could not be found.", "InvalidPart")
            numbers.append(number)
        if numbers != sorted(set(numbers)):
            raise Refusal(400, "The list of parts was not in ascending order.", "InvalidPartOrder")
        return numbers


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
