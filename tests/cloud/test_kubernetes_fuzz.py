"""Requests without sense or mercy: no answer is a defect, and what must always hold always holds."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from kubernetes_server import SmallWorld, job, pod
from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.cloud.kubernetes import Kubernetes
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.life import Death

CALLER = Caller("attempt 1", {})
NAMES = st.sampled_from(["a", "b", "p", "j", "", "Bad_", "a.b"])
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        "/api/v1/namespaces/{space}/pods",
        "/api/v1/namespaces/{space}/configmaps",
        "/api/v1/namespaces/{space}/secrets",
        "/api/v1/namespaces/{space}/events",
        "/api/v1/namespaces",
        "/apis/batch/v1/namespaces/{space}/jobs",
        "/apis/coordination.k8s.io/v1/namespaces/{space}/leases",
        "/apis/acme.com/v1/namespaces/{space}/trains",
        "/apis/sparkoperator.k8s.io/v1beta2/namespaces/{space}/sparkapplications",
    ]
)
SUBS = st.sampled_from(["", "", "", "", "/status", "/log", "/exec", "/eviction", "/x"])
MEDIA = st.sampled_from(
    [
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "text/plain",
    ]
)
QUERY = st.dictionaries(
    st.sampled_from(
        [
            "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch", "timeoutSeconds", "dryRun",
            "propagationPolicy", "gracePeriodSeconds", "fieldManager", "force", "container", "follow", "tailLines",
            "sinceSeconds", "sinceTime", "timestamps", "command", "stdin", "resourceVersionMatch",
        ]
    ),
    st.sampled_from(
        ["", "true", "1", "0.5", "-1", "a=b", "!a", "a in (b)", "metadata.name=a", "Foreground", "Orphan", "base", "x", "0"]
    ),
    max_size=3,
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["pod", "job", "application", "plain", "patch", "junk"]))
    name = draw(NAMES)
    if kind == "junk":
        return draw(JUNK)
    if kind == "pod":
        body: Any = pod(name, draw(st.sampled_from(["ok", "bad", "fn", "forever"])), namespace="default")
    elif kind == "job":
        body = job(name, draw(st.sampled_from(["ok", "bad", "fn"])))
    elif kind == "application":
        spec = {"image": draw(st.sampled_from(["ok", "bad", "fn"])), "timeToLiveSeconds": 40, "arguments": ["x"]}
        body = {"metadata": {"name": name}, "spec": {**spec, "driver": {"labels": {"a": "b"}}, "executor": {}}}
    elif kind == "patch":
        op = {
            "op": draw(st.sampled_from(["add", "remove", "replace", "test"])),
            "path": "/metadata/labels",
            "value": draw(JUNK),
        }
        return [op]
    else:
        body = {"metadata": {"name": name, "labels": {"a": "b"}}, "data": {"k": "v"}}
    for _ in range(draw(st.integers(0, 2))):  # spoil it somewhere
        inner = body
        for _ in range(draw(st.integers(0, 4))):
            below = [each for each in inner.values() if isinstance(each, dict) and each]
            below += [
                each[0] for each in inner.values() if isinstance(each, list) and each and isinstance(each[0], dict)
            ]
            if not below:
                break
            inner = draw(st.sampled_from(below))
        if inner:
            inner[draw(st.sampled_from(sorted(inner)))] = draw(JUNK)
    extra = draw(st.sampled_from(["", "finalizers", "ownerReferences", "annotations", "resourceVersion"]))
    if extra and isinstance(body.get("metadata"), dict):
        good = {"finalizers": ["a/b"], "annotations": {"x": "y"}, "resourceVersion": "3"}.get(extra)
        body["metadata"][extra] = good if draw(st.booleans()) else draw(JUNK)
    return body


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method = draw(st.sampled_from(["GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE"]))
    path = draw(PATHS).replace("{space}", draw(st.sampled_from(["default", "other"])))
    if method != "POST" and draw(st.booleans()):
        path += f"/{draw(NAMES)}{draw(SUBS)}"
    query = urlencode(draw(QUERY))
    raw = json.dumps(draw(bodies())).encode() if draw(st.integers(0, 9)) else draw(st.binary(max_size=20))
    headers = CIMultiDict({"Content-Type": draw(MEDIA) if method == "PATCH" else "application/json"})
    if draw(st.booleans()):
        headers["Upgrade"] = "websocket"
    if not draw(st.integers(0, 4)):
        headers["Accept"] = "application/json;as=Table;v=v1;g=meta.k8s.io"
    return Request(method, "h", path, query, headers, raw)


class Drill:
    """A cluster under fire, and what it has shown so far."""

    def __init__(self) -> None:
        self.world, self.emulator = SmallWorld(), Kubernetes(Blobs(), True)
        self.emulator.attach(self.world)
        self.uids: dict[str, Any] = {}
        self.revision = 0
        self.watch = self.emulator.apply(
            Request("GET", "h", "/api/v1/pods", "watch=true", CIMultiDict(), b""), CALLER
        ).feed
        self.held: dict[str, Any] = {}

    def send(self, request: Request) -> None:
        try:
            operation = self.emulator.classify(request)
            before = self.emulator.entries()
            answer = self.emulator.apply(request, CALLER)
        except NotEmulated:
            return
        assert answer.status < 500, answer.body
        if answer.body[:1] == b"{":
            json.loads(answer.body)
        after = self.emulator.entries()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        named = tuple(each[:-1] for each in operation.writes if each.endswith("*"))
        missed = {name for name in changed if name not in operation.writes and not name.startswith(named)}
        assert not missed, (operation, missed)

    def go_on(self, seconds: float) -> None:
        until = self.world.clock.now + seconds
        while (alarm := self.world.clock.pop(until)) is not None:
            self.emulator.ring(*alarm.what)
        for each in self.world.births[-3:]:
            self.emulator.ended(each.actor, Death(0, ("x",), "1"))

    def check(self) -> None:
        store = self.emulator.cluster.store
        assert store.revision >= self.revision
        self.revision = store.revision
        owners = [value["metadata"]["uid"] for value in store.objects.values()]
        assert len(owners) == len(set(owners))
        for where, value in store.objects.items():
            assert self.uids.setdefault(value["metadata"]["uid"], where) == where
            assert int(value["metadata"]["resourceVersion"]) <= store.revision
        revisions = [each.revision for each in store.changes]
        assert revisions == sorted(set(revisions))
        assert self.watch is not None
        while not self.watch.waiting and not self.watch.closed:
            event = json.loads(asyncio.run(anext_of(self.watch)))
            uid = event["object"]["metadata"]["uid"]
            if event["type"] == "DELETED":
                del self.held[uid]
            else:
                self.held[uid] = event["object"]
        if not self.watch.closed:
            pods = {value["metadata"]["uid"]: value for _, value in store.among("pods")}
            assert self.held == json.loads(json.dumps(pods))


async def anext_of(feed: Any) -> bytes:
    found: bytes = await feed.__anext__()
    return found


def drill(sent: list[tuple[Request, float]]) -> None:
    it = Drill()
    for request, pause in sent:
        it.send(request)
        if pause:
            it.go_on(pause)
        it.check()
    kept = it.emulator.snapshot()
    entries = it.emulator.entries()
    it.emulator.restore(kept)
    assert it.emulator.entries() == entries


SENT = st.lists(st.tuples(requests(), st.sampled_from([0.0, 0.0, 1.0, 40.0])), min_size=5, max_size=20)
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=30, deadline=None, suppress_health_check=QUIET)
@given(SENT)
def test_hundreds_of_requests_break_nothing(sent: list[tuple[Request, float]]) -> None:
    drill(sent)


@pytest.mark.slow
def test_ten_thousand_requests_break_nothing() -> None:
    count = 0

    @settings(max_examples=1500, deadline=None, suppress_health_check=QUIET)
    @given(SENT)
    def many(sent: list[tuple[Request, float]]) -> None:
        nonlocal count
        count += len(sent)
        drill(sent)

    many()
    assert count >= 10_000
    print(f"{count} requests")
