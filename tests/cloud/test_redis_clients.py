"""The Redis emulator over the wire, with redis-py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio
from redis.exceptions import ConnectionError, ResponseError

from pytest_dagguard.cloud.process import Cloud
from pytest_dagguard.model.operation import Selector

Client = Any


def over_the_wire(
    does: Callable[[Cloud, list[Client], list[Any]], Awaitable[None]], actors: int = 1, protocol: int = 2
) -> None:
    async def main() -> None:
        told: list[Any] = []
        cloud = Cloud(told.append, True)
        clients = []
        for i in range(actors):
            _, variables = await cloud.open(f"attempt {i + 1}", False)
            clients.append(
                redis.asyncio.Redis.from_url(variables["REDIS_URL"], protocol=protocol, retry=None, password="secret")
            )
        try:
            await does(cloud, clients, told)
        finally:
            for each in clients:
                await each.aclose()
            for i in range(actors):
                await cloud.remove(f"attempt {i + 1}")

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_finds_a_redis(protocol: int) -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        await cloud.allow("attempt 1", None)
        (client,) = clients
        assert await client.set("k", "v")
        assert await client.hset("h", mapping={"a": 1}) == 1
        assert await client.hgetall("h") == {b"a": b"1"}
        assert await client.zadd("z", {"m": 1.5}) == 1
        assert await client.zscore("z", "m") == 1.5
        async with client.pipeline(transaction=True) as pipe:
            assert await pipe.incr("n").get("n").execute() == [1, b"1"]
        async with client.lock("lock", timeout=5):  # SET NX PX, and a script that takes it away
            assert await client.exists("lock")
        with pytest.raises(ResponseError, match="WRONGTYPE|wrong kind"):
            await client.incr("h")
        verbs = [each.operation.verb for each in await cloud.history()]
        assert "EXEC" in verbs
        assert not {"MULTI", "HELLO", "CLIENT SETINFO", "AUTH"} & set(verbs)
        assert (await cloud.refusals())[0] == []

    over_the_wire(does, protocol=protocol)


def test_a_closed_gate_holds_a_command_and_an_answer_can_be_withheld() -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        (client,) = clients
        pipe = client.pipeline(transaction=False)
        for i in range(3):
            pipe.rpush("l", i)
        sent = asyncio.create_task(pipe.execute())
        while not cloud.tap.actors["attempt 1"].waiting:
            await asyncio.sleep(0)
        assert await cloud.state() == {}
        await cloud.allow("attempt 1", Selector("redis", "RPUSH", ".*", 2))
        while not told:
            await asyncio.sleep(0)
        entry = (await cloud.state())["redis://0/l"]
        assert (await cloud.content(entry.digest), sent.done()) == (b'["0", "1"]', False)
        await cloud.allow("attempt 1", None)
        assert await sent == [1, 2, 3]

    over_the_wire(does)


def test_a_watched_key_that_another_actor_writes_stops_the_transaction() -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        first, second = clients
        for each in ("attempt 1", "attempt 2"):
            await cloud.allow(each, None)
        async with first.pipeline(transaction=True) as pipe:
            await pipe.watch("k")
            await second.set("k", 2)
            pipe.multi()
            pipe.set("k", 1)
            with pytest.raises(redis.exceptions.WatchError):
                await pipe.execute()
        assert await first.get("k") == b"2"

    over_the_wire(does, actors=2)


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_message_reaches_who_has_subscribed(protocol: int) -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        first, second = clients
        for each in ("attempt 1", "attempt 2"):
            await cloud.allow(each, None)
        listener = first.pubsub()
        await listener.subscribe("news")
        assert (await listener.get_message(timeout=5))["type"] == "subscribe"
        assert await second.publish("news", "hello") == 1
        assert (await listener.get_message(timeout=5))["data"] == b"hello"
        await listener.aclose()
        assert await cloud.state() == {}

    over_the_wire(does, actors=2, protocol=protocol)


@pytest.mark.parametrize(
    ("kind", "left"), [("503 before", None), ("429 before", None), ("503 after", b"1"), ("reset after", b"1")]
)
def test_an_answer_that_is_lost_is_a_broken_line(kind: str, left: bytes | None) -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        (client,) = clients
        await cloud.disturb("attempt 1", Selector("redis", "SET", ".*", 1), kind)
        await cloud.allow("attempt 1", None)
        with pytest.raises(ConnectionError):
            await client.set("k", 1)
        assert await client.get("k") == left

    over_the_wire(does)


def test_what_is_not_emulated_is_told_to_both_sides() -> None:
    async def does(cloud: Cloud, clients: list[Client], told: list[Any]) -> None:
        (client,) = clients
        await cloud.allow("attempt 1", None)
        with pytest.raises(ResponseError, match="not emulated"):
            await client.execute_command("CLUSTER", "SLOTS")
        assert await client.ping()
        (refused,), _ = await cloud.refusals()
        assert refused[:3] == ("attempt 1", "redis", "CLUSTER SLOTS")
        assert "one server" in refused[3]

    over_the_wire(does)
