"""A container's log, from the beginning or from later on, once or as long as it runs."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterable, Sequence
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

    :param sent: bytes of the log that it was given or did not ask for
    :param since: it wants no lines from before, seconds since the epoch
    :param left: so many bytes it still wants
    """

    where: Place
    uid: str
    container: str
    feed: Feed
    stamped: bool
    sent: int
    since: float
    left: float

    def give(self, lines: Sequence[Line]) -> None:
        """Give it lines, as far as it wants them."""
        text = _text((each for each in lines if each.time >= self.since), self.stamped)
        self.feed.push(text if len(text) <= self.left else text[: int(self.left)])
        self.left -= len(text)
        self.sent = lines[-1].end if lines else self.sent
        if self.left <= 0:
            self.feed.close()


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
        stamped, since = call.flag("timestamps"), self._since(call)
        wanted = _last([each for each in lines if each.time >= since], _number(call, "tailLines"))
        limit = _number(call, "limitBytes")
        if not call.flag("follow") or state != "running":
            return _text(wanted, stamped)[:limit]
        sent = lines[-1].end if lines else 0
        follower = Follower(
            call.place, uid, container, Feed(), stamped, sent, since, math.inf if limit is None else limit
        )
        follower.give(wanted)
        self.followers = [each for each in self.followers if not each.feed.closed]
        self.followers.append(follower)
        return follower.feed

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

    def _since(self, call: Call) -> float:
        """The time before which nothing is wanted, seconds since the epoch."""
        if (seconds := _number(call, "sinceSeconds")) is not None:
            return self.cluster.seconds() - seconds
        if not (text := call.one("sinceTime")):
            return -math.inf
        try:
            cut = re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00").replace(" ", "+")
            return datetime.fromisoformat(cut).timestamp()
        except ValueError:
            raise Refused(400, f'sinceTime: Invalid value: "{text}"') from None

    def flush(self) -> None:
        """Give those who follow what is new; a log ends with its container."""
        for each in list(self.followers):
            pod = self.cluster.store.get(each.where)
            lines = self.cluster.store.logs.get((each.uid, each.container), ())
            each.give(lines[bisect.bisect(lines, each.sent, key=lambda line: line.end) :])
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


def _last(lines: list[Line], tail: int | None) -> list[Line]:
    return lines if tail is None else lines[len(lines) - tail :] if tail < len(lines) else lines


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
