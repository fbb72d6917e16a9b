"""The emulated Redis beside a real one: the same commands, the same answers.

A row of :data:`DIFFERS` names where they part and which of them is to blame.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_dagguard.cloud.redis_footprint import table
from pytest_dagguard.model.errors import NotEmulated
from redis_emulated import Emulated
from redis_reference import Line, commands, server

UNORDERED = frozenset(
    {"SMEMBERS", "KEYS", "HGETALL", "HKEYS", "HVALS", "SUNION", "SINTER", "SDIFF", "SCAN", "SSCAN", "HSCAN"}
)

SEQUENCES = {
    "strings": """
        SET a 1; GET a; SET a 2 NX; SET b 2 NX; GET b; SET a 3 XX GET; GET a; SET c 1 XX; GET c; SETNX a 9; SETNX d 9
        GETSET a 5; APPEND a 67; STRLEN a; GETRANGE a 0 -2; SETRANGE a 1 xx; GETDEL a; GET a; GETDEL a; MSET x 1 y 2; MGET x y z
        MSETNX x 1 q 2; MSETNX q 2 r 3; INCR x; INCRBY x 10; DECR x; DECRBY x 5; INCRBYFLOAT x 0.5; INCR y; SET word w; INCR word
        SET k v EX 100; TTL k; SET k v2 KEEPTTL; TTL k; SET k v3; TTL k; SETEX k 10 v; PSETEX k 10000 v; PTTL k; GETEX k PERSIST; TTL k
        SET k v EX 0; SET k v EX -1; SET k v NX XX; SET k; SET; GET; GET a b; SET k v EX; SET k v WHAT; LCS x y; SETBIT bits 7 1; GETBIT bits 7
        BITCOUNT bits; BITOP OR dest bits x; GET dest; BITPOS bits 1; SUBSTR word 0 0
    """,
    "keys": """
        SET a 1; EXISTS a b a; TYPE a; DEL a b; DEL a; SET a 1; RENAME a b; RENAME a b; GET b; SET c 3; RENAMENX b c; RENAMENX b d; COPY d e
        COPY d e; COPY d e REPLACE; COPY d e DB 1; SELECT 1; GET e; SELECT 0; MOVE d 1; MOVE d 1; EXPIRE e 100; TTL e; EXPIRE e 50 GT; TTL e
        EXPIRE e 50 LT; TTL e; EXPIRE e 10 NX; EXPIRE no 10; PERSIST e; PERSIST e; TTL e; TTL no; PEXPIRE e 5000; PTTL e; EXPIRE e -1; EXISTS e
        SET f 1; EXPIREAT f 1; EXISTS f; SET f 1; EXPIREAT f 99999999999; EXPIRETIME f; UNLINK f; KEYS *; DBSIZE; RANDOMKEY; FLUSHDB; RANDOMKEY
        RPUSH l 3 1 2; SORT l; SORT l DESC LIMIT 0 2; SORT l STORE sorted; LRANGE sorted 0 -1; SORT l BY w_* GET #; OBJECT HELP; SCAN 0
        SWAPDB 0 1; KEYS *; SELECT 99; SELECT x; FLUSHALL; DBSIZE; TOUCHED; DUMP no
    """,
    "lists": """
        RPUSH l a b c; LPUSH l z; LRANGE l 0 -1; LLEN l; LINDEX l 0; LINDEX l 9; LSET l 0 y; LSET l 9 y; LSET no 0 y; LINSERT l BEFORE b x
        LINSERT l AFTER nope x; LREM l 1 x; LTRIM l 0 2; LRANGE l 0 -1; LPOP l; RPOP l; LPOP l 5; LPOP l; LPOP l 2; EXISTS l; LPUSHX l a; RPUSHX l a
        RPUSH l a b c; RPOPLPUSH l m; LMOVE l m LEFT RIGHT; LRANGE m 0 -1; LMPOP 2 no m LEFT COUNT 2; LPOS m a; BLPOP l m 1; BLPOP l m 0.01
        BRPOP l 0.01; RPUSH l 1; BLMOVE l m LEFT LEFT 1; BRPOPLPUSH m l 1; BLMPOP 1 1 l LEFT; SET s 1; RPUSH s a; LLEN s; BLPOP s 1; LPOP s; LPOP l -1
    """,
    "hashes": """
        HSET h a 1 b 2; HSET h a 2 c 3; HGET h a; HGET h no; HMGET h a no b; HGETALL h; HGETALL no; HLEN h; HKEYS h; HVALS h; HEXISTS h a
        HINCRBY h a 5; HINCRBYFLOAT h a 0.5; HSETNX h a 1; HSETNX h z 1; HDEL h a no; HDEL h b c z; EXISTS h; HSET h a; HSET h; HMSET h a 1; HSTRLEN h a
        HINCRBY h w x; HSET h w x; HINCRBY h w 1; HSCAN h 0; HRANDFIELD no
    """,
    "sets": """
        SADD s a b c; SADD s a d; SCARD s; SISMEMBER s a; SMISMEMBER s a q; SMEMBERS s; SREM s a q; SADD t b c x; SINTER s t; SUNION s t; SDIFF s t
        SINTERSTORE u s t; SMEMBERS u; SUNIONSTORE u s t; SDIFFSTORE u s t; SDIFFSTORE u t t; EXISTS u; SMOVE s t d; SMOVE s t nope; SINTERCARD 2 s t
        SADD one x; SPOP one; SPOP one; SRANDMEMBER one; SSCAN t 0; SADD s; SMEMBERS no
    """,
    "sorted sets": """
        ZADD z 1 a 2 b 3 c; ZADD z NX 9 a 4 d; ZADD z XX CH 5 a 6 q; ZADD z GT 1 a; ZADD z INCR 1 a; ZSCORE z a; ZSCORE z q; ZMSCORE z a q; ZCARD z
        ZRANGE z 0 -1; ZRANGE z 0 -1 WITHSCORES; ZRANGE z 0 -1 REV; ZREVRANGE z 0 1; ZRANGEBYSCORE z 2 (4; ZRANGEBYSCORE z -inf +inf LIMIT 1 2
        ZCOUNT z 2 4; ZRANK z b; ZRANK z q; ZREVRANK z b; ZINCRBY z 1.5 b; ZREM z d q; ZPOPMIN z; ZPOPMAX z; ZPOPMIN no; ZADD w 1 a 2 b; ZADD v 3 b 4 c
        ZUNIONSTORE u 2 w v; ZRANGE u 0 -1 WITHSCORES; ZINTERSTORE u 2 w v WEIGHTS 2 3; ZRANGE u 0 -1 WITHSCORES; ZUNION 2 w v; ZINTER 2 w v; ZDIFF 2 w v
        ZRANGESTORE r w 0 0; ZREMRANGEBYRANK w 0 0; ZREMRANGEBYSCORE v 3 3; ZLEXCOUNT w - +; ZRANGEBYLEX w - +; BZPOPMIN z no 1; BZPOPMIN nope 0.01; ZADD z
        ZADD z NX XX 1 a; ZADD z x a; ZMPOP 1 v MIN; ZSCAN w 0
    """,
    "streams": """
        XADD s 1-1 a 1; XADD s 2-1 b 2; XADD s 1-1 c 3; XADD s 2-* c 3; XLEN s; XRANGE s - +; XREVRANGE s + - COUNT 1; XREAD COUNT 1 STREAMS s 0
        XREAD STREAMS s 2-2; XREAD BLOCK 10 STREAMS s $; XDEL s 2-1; XTRIM s MAXLEN 1; XGROUP CREATE s g 0; XGROUP CREATE s g 0; XGROUP CREATE no g $
        XGROUP CREATE new g $ MKSTREAM; XREADGROUP GROUP g c STREAMS s >; XREADGROUP GROUP g c STREAMS s >; XREADGROUP GROUP g c STREAMS s 0
        XPENDING s g; XACK s g 2-2; XACK s g 2-2; XREADGROUP GROUP nope c STREAMS s >; XADD s 3-0 d 4; XREADGROUP GROUP g d COUNT 1 STREAMS s >
        XCLAIM s g e 0 3-0; XAUTOCLAIM s g f 0 0; XGROUP DESTROY s g; XADD s 4-0 a; XADD s MAXLEN 1 5-0 a 1; XLEN s; XADD no NOMKSTREAM 1-1 a 1
    """,
    "transactions": """
        MULTI; SET a 1; INCR a; GET a; EXEC; MULTI; SET a 1; DISCARD; GET a; EXEC; DISCARD; MULTI; MULTI; SET x; EXEC; GET x; WATCH a; MULTI; INCR a; EXEC
        WATCH a; SET a 9; MULTI; INCR a; EXEC; GET a; WATCH a; UNWATCH; SET a 1; MULTI; GET a; EXEC; MULTI; WATCH a; EXEC; MULTI; SET w x; INCR w; GET w; EXEC
        MULTI; BLPOP no 0; EXEC; MULTI; EXEC
    """,
    "scripts": """
        EVAL 'return 1' 0; EVAL 'return {1,2,{3,"x"}}' 0; EVAL 'return redis.call("SET", KEYS[1], ARGV[1])' 1 k v; GET k; EVAL 'return ARGV[2]' 0 a b
        EVAL 'return redis.call("GET", KEYS[1])' 1 no; EVAL 'return nil' 0; EVAL 'return 3.99' 0; EVAL 'return redis.status_reply("FINE")' 0
        EVAL 'return redis.error_reply("MY bad")' 0; EVAL 'return redis.pcall("INCR", KEYS[1])["err"]' 1 k; EVAL 'redis.call("INCR", KEYS[1])' 1 k
        SCRIPT LOAD 'return 1'; EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0; EVALSHA 0000000000000000000000000000000000000000 0
        SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db 00; EVAL 'return cjson.encode({a=1})' 0; EVAL 'return true' 0; EVAL 'return false' 0
        SET lock me; EVAL 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end' 1 lock you
        EVAL 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end' 1 lock me; EXISTS lock
        EVAL 'return #KEYS' 2 a; EVAL 'return tonumber("5") + 1' 0; EVAL 'for i=1,3 do redis.call("RPUSH", KEYS[1], i) end return redis.call("LRANGE", KEYS[1], 0, -1)' 1 l
    """,
    "the rest": """
        PING; PING hello; ECHO x; PFADD p a b c; PFCOUNT p; GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania; GEODIST g Palermo Catania km
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC; PUBLISH ch x; PUBSUB CHANNELS; CLIENT SETNAME me; CLIENT GETNAME; AUTH; COMMAND COUNT EXTRA
        BITFIELD b SET u8 0 255 GET u8 0; SET a 1; XLEN a; HGET a f; SADD a x; ZADD a 1 x; LPUSH a x; GET nope; TYPE nope; INFO; CONFIG GET maxmemory
    """,
}

DIFFERS: dict[str, tuple[Any, str]] = {
    "SET k v EX 0": ("-ERR invalid expire time in set", "fakeredis: the text of the error"),
    "SET k v EX -1": ("-ERR invalid expire time in set", "fakeredis: the text of the error"),
    "SELECT x": ("-ERR DB index is out of range", "fakeredis: the text of the error"),
    "COMMAND COUNT EXTRA": (
        "-ERR wrong number of arguments for 'command count' command",
        "fakeredis: the text of the error",
    ),
    'EVAL redis.call("INCR", KEYS[1]) 1 k': (
        "-ERR value is not an integer or out of range",
        "fakeredis: the script is not named",
    ),
    "XPENDING s g": (
        [1, b"2-2", b"2-2", [[b"c", 1]]],
        "fakeredis: a count is a number and not a text; clients take both",
    ),
    "GEODIST g Palermo Catania km": (b"166.27443400190415", "fakeredis: four digits are not enough for it"),
    "AUTH": ("+OK", "by design: whatever credentials a client has are accepted"),
    "OBJECT HELP": ("redis OBJECT HELP is not emulated: fakeredis does not emulate this command", "refused"),
    "INFO": ("redis INFO is not emulated: figures of the server are not emulated", "refused"),
    "CONFIG GET maxmemory": ("redis CONFIG GET is not emulated: the server's configuration is not emulated", "refused"),
    "TOUCHED": (
        "redis TOUCHED is not emulated: Redis 7.0, which is emulated, has no such command",
        "refused: a newer Redis may have it",
    ),
}
"""Command -> what the emulator answers, and why that is not what Redis answers."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with server(tmp_path_factory.mktemp("redis")) as number:
        yield number


def steps(text: str) -> list[list[str]]:
    return [shlex.split(each) for line in text.strip().splitlines() for each in line.split("; ")]


def shown(verb: str, reply: Any) -> Any:
    """What is compared: of an error its text without the hash of a script, of a set its members in any order."""
    if isinstance(reply, str) and reply.startswith("-"):
        return re.sub(r"[0-9a-f]{40}", "<sha>", reply)
    if verb == "PTTL" and isinstance(reply, int) and reply > 0:
        return round(reply, -3)  # there time passes
    if verb in UNORDERED and isinstance(reply, list):
        return sorted((shown("SCAN", each) for each in reply), key=repr)
    if isinstance(reply, list):
        return [shown("", each) for each in reply]
    return reply


@pytest.mark.parametrize("name", SEQUENCES)
def test_answers_are_those_of_redis(name: str, port: int) -> None:
    real, emulated = Line(port), Emulated()
    real("FLUSHALL")
    wrong = []
    for step in steps(SEQUENCES[name]):
        command = " ".join(step)
        expected = shown(step[0], real(*step))
        try:
            found = shown(step[0], emulated(*step))
        except NotEmulated as refused:
            found = str(refused)
        if command in DIFFERS:
            assert found == DIFFERS[command][0]
        elif expected != found:
            wrong.append(f"{command}\n  Redis:    {expected!r}\n  emulated: {found!r}")
        emulated.settled()
    real.close()
    assert not wrong, "\n".join(wrong)


def test_the_table_of_commands_is_what_redis_says_of_itself(port: int) -> None:
    line = Line(port)
    assert json.loads(json.dumps(commands(line))) == table()
    line.close()
