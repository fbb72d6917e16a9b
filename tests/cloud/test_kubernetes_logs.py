"""A container's log: whole, in parts, and as it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import pytest
from kubernetes import client
from urllib3 import HTTPResponse

from kubernetes_server import SIDECAR, Site, log, phase, pod, refused, with_sidecar
from pytest_dagguard.cloud.kubernetes_api.store import LOG_SIZE
from pytest_dagguard.model.life import Death


def test_a_log_of_a_pod_that_has_not_started_is_a_bad_request(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod())
    code, message = refused(core.read_namespaced_pod_log, "p", "default")
    assert (code, message) == (400, 'container "base" in pod "p" is waiting to start: ContainerCreating')


def test_a_log_can_be_had_in_parts(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    kube.end(death=Death(0, tuple("abc")))
    assert log(core, tail_lines=2) == "b\nc\n"
    assert log(core, limit_bytes=3) == "a\nb"
    assert log(core, since_seconds=60) == "a\nb\nc\n"
    kube.wait(100)
    assert log(core, since_seconds=60) == ""
    stamped = log(core, timestamps=True).splitlines()
    assert [each.partition(" ")[2] for each in stamped] == ["a", "b", "c"]
    times = [each.partition(" ")[0] for each in stamped]
    assert times == sorted(set(times))


def test_whose_log_has_to_be_clear(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", with_sidecar())
    kube.wait(0)
    code, message = refused(core.read_namespaced_pod_log, "p", "default")
    assert (code, message) == (400, f"a container name must be specified for pod p, choose one of: [base {SIDECAR}]")
    assert refused(core.read_namespaced_pod_log, "p", "default", container="x")[0] == 400


def test_a_log_that_is_followed_ends_with_the_container(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    answer = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False)
    (follower,) = kube.emulator.logs.followers
    assert follower.feed.waiting
    kube.end(death=Death(0, ("one", "two")))
    assert answer.read().decode() == "one\ntwo\n"
    assert follower.feed.closed
    assert kube.emulator.logs.followers == []


def follow(core: client.CoreV1Api, **options: Any) -> Iterator[str]:
    """The lines of a log, as they come."""
    answer: HTTPResponse = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False, **options)
    rest = b""
    for piece in answer.stream():
        *whole, rest = (rest + piece).split(b"\n")
        yield from (each.decode() for each in whole)
    assert not rest


@pytest.fixture
def begun(core: client.CoreV1Api, kube: Site) -> Site:
    """A cluster with a pod in which a function runs that has printed two lines, an hour apart."""
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    kube.say("one")
    kube.wait(3600)
    kube.say("two")
    return kube


def test_a_log_has_what_the_container_has_printed_so_far(core: client.CoreV1Api, begun: Site) -> None:
    assert log(core) == "one\ntwo\n"
    begun.end(death=Death(0, ("three",)))
    assert log(core) == "one\ntwo\nthree\n"


def test_lines_reach_who_follows_as_they_are_printed(core: client.CoreV1Api, begun: Site) -> None:
    lines = follow(core)
    assert list(islice(lines, 2)) == ["one", "two"]
    for each in ("three", "four"):
        begun.say(each)
        assert next(lines) == each
        assert phase(core) == "Running"
    begun.end()
    assert list(lines) == []


def test_who_follows_gets_new_lines_whatever_it_wants_of_the_old_ones(core: client.CoreV1Api, begun: Site) -> None:
    asked: list[dict[str, Any]] = [{"tail_lines": 1}, {"since_seconds": 60}, {"tail_lines": 0}]
    readers = [follow(core, **each) for each in asked]
    firsts = [next(each) for each in readers[:2]]
    last = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False, tail_lines=0)
    begun.say("three", "four")
    begun.end()
    assert firsts == ["two", "two"]
    assert [list(each) for each in readers[:2]] == [["three", "four"]] * 2
    assert last.read() == b"three\nfour\n"


def test_who_follows_has_no_more_than_it_wants(core: client.CoreV1Api, begun: Site) -> None:
    answer = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False, limit_bytes=10)
    begun.say("three", "four")
    assert answer.read() == b"one\ntwo\nth"
    assert phase(core) == "Running"


def test_the_time_of_a_line_is_that_of_the_virtual_clock(core: client.CoreV1Api, begun: Site) -> None:
    lines = follow(core, timestamps=True)
    (first, one), (second, two) = (each.split(" ") for each in islice(lines, 2))
    begun.wait(86400)
    begun.say("three")
    third, three = next(lines).split(" ")
    times = [datetime.fromisoformat(each[:26] + "+00:00").timestamp() for each in (first, second, third)]
    assert [one, two, three] == ["one", "two", "three"]
    assert times[1] - times[0] == pytest.approx(3600, abs=60)
    assert times[2] - times[1] == pytest.approx(86400, abs=60)
    begun.end()


def test_a_log_is_each_containers_own(core: client.CoreV1Api, kube: Site) -> None:
    body = pod(image="fn")
    body["spec"]["containers"].append({"name": "beside", "image": "fn"})
    core.create_namespaced_pod("default", body)
    kube.wait(0)
    lines = follow(core, container="beside")
    kube.say("of base", number=0)
    kube.say("of beside", number=1)
    assert next(lines) == "of beside"
    kube.end(1)
    assert list(lines) == []
    assert log(core, container="base") == "of base\n"


def test_the_older_half_of_a_long_log_goes(core: client.CoreV1Api, begun: Site) -> None:
    lines = follow(core, tail_lines=1)
    assert next(lines) == "two"
    for number in range(12):
        begun.say(f"{number} " + "x" * (1 << 20))
        assert next(lines).startswith(f"{number} ")
    left = log(core).splitlines()
    assert (left[0].split()[0], left[-1].split()[0], sum(map(len, left)) <= LOG_SIZE) == ("5", "11", True)
    begun.end()


def test_the_asynchronous_client_follows_too(begun: Site) -> None:
    from kubernetes_asyncio import client as asynchronous

    async def read() -> list[bytes]:
        configuration = asynchronous.Configuration(host=begun.url)
        async with asynchronous.ApiClient(configuration) as api:
            core = asynchronous.CoreV1Api(api)
            answer = await core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False)
            found = [await answer.content.readline() for _ in range(2)]
            begun.say("three")
            return [*found, await answer.content.readline()]

    assert asyncio.run(read()) == [b"one\n", b"two\n", b"three\n"]
