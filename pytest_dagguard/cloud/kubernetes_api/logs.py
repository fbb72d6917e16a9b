"""A container's log, from the beginning or from later on, once or as long as it runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pytest_dagguard.cloud.feed import Feed
from pytest_dagguard.cloud.kubernetes_api import failure, pod_status
from pytest_dagguard.cloud.kubernetes_api.call import Call
from pytest_dagguard.cloud.kubernetes_api.cluster import Cluster
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import Object, Place
from pytest_dagguard.cloud.kubernetes_api.store import Line, fine_stamp


@dataclass(slots=True)
class Follower:
    """One reader of a log that goes on.

    :param sent: how many lines it was given, counted from the log's first
    """

    where: Place
    uid: str
    container: str
    feed: Feed
    stamped: bool
    sent: int


@dataclass(slots=True)
class Logs:
    """Reads logs. Those who follow are callers' connections, and no part of the cluster's state."""

    cluster: Cluster
    followers: list[Follower] = field(default_factory=list)

    def read(self, call: Call) -> Feed | bytes:
        """A log as text; a feed where it is followed.

        :raises Refused: 400 as long as the container has not started
        """
        pod = self.cluster.store.get(call.place)
        if pod is None:
            raise failure.missing(call.kind, call.name)
        container = self._container(pod, call.one("container"))
        state, detail = pod_status.state_of(pod, container)
        uid = pod["metadata"]["uid"]
        lines = self.cluster.store.logs.get((uid, container), ())
        if state == "waiting" and not lines:
            why = detail.get("reason", "ContainerCreating")
            shown = (
                "is waiting to start"
                if why != "ErrImagePull"
                else "is waiting to start: trying and failing to pull image"
            )
            raise Refused(400, f'container "{container}" in pod "{call.name}" {shown}: {why}')
        if call.flag("previous"):
            raise Refused(400, f'previous terminated container "{container}" in pod "{call.name}" not found')
        stamped = call.flag("timestamps")
        text = _text(self._wanted(call, lines), stamped)
        limit = _number(call, "limitBytes")
        if limit is not None:
            text = text[:limit]
        if not call.flag("follow") or state != "running":
            return text
        feed = Feed()
        feed.push(text)
        self.followers = [each for each in self.followers if not each.feed.closed]
        self.followers.append(Follower(call.place, uid, container, feed, stamped, len(lines)))
        return feed

    def _container(self, pod: Object, name: str) -> str:
        name_of = pod["metadata"]["name"]
        found = [each["name"] for each in pod_status.containers(pod)]
        if not name and len(found) > 1:
            raise Refused(
                400, f"a container name must be specified for pod {name_of}, choose one of: [{' '.join(found)}]"
            )
        if pod_status.spec_of(pod, name) is None:
            raise Refused(400, f"container {name} is not valid for pod {name_of}")
        return name or found[0]

    def _wanted(self, call: Call, lines: tuple[Line, ...]) -> Iterable[Line]:
        since = -math.inf
        if (seconds := _number(call, "sinceSeconds")) is not None:
            since = self.cluster.seconds() - seconds
        elif text := call.one("sinceTime"):
            try:
                cut = re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00").replace(" ", "+")
                since = datetime.fromisoformat(cut).timestamp()
            except ValueError:
                raise Refused(400, f'sinceTime: Invalid value: "{text}"') from None
        found = [each for each in lines if each.time >= since]
        tail = _number(call, "tailLines")
        if tail is None:
            return found
        return found[-tail:] if tail else []

    def flush(self) -> None:
        """Give those who follow what is new; a log ends with its container."""
        for each in list(self.followers):
            pod = self.cluster.store.get(each.where)
            lines = self.cluster.store.logs.get((each.uid, each.container), ())
            each.feed.push(_text(lines[each.sent :], each.stamped))
            each.sent = max(each.sent, len(lines))
            here = pod is not None and pod["metadata"]["uid"] == each.uid
            if pod is None or not here or pod_status.state_of(pod, each.container)[0] != "running":
                each.feed.close()
            if each.feed.closed:
                self.followers.remove(each)

    def close(self) -> None:
        """End all of them."""
        for each in self.followers:
            each.feed.close()
        self.followers = []


def _number(call: Call, name: str) -> int | None:
    text = call.one(name)
    if not text:
        return None
    try:
        found = math.ceil(float(text))
    except (ValueError, OverflowError):
        raise Refused(400, f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if found < 0:
        raise Refused(
            422, f"PodLogOptions is invalid: {name}: Invalid value: {found}: must be greater than or equal to 0"
        )
    return found


def _text(lines: Iterable[Line], stamped: bool) -> bytes:
    def shown(line: Line) -> str:
        return f"{fine_stamp(line.time)[:-1]}000Z {line.text}\n" if stamped else f"{line.text}\n"

    return "".join(map(shown, lines)).encode("utf-8", "replace")
