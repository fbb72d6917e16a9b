"""The Redis emulator: footprints, states, time, the seed, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_dagguard.cloud.clock import Clock
from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.redis import Redis
from pytest_dagguard.cloud.redis_content import plain
from pytest_dagguard.cloud.redis_footprint import footprint, key, text
from pytest_dagguard.cloud.redis_wire import Parser, packed
from pytest_dagguard.model.errors import ConfigurationError, NotEmulated
from pytest_dagguard.model.seed import Seed
from redis_emulated import Emulated


def used(command: str, db: int = 0) -> tuple[str, str]:
    """Reads and writes of a command, short: ``a b``."""
    name, *arguments = command.split()
    if name in ("XGROUP", "SCRIPT"):
        name += f" {arguments.pop(0)}"
    found = footprint(name.lower(), [each.encode() for each in arguments], db)
    return tuple(" ".join(sorted(x.removeprefix("redis://0/") for x in each)) for each in (found.reads, found.writes))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("command", "reads", "writes"),
    [
        ("GET a", "a", ""),
        ("MGET a b", "a b", ""),
        ("SET a 1", "", "a"),
        ("SET a 1 EX 5", "", "a"),
        ("SET a 1 nx", "a", "a"),
        ("SETNX a 1", "a", "a"),
        ("MSET a 1 b 2", "", "a b"),
        ("INCR a", "a", "a"),
        ("RPUSH a x", "a", "a"),
        ("DEL a b", "a b", "a b"),
        ("RENAME a b", "a", "a b"),
        ("COPY a b", "a b", "b"),
        ("COPY a b DB 3", "a redis://3/b", "redis://3/b"),
        ("MOVE a 2", "a redis://2/a", "a redis://2/a"),
        ("LMOVE a b LEFT RIGHT", "a b", "a b"),
        ("BLPOP a b 5", "a b", "a b"),
        ("SUNIONSTORE d a b", "a b", "d"),
        ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", "a b", "d"),
        ("XREAD COUNT 1 STREAMS a b 0 0", "a b", ""),
        ("XREADGROUP GROUP g c STREAMS a >", "a", "a"),
        ("XGROUP CREATE a g 0", "a", "a"),
        ("GEORADIUS a 1 2 3 km STORE d", "a", "d"),
        ("SORT a BY w_* STORE d", "* a", "d"),
        ("KEYS job:*", "job:*", ""),
        ("KEYS job", "job", ""),
        ("SCAN 0 MATCH job:[ab]", "job:*", ""),
        ("DBSIZE", "*", ""),
        ("FLUSHDB", "", "*"),
        ("FLUSHALL", "", "redis://*"),
        ("SWAPDB 0 1", "* redis://1/*", "* redis://1/*"),
        ("PUBLISH c x", "redis-channel://c", "redis-channel://c"),
        ("PING", "", ""),
    ],
)
def test_a_footprint_is_exact(command: str, reads: str, writes: str) -> None:
    assert used(command) == (reads, writes)


@pytest.mark.parametrize("each", [b"a", "ä b".encode(), b"50%*?", b"\xff\x00", b"a/b:{c}"])
def test_a_name_leads_back_to_its_key(each: bytes) -> None:
    assert key(text(each)) == each
    assert "*" not in text(each)


def test_commands_come_out_of_whatever_pieces_arrive() -> None:
    whole = packed([b"SET", b"k", b"a\r\nb"]) + b"PING\r\n" + packed([b"GET", b"k"])
    parser = Parser()
    found = [fields for i in range(len(whole)) for fields in parser.feed(whole[i : i + 1])]
    assert found == list(Parser().feed(whole)) == [[b"SET", b"k", b"a\r\nb"], [b"PING"], [b"GET", b"k"]]


def test_a_script_has_the_footprint_of_what_it_does() -> None:
    line = Emulated()
    line("SET", "guard", "yes")
    script = 'if redis.call("GET", "guard") == "yes" then redis.call("SET", KEYS[1] .. ":copy", "1") end return 1'
    assert line("EVAL", script, 1, "k") == 1
    assert (line.operation.reads, line.operation.writes) == ({"redis://0/guard"}, {"redis://0/k:copy"})
    assert line.operation.resource == "redis://0/guard"
    line("SET", "guard", "no")
    line("DEL", "k:copy")
    assert line("EVAL", script, 1, "k") == 1
    assert line.operation.writes == frozenset()


def test_the_rehearsal_of_a_script_leaves_nothing_behind() -> None:
    line = Emulated()
    line("RPUSH", "l", "a")
    other = Emulated(line.emulator)
    other("WATCH", "l")
    assert (
        line(
            "EVAL",
            'redis.call("SELECT", 1) redis.call("SET", "x", 1) redis.call("SELECT", 0) return redis.call("RPUSH", "l", "b")',
            0,
        )
        == 2
    )
    line("DEL", "l")
    other("MULTI")
    other("PING")
    assert other("EXEC") is None


def test_a_transaction_is_the_union() -> None:
    line = Emulated()
    line("WATCH", "w")
    for each in (("MULTI",), ("SET", "a", 1), ("INCR", "b"), ("GET", "c")):
        line(*each)
    assert line("EXEC") == ["+OK", 1, None]
    assert line.operation.verb == "EXEC"
    assert line.operation.reads == {"redis://0/b", "redis://0/c", "redis://0/w"}
    assert line.operation.writes == {"redis://0/a", "redis://0/b"}


def test_a_state_can_be_brought_back_any_number_of_times() -> None:
    line = Emulated()
    emulator = line.emulator
    for each in (
        "SET s 1 EX 9",
        "RPUSH l a b",
        "HSET h f v",
        "SADD m x y",
        "ZADD z 1 a 2 b",
        "XADD x 1-1 a b",
        "XGROUP CREATE x g 0",
    ):
        line(*each.split())
    kept, before = emulator.snapshot(), emulator.entries()
    for _ in range(2):
        line = Emulated(emulator)
        for each in (
            "SET s 2",
            "RPUSH l c",
            "HSET h g v",
            "SPOP m",
            "ZINCRBY z 9 a",
            "XREADGROUP GROUP g c STREAMS x >",
            "SET new 1",
            "COPY l l2",
        ):
            line(*each.split())
        assert emulator.entries() != before
        emulator.restore(kept)
        assert emulator.entries() == before
        line = Emulated(emulator)
        assert line("TTL", "s") == 9
        assert line("XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">")[0][1] == [[b"1-1", [b"a", b"b"]]]
        emulator.restore(kept)
    emulator.restore(None)
    assert emulator.entries() == {}


def test_a_copy_is_a_value_of_its_own() -> None:
    line = Emulated()
    line("RPUSH", "l", "a")
    line("COPY", "l", "m")
    line("RPUSH", "l", "b")
    assert line("LRANGE", "m", 0, -1) == [b"a"]


def content(line: Emulated, name: str) -> Any:
    entry = line.emulator.entries()[f"redis://0/{name}"]
    return plain(entry.version.split()[0], line.emulator._blobs.contents[entry.digest])


def test_content_is_canonical() -> None:
    line = Emulated()
    for each in ("SET s text", "RPUSH l b a", "HSET h b 2 a 1", "SADD m b a", "ZADD z 2 b 1.5 a", "XADD x 1-1 a b"):
        line(*each.split())
    line("SET", "bytes", b"\xff")
    line("HSET", "odd", "f", b"\xff")
    assert content(line, "s") == b"text"
    assert content(line, "bytes") == b"\xff"
    assert content(line, "l") == ["b", "a"]
    assert content(line, "h") == {"a": "1", "b": "2"}
    assert content(line, "m") == {"a", "b"}
    assert content(line, "z") == {"a": 1.5, "b": 2}
    assert content(line, "x") == [{"id": "1-1", "fields": {"a": "b"}}]
    assert content(line, "odd") == {"f": "base64:/w=="}
    other = Emulated()
    for each in ("HSET h a 1 b 2", "SADD m a b", "ZADD z 1.5 a 2 b"):
        other(*each.split())
    for each in ("h", "m", "z"):
        assert other.emulator.entries()[f"redis://0/{each}"] == line.emulator.entries()[f"redis://0/{each}"]


def test_an_expiry_is_a_part_of_the_state_and_its_length_is_not() -> None:
    line = Emulated()
    line("SET", "k", "v", "EX", 10)
    assert line.emulator.entries()["redis-ttl://0/k"].kind == "expiry"
    short = line.emulator.entries()["redis-ttl://0/k"]
    line("EXPIRE", "k", 999)
    assert line.emulator.entries()["redis-ttl://0/k"] == short
    line("PERSIST", "k")
    assert list(line.emulator.entries()) == ["redis://0/k"]


class World:
    def __init__(self) -> None:
        self.clock = Clock()


def test_time_is_that_of_the_virtual_clock() -> None:
    line, world = Emulated(), World()
    line.emulator.attach(world)  # type: ignore[arg-type]
    line("SET", "k", "v", "EX", 10)
    first = line("XADD", "s", "*", "a", "b")
    world.clock.pop(9.0)
    assert line("TTL", "k") == 1
    world.clock.pop(11.0)
    assert "redis://0/k" not in line.emulator.entries()
    assert line("GET", "k") is None
    later = line("XADD", "s", "*", "a", "b")
    assert int(later.split(b"-")[0]) - int(first.split(b"-")[0]) == 11_000


@pytest.mark.parametrize(
    "command",
    [
        "BLPOP q 0",
        "BRPOP q 0",
        "BLMOVE q r LEFT LEFT 0",
        "BRPOPLPUSH q r 0",
        "BLMPOP 0 1 q LEFT",
        "XREAD BLOCK 0 STREAMS q $",
        "BZPOPMIN q 0",
    ],
)
def test_a_wait_without_an_end_is_refused(command: str) -> None:
    with pytest.raises(NotEmulated, match="waits for ever.*redis.json"):
        Emulated()(*command.split())


def test_a_wait_is_answered_at_once_but_not_for_ever() -> None:
    line = Emulated()
    for _ in range(3):
        assert line("BLPOP", "q", 1200) is None
    with pytest.raises(NotEmulated, match="an hour"):
        line("BLPOP", "q", 1)
    line("RPUSH", "q", "a")
    assert line("BLPOP", "q", 0) == [b"q", b"a"]


@pytest.mark.parametrize(
    "command",
    [
        "INFO",
        "CONFIG GET x",
        "CLUSTER SLOTS",
        "MONITOR",
        "JSON.SET k . 1",
        "HEXPIRE h 1 FIELDS 1 f",
        "CLIENT LIST",
        "WAIT 1 0",
    ],
)
def test_what_cannot_be_true_is_refused(command: str) -> None:
    with pytest.raises(NotEmulated):
        Emulated()(*command.split())


def test_the_seed_has_a_form_for_each_type() -> None:
    emulator = Redis(Blobs(), True)
    values = {
        "s": "text",
        "n": 3,
        "l": ["a", 1],
        "h": {"f": 1},
        "m": {"$set": ["a"]},
        "z": {"$zset": {"a": 1.5}},
        "x": {"$stream": [{"f": "v"}]},
    }
    emulator.seed(Seed(redis={"1": values, "0": {"k": "v"}}))
    found = {name: each.version for name, each in emulator.entries().items()}
    types = {"s": "string", "n": "string", "l": "list", "h": "hash", "m": "set", "z": "zset", "x": "stream"}
    assert found == {"redis://0/k": "string", **{f"redis://1/{name}": each for name, each in types.items()}}


@pytest.mark.parametrize("value", [None, True, {"f": {"g": 1}}, [[1]]])
def test_a_value_that_redis_does_not_have_is_named(value: Any) -> None:
    with pytest.raises(ConfigurationError, match='"k" in database 0'):
        Redis(Blobs(), True).seed(Seed(redis={"0": {"k": value}}))


def test_a_connection_keeps_its_database_and_nothing_that_leads_elsewhere() -> None:
    made = Redis(Blobs(), True).connection(
        {
            "conn_id": "c",
            "conn_type": "redis",
            "host": "cache",
            "password": "x",
            "extra": json.dumps({"db": 3, "ssl": True, "ssl_ca_certs": "f"}),
        },
        "redis://127.0.0.1:4711/0",
    )
    assert made is not None
    assert (made["host"], made["port"], made["password"], json.loads(made["extra"])) == (
        "127.0.0.1",
        4711,
        None,
        {"db": 3},
    )
    assert Redis(Blobs(), True).connection({"conn_type": "aws"}, "redis://127.0.0.1:4711/0") is None
