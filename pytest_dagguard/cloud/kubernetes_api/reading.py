"""Get, list and watch."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.kubernetes_api import failure, selectors, tables
from pytest_dagguard.cloud.kubernetes_api.call import Call
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object
from pytest_dagguard.cloud.kubernetes_api.store import ADDED, DELETED, MODIFIED, Change, Store

_LONGEST = 1800.0
"""How long a watch lasts that says nothing about it; the server's own choice is between this and twice as much."""


def chosen(store: Store, call: Call) -> list[Object]:
    """The objects that a list, a watch or a deletion of many is about."""
    fits = selection(call)
    return [each for _, each in store.among(call.kind.key, call.namespace) if fits(each)]


def selection(call: Call) -> Callable[[Object], bool]:
    """Whether an object is among what a call is about."""
    labels = selectors.by_labels(call.one("labelSelector"))
    fields = selectors.by_fields(call.kind, call.one("fieldSelector"))
    return lambda each: labels(each) and fields(each)


def revision_of(text: str) -> int:
    """A revision as clients send it back; 0 where it says nothing.

    :raises Refused: 400
    """
    if text in ("", "0"):
        return 0
    if not text.isascii() or not text.isdigit():
        raise Refused(400, f'resourceVersion: Invalid value: "{text}"')
    return int(text)


def get(cluster: Cluster, call: Call) -> Object:
    """One object."""
    found = cluster.store.get(call.place)
    if found is None and call.kind.key == "namespaces" and cluster.ensure_namespace(call.name):
        found = cluster.store.get(call.place)
    if found is None:
        raise failure.missing(call.kind, call.name)
    return found


def listing(cluster: Cluster, call: Call) -> Object:
    """A list, or the part of it that was asked for."""
    store = cluster.store
    wanted = revision_of(call.one("resourceVersion"))
    if call.one("resourceVersionMatch") == "Exact" and wanted != store.revision:
        raise _expired()
    items = chosen(store, call)
    meta: Object = {"resourceVersion": str(store.revision)}
    if token := call.one("continue"):
        items = items[_continued(token, store) :]
    limit = call.one("limit")
    if limit and not limit.isdigit():
        raise Refused(400, f'strconv.ParseInt: parsing "{limit}": invalid syntax')
    if limit and 0 < int(limit) < len(items):
        skipped = len(chosen(store, call)) - len(items)
        content = json.dumps({"rv": store.revision, "skip": skipped + int(limit)}).encode()
        meta |= {"continue": base64.urlsafe_b64encode(content).decode(), "remainingItemCount": len(items) - int(limit)}
        items = items[: int(limit)]
    name = call.kind.name or (items[0]["kind"] if items else "Object")
    return {"kind": f"{name}List", "apiVersion": call.kind.api_version, "metadata": meta, "items": items}


def _continued(token: str, store: Store) -> int:
    try:
        held = json.loads(base64.urlsafe_b64decode(token))
        revision, skipped = int(held["rv"]), int(held["skip"])
    except (ValueError, TypeError, KeyError):
        raise Refused(400, "continue key is not valid") from None
    if revision < store.floor or skipped < 0:
        raise _expired()
    return skipped


def _expired() -> Refused:
    return Refused(410, "The provided resource version is too old", "Expired")


@dataclass(slots=True)
class Watch:
    """One watch that is under way."""

    call: Call
    feed: Feed
    fits: Callable[[Object], bool]
    render: Callable[[Object], Object]
    number: int


@dataclass(slots=True)
class Watches:
    """All watches under way. They are callers' connections, and no part of the cluster's state."""

    cluster: Cluster
    open: list[Watch] = field(default_factory=list)
    count: int = 0

    def begin(self, call: Call) -> Feed:
        """Begin a watch; what has happened since its revision is in it already.

        :raises Refused: 410, that revision is too long ago
        """
        store = self.cluster.store
        since = revision_of(call.one("resourceVersion"))
        seconds = _seconds(call.one("timeoutSeconds"))
        if since and since < store.floor:
            raise _expired()
        self.count += 1
        render = tables.renderer(call)
        watch = Watch(call, Feed(), _named(call), lambda value: render(value, first=False), self.count)
        first = True
        if since and not call.flag("sendInitialEvents"):
            for change in store.changes:
                if change.revision > since:
                    self._tell(watch, change)
        else:
            for value in [each for _, each in store.among(call.kind.key, call.namespace) if watch.fits(each)]:
                watch.feed.push(_line(ADDED, render(value, first=first)))
                first = False
            if call.flag("sendInitialEvents") and call.flag("allowWatchBookmarks"):
                self._bookmark(watch, {"k8s.io/initial-events-end": "true"})
        self.open = [each for each in self.open if not each.feed.closed]
        self.open.append(watch)
        self.cluster.alarm(_LONGEST if seconds is None else seconds, "watch-over", self.count)
        return watch.feed

    def changed(self, change: Change) -> None:
        """Something has changed: tell whom it concerns."""
        for each in self.open:
            if not each.feed.closed:
                self._tell(each, change)

    def _tell(self, watch: Watch, change: Change) -> None:
        key, namespace, _ = change.place
        if key != watch.call.kind.key or watch.call.namespace not in ("", namespace):
            return
        was = change.before is not None and watch.fits(change.before)
        now = change.type != DELETED and watch.fits(change.object)
        if was or now:
            kind = (MODIFIED if was else ADDED) if now else DELETED
            watch.feed.push(_line(kind, watch.render(change.object)))

    def _bookmark(self, watch: Watch, annotations: dict[str, str] | None = None) -> None:
        meta: Object = {"resourceVersion": str(self.cluster.store.revision), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        kind = watch.call.kind
        watch.feed.push(_line("BOOKMARK", {"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta}))

    def over(self, number: int) -> None:
        """A watch's time is up."""
        for each in [each for each in self.open if each.number == number]:
            if each.call.flag("allowWatchBookmarks") and not each.feed.closed:
                self._bookmark(each)
            each.feed.close()
            self.open.remove(each)

    def close(self) -> None:
        """End all of them."""
        for each in self.open:
            each.feed.close()
        self.open = []


def _named(call: Call) -> Callable[[Object], bool]:
    fits = selection(call)
    if not call.name:
        return fits
    return lambda each: each["metadata"]["name"] == call.name and fits(each)


def _seconds(text: str) -> float | None:
    """A timeout; clients send fractions too."""
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        raise Refused(400, f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if not 0 <= found < 1e9:
        raise Refused(400, f'timeoutSeconds: Invalid value: "{text}"')
    return found or None


def _line(kind: str, value: Any) -> bytes:
    return json.dumps({"type": kind, "object": value}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
