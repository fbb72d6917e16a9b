"""The cloud: real emulators behind real ports, driven by commands."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from pytest_dagguard.cloud.process import Cloud
from pytest_dagguard.engine.link import Link
from pytest_dagguard.model.errors import DagguardError, ProcessLost
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.seed import Seed

T = TypeVar("T")
SEED = Seed(s3={"raw": {"a.csv": b"1,2"}}, gcs={"models": {"m.pkl": b"old"}}, variables={"region": "eu"})


def ask(url: str, line: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request with the standard library's client, as any process of an attempt may make it."""
    method, path = line.split(" ", 1)
    connection = http.client.HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port, timeout=20)
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class World:
    """A cloud with its seed, and the events that it emitted."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.cloud = Cloud(self.events.append, True)
        self.urls: dict[str, dict[str, str]] = {}

    async def open(self, actor: str, until: Selector | None = None, shut: bool = False) -> dict[str, str]:
        endpoints, environment = await self.cloud.open(actor, False)
        self.urls[actor] = endpoints
        if not shut:
            await self.cloud.allow(actor, until)
        return environment

    def send(self, actor: str, service: str, line: str, body: bytes = b"") -> asyncio.Future[tuple[int, bytes]]:
        return asyncio.ensure_future(asyncio.to_thread(ask, self.urls[actor][service], line, body))

    async def operations(self) -> list[str]:
        return [f"{each.actor}: {each.operation}" for each in await self.cloud.history()]


def world(test: Callable[[World], Coroutine[Any, Any, T]]) -> T:
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[World]:
        it = World()
        await it.cloud.seed(SEED)
        try:
            yield it
        finally:
            for actor in it.urls:
                await it.cloud.remove(actor)

    async def body() -> T:
        async with opened() as it:
            return await asyncio.wait_for(test(it), 60)

    return asyncio.run(body())


def test_ports_are_opened_ahead_and_are_nobodys_before() -> None:
    async def body(it: World) -> Any:
        await it.open("attempt 1")
        assert it.cloud._ahead is not None
        ahead = await it.cloud._ahead
        it.urls["nobody"] = ahead.endpoints
        early = await asyncio.gather(it.send("nobody", "s3", "GET /raw/a.csv"), return_exceptions=True)
        second = await it.cloud.open("attempt 2", False)
        it.urls["attempt 2"] = second[0]
        await it.cloud.allow("attempt 2", None)
        late = await it.send("attempt 2", "s3", "GET /raw/a.csv")
        urls = [set(it.urls[each].values()) for each in ("attempt 1", "attempt 2")]
        return ahead.endpoints == second[0], early, late, urls[0] & urls[1], await it.operations()

    same, early, late, shared, operations = world(body)
    assert same
    assert isinstance(early[0], Exception)
    assert late == (200, b"1,2")
    assert shared == set()
    assert operations == ["attempt 2: s3 GetObject s3://raw/a.csv"]


def put(key: str) -> Selector:
    return Selector("s3", "PutObject", f"s3://raw/{key}", 1)


def test_the_port_says_who_calls() -> None:
    async def test(it: World) -> None:
        for actor in ("attempt 1", "attempt 2"):
            await it.open(actor)
        assert (await it.send("attempt 2", "s3", "GET /raw/a.csv")) == (200, b"1,2")
        assert (await it.send("attempt 1", "s3", "PUT /raw/b.csv", b"x"))[0] == 200
        assert await it.operations() == [
            "attempt 2: s3 GetObject s3://raw/a.csv",
            "attempt 1: s3 PutObject s3://raw/b.csv",
        ]

    world(test)


def test_each_service_of_an_actor_has_a_port_of_its_own() -> None:
    async def test(it: World) -> None:
        environment = await it.open("attempt 1")
        urls = it.urls["attempt 1"]
        assert len({urls[name] for name in (*it.cloud.emulators, "egress")}) == len(it.cloud.emulators) + 1
        assert environment["AWS_ENDPOINT_URL"] == urls["s3"]
        assert environment["STORAGE_EMULATOR_HOST"] == urls["gcs"]
        assert "where" not in urls

    world(test)


def test_the_lines_port_is_there_where_it_is_asked_for() -> None:
    async def test(it: World) -> None:
        endpoints, _ = await it.cloud.open("attempt 1", True)
        it.urls["attempt 1"] = endpoints
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(endpoints["where"]).port)
        writer.close()

    world(test)


def test_a_stop_is_told_and_the_answer_waits_for_leave() -> None:
    async def test(it: World) -> None:
        await it.open("attempt 1", put("b.csv"))
        await it.send("attempt 1", "s3", "GET /raw/a.csv")
        held = it.send("attempt 1", "s3", "PUT /raw/b.csv", b"x")
        while not it.events:
            await asyncio.sleep(0)
        assert it.events == [("reached", "attempt 1", 1)]
        assert "s3://raw/b.csv" in await it.cloud.state()
        assert not held.done()
        await it.cloud.allow("attempt 1", None)
        assert (await held)[0] == 200

    world(test)


def test_a_removed_actor_loses_its_connections_and_its_ports() -> None:
    async def test(it: World) -> None:
        await it.open("attempt 1", put("b.csv"))
        held = it.send("attempt 1", "s3", "PUT /raw/b.csv", b"x")
        while not it.events:
            await asyncio.sleep(0)
        await it.cloud.remove("attempt 1")
        with pytest.raises((http.client.HTTPException, OSError)):
            await held
        with pytest.raises(OSError):
            await it.send("attempt 1", "s3", "GET /raw/a.csv")
        assert await it.operations() == ["attempt 1: s3 PutObject s3://raw/b.csv"]

    world(test)


def test_states_are_kept_and_brought_back_as_often_as_one_likes() -> None:
    async def test(it: World) -> None:
        origin = await it.cloud.snapshot()
        before = await it.cloud.state()
        kept = []
        for turn in range(2):
            await it.open("attempt 1")
            await it.send("attempt 1", "s3", "PUT /raw/b.csv", b"x" * turn)
            await it.send("attempt 1", "s3", "DELETE /raw/a.csv")
            kept.append((await it.cloud.snapshot(), await it.cloud.state()))
            assert kept[-1][1] != before
            await it.cloud.restore(origin)
            assert await it.cloud.state() == before
            assert await it.operations() == []
        for number, state in (*reversed(kept), *kept):
            await it.cloud.restore(number)
            assert await it.cloud.state() == state
        await it.cloud.restore(origin)
        await it.open("attempt 1")
        assert await it.send("attempt 1", "s3", "GET /raw/a.csv") == (200, b"1,2")

    world(test)


def test_to_restore_drops_who_is_there() -> None:
    async def test(it: World) -> None:
        origin = await it.cloud.snapshot()
        await it.open("attempt 1", shut=True)
        waits = it.send("attempt 1", "s3", "PUT /raw/b.csv", b"x")
        await it.cloud.restore(origin)
        with pytest.raises((http.client.HTTPException, OSError)):
            await waits
        assert "s3://raw/b.csv" not in await it.cloud.state()

    world(test)


def test_a_forgotten_state_is_gone() -> None:
    async def test(it: World) -> None:
        number = await it.cloud.snapshot()
        await it.cloud.forget(number)
        await it.cloud.forget(number)
        with pytest.raises(KeyError):
            await it.cloud.restore(number)

    world(test)


def test_content_is_had_by_digest() -> None:
    async def test(it: World) -> None:
        entry = (await it.cloud.state())["gs://models/m.pkl"]
        assert entry.digest == hashlib.sha256(b"old").hexdigest()
        assert await it.cloud.content(entry.digest) == b"old"

    world(test)


@pytest.mark.parametrize(("service", "scheme"), [("s3", "s3"), ("gcs", "gs")])
def test_an_object_may_be_put_from_outside(service: str, scheme: str) -> None:
    async def test(it: World) -> None:
        await it.cloud.put(service, "fresh", "k", b"content")
        found = await it.cloud.state()
        assert await it.cloud.content(found[f"{scheme}://fresh/k"].digest) == b"content"
        assert "s3://raw/a.csv" in found

    world(test)


def test_what_no_emulator_answers_is_told_by_name() -> None:
    async def test(it: World) -> None:
        origin = await it.cloud.snapshot()
        await it.open("attempt 1")
        status, body = await it.send("attempt 1", "s3", "POST /raw/a.csv?select&select-type=2", b"x")
        assert status == 501
        refused, proxied = await it.cloud.refusals()
        ((actor, service, what, _, defect),) = refused
        assert (actor, service, defect, proxied) == ("attempt 1", "s3", False, [])
        assert what.encode() in body
        await it.cloud.restore(origin)
        assert await it.cloud.refusals() == ([], [])

    world(test)


def test_the_way_out_is_told_by_name() -> None:
    async def test(it: World) -> None:
        await it.open("attempt 1")
        assert (await it.send("attempt 1", "egress", "GET http://example.com/x"))[0] == 403
        assert await it.cloud.refusals() == ([], ["example.com"])

    world(test)


def test_connections_point_at_the_ports_of_who_asks() -> None:
    async def test(it: World) -> None:
        await it.cloud.seed(
            Seed(connections={"lake": {"conn_type": "aws", "extra": '{"endpoint_url": "https://s3.amazonaws.com"}'}})
        )
        for actor in ("attempt 1", "attempt 2"):
            await it.open(actor)
            status, body = await it.send(actor, "airflow", "GET /execution/connections/lake")
            assert status == 200
            assert it.urls[actor]["s3"].encode() in body
            assert b"amazonaws" not in body

    world(test)


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    """A real cloud process."""
    folder = tmp_path_factory.mktemp("cloud")
    made = Link("pytest_dagguard.cloud", ["1", ""], {**os.environ}, folder, folder / "log")
    made.expect("ready", 120)
    yield made
    made.close()


def test_commands_are_answered_over_the_link(link: Link) -> None:
    link.call("seed", SEED)
    number = link.call("snapshot")
    assert link.call("content", link.call("state")["s3://raw/a.csv"].digest) == b"1,2"
    assert link.call("restore", number) is None


@pytest.mark.parametrize("command", [("nonsense",), ("restore", 10_000), ("content", "no digest"), ("snapshot", 1, 2)])
def test_a_command_that_fails_fails_over_here_and_the_next_works(link: Link, command: tuple[Any, ...]) -> None:
    with pytest.raises(DagguardError, match="cloud: (AttributeError|KeyError|TypeError)"):
        link.call(*command)
    assert link.call("history") == ()


def test_it_ends_with_its_director_and_no_file_around_it_shadows_a_library(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise RuntimeError('the wrong one')")
    made = Link("pytest_dagguard.cloud", ["1", ""], {**os.environ}, tmp_path, tmp_path / "log")
    made.expect("ready", 120)
    made.close()
    assert made.process.returncode == 0
    assert "Traceback" not in made.tail()


def test_a_lost_process_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    made = Link("pytest_dagguard.nothing_of_the_kind", [], {**os.environ}, tmp_path, log)
    with pytest.raises(ProcessLost, match=r"the nothing_of_the_kind process .*\n(.*\n)*.*No module named"):
        made.expect("ready", 120)
    made.close()
