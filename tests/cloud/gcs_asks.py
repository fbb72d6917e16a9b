"""Requests to Cloud Storage in a word each, what to read of an answer, and an emulator to ask without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response
from pytest_dagguard.cloud.gcs import EMULATOR

UP, B, CALLER = "/upload/storage/v1/b/bkt/o", "/storage/v1/b/bkt", Caller("attempt 1", {"gcs": "http://gcs"})


@dataclass(frozen=True)
class Ask:
    """One request; ``{gen}`` is the generation of the last object that was answered, ``{id}`` of the last upload."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def put(name: str = "a", body: bytes = b"one", query: str = "", **headers: str) -> Ask:
    return Ask(
        "POST", UP, f"uploadType=media&name={name}" + query, body, {k.replace("_", "-"): v for k, v in headers.items()}
    )


def multipart(
    meta: dict[str, Any], body: bytes, query: str = "", end: bytes = b"\r\n", kind: str = "text/plain"
) -> Ask:
    parts = [
        b"--==0==",
        b"Content-Type: application/json",
        b"",
        json.dumps(meta).encode(),
        b"--==0==",
        b"content-type: " + kind.encode(),
        b"",
        body,
        b"--==0==--",
    ]
    headers = {"Content-Type": 'multipart/related; boundary="==0=="'}
    return Ask("POST", UP, "uploadType=multipart" + query, end.join(parts), headers)


def start(query: str = "", meta: dict[str, Any] | None = None) -> Ask:
    body = json.dumps(meta or {}).encode()
    return Ask("POST", UP, "uploadType=resumable&name=a" + query, body, {"X-Upload-Content-Type": "text/csv"})


def chunk(span: str, body: bytes = b"", **headers: str) -> Ask:
    given = {"Content-Range": f"bytes {span}"} if span else {}
    return Ask("PUT", UP, "uploadType=resumable&upload_id={id}", body, given | headers)


def get(name: str = "a", query: str = "", **headers: str) -> Ask:
    return Ask("GET", f"{B}/o/{name}", query, headers={k.replace("_", "-"): v for k, v in headers.items()})


def media(name: str = "a", query: str = "", **headers: str) -> Ask:
    return get(name, "alt=media" + query, **headers)


def delete(name: str = "a", query: str = "") -> Ask:
    return Ask("DELETE", f"{B}/o/{name}", query)


def patch(meta: dict[str, Any], query: str = "", method: str = "PATCH") -> Ask:
    return Ask(method, f"{B}/o/a", query, json.dumps(meta).encode(), {"Content-Type": "application/json"})


def copy(query: str = "", verb: str = "copyTo/b/bkt/o", to: str = "z", meta: dict[str, Any] | None = None) -> Ask:
    return Ask("POST", f"{B}/o/a/{verb}/{to}", query, json.dumps(meta).encode() if meta else b"")


def listed(query: str = "") -> Ask:
    return Ask("GET", f"{B}/o", query)


def compose(sources: list[dict[str, Any]], query: str = "", **more: Any) -> Ask:
    return Ask("POST", f"{B}/o/z/compose", query, json.dumps({"sourceObjects": sources, **more}).encode())


def xml(method: str, name: str = "a", query: str = "", body: bytes = b"", **headers: str) -> Ask:
    return Ask(method, f"/bkt/{name}", query, body, {k.replace("_", "-"): v for k, v in headers.items()})


def batch(*lines: str) -> Ask:
    parts = "".join(
        f"--x\r\nContent-Type: application/http\r\nContent-ID: <{n}>\r\n\r\n{line} HTTP/1.1\r\n\r\n"
        for n, line in enumerate(lines)
    )
    return Ask(
        "POST", "/batch/storage/v1", "", (parts + "--x--").encode(), {"Content-Type": "multipart/mixed; boundary=x"}
    )


def value(response: Response) -> Any:
    return json.loads(response.body)


def header(name: str) -> Callable[[Response], str | None]:
    return lambda response: dict(response.headers).get(name)


def of(*keys: str) -> Callable[[Response], Any]:
    def read(response: Response) -> Any:
        found = value(response)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else found[int(key)]
        return found

    return read


def names(response: Response) -> Any:
    return [each["name"] for each in value(response).get("items", [])]


def folders(response: Response) -> Any:
    return value(response).get("prefixes", [])


def body(response: Response) -> bytes:
    return response.body


def statuses(response: Response) -> list[int]:
    return [int(line.split()[1]) for line in response.body.decode().splitlines() if line.startswith("HTTP/1.1 ")]


class Service:
    """The emulator, asked without a socket."""

    def __init__(self) -> None:
        self.emulator = EMULATOR(Blobs(), False)
        self.known = {"gen": "0", "id": ""}
        self.ask(Ask("POST", "/storage/v1/b", "project=p", b'{"name": "bkt"}'))

    def ask(self, ask: Ask) -> Response:
        query = ask.query
        for key, known in self.known.items():
            query = query.replace("{" + key + "}", known)
        request = Request(ask.method, "gcs", ask.path, query, CIMultiDict(ask.headers), ask.body)
        self.emulator.classify(request)
        response = self.emulator.apply(request, CALLER)
        for name, text in response.headers:
            if name == "Location":
                self.known["id"] = text.partition("upload_id=")[2]
        if ("Content-Type", "application/json; charset=UTF-8") in response.headers:
            self.known["gen"] = json.loads(response.body).get("generation", self.known["gen"])
        return response
