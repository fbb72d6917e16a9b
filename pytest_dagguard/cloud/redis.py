"""The Redis emulator: fakeredis in process, each command an operation, time as the cloud's clock has it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_dagguard.cloud.emulator import Blobs, Caller, Request, Response, World
from pytest_dagguard.cloud.redis_footprint import Footprint, footprint, resource, table
from pytest_dagguard.cloud.redis_wire import Parser, RedisPort, serve
from pytest_dagguard.cloud.server import Handler
from pytest_dagguard.model.errors import ConfigurationError, NotEmulated
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

if TYPE_CHECKING:
    from pytest_dagguard.cloud.redis_fake.session import Session
    from pytest_dagguard.cloud.redis_fake.store import Picture, Store

_SCRIPTS = frozenset({"eval", "evalsha"})
_REFUSED = {
    "client kill": "it ends other clients' connections",
    "client list": "it shows other clients' connections",
    "client pause": "it stops all clients",
    "client reply": "replies cannot be switched off here",
    "client tracking": "client-side caching is not emulated",
    "client unblock": "no client is ever blocked here",
    "cluster": "one server is emulated, no cluster; where the client is a RedisCluster, use a plain Redis client",
    "config": "the server's configuration is not emulated",
    "info": "figures of the server are not emulated",
    "monitor": "it shows other clients' commands",
}
_SEED_TYPES = ("$set", "$zset", "$stream")


class Redis:
    """One emulated Redis server. See :class:`pytest_dagguard.cloud.emulator.Emulator`."""

    name = "redis"

    def __init__(self, blobs: Blobs, auto_buckets: bool) -> None:
        self._blobs = blobs
        self._base = float(int(time.time()))
        self._world: World | None = None
        self._lapsed = 0.0
        self._made: Store | None = None
        self._sessions: dict[int, Session] = {}
        self._count = 0

    @property
    def _store(self) -> Store:
        """fakeredis takes half a second to import, and most repositories have no Redis."""
        if self._made is None:
            from pytest_dagguard.cloud.redis_fake.session import clock
            from pytest_dagguard.cloud.redis_fake.store import Store

            clock().now = self._time
            self._made = Store(self._blobs)
        return self._made

    def attach(self, world: World) -> None:
        """Take the time from the cloud's clock; without one it stands still."""
        self._world = world

    def ring(self, *what: Any) -> None:
        """Keys go when they are next looked at: there is no alarm to set."""

    def ended(self, actor: str, death: Death) -> None:
        """Nothing is begun here."""

    def _time(self) -> float:
        """Seconds since 1970: the cloud's start, and what has passed on the virtual clock and between two tries."""
        return self._base + self._lapsed + (self._world.clock.now if self._world is not None else 0.0)

    def lapse(self, seconds: float) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
        """See :class:`pytest_dagguard.cloud.emulator.Expiring`."""
        before = self.entries()
        self._lapsed += seconds
        return before, self.entries()

    def _enter(self) -> Store:
        store = self._store
        from pytest_dagguard.cloud.redis_fake.session import clock

        clock().now = self._time
        store.pass_to(self._time())
        return store

    async def serve(self, handler: Handler) -> RedisPort:
        """Listen with Redis's own protocol."""
        return await serve(self, handler)

    def connect(self, send: asyncio.WriteTransport | None = None) -> Session:
        """A new connection; what is pushed to it without being asked for goes to ``send``."""
        store = self._enter()
        from pytest_dagguard.cloud.redis_fake.session import Session, longest

        self._count += 1
        made = self._sessions[self._count] = Session(store, self._count, longest)
        made.send = send
        self._sessions = {number: each for number, each in self._sessions.items() if each._server is not None}
        return made

    def environment(self, url: str) -> dict[str, str]:
        """The variables in which applications commonly keep the address of their Redis."""
        parts = urlsplit(url)
        return {"REDIS_URL": url, "REDIS_HOST": parts.hostname or "", "REDIS_PORT": str(parts.port)}

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """A connection of type ``redis`` that leads to ``url``, with the database that it names."""
        if connection.get("conn_type") != "redis":
            return None
        parts = urlsplit(url)
        try:
            extra = json.loads(connection.get("extra") or "{}")
        except ValueError:
            extra = {}
        kept = {name: value for name, value in extra.items() if not name.startswith("ssl")}
        there = {"host": parts.hostname, "port": parts.port, "login": None, "password": None}
        return {**connection, **there, "extra": json.dumps(kept) if kept else None}

    def classify(self, request: Request) -> Operation:
        """Name the operation.

        :raises NotEmulated: fakeredis has no such command, or one that cannot be true here
        """
        self._enter()
        session, fields = self._of(request)
        from pytest_dagguard.cloud.redis_fake.session import command_of

        name, arguments = command_of(fields)
        self._check(session, name)
        found = self._footprint(session, name, arguments)
        return Operation("redis", name.upper(), found.first, frozenset(found.reads), frozenset(found.writes))

    def _footprint(self, session: Session, name: str, arguments: list[bytes]) -> Footprint:
        if name in _SCRIPTS:
            # the keys that a script names are no more than a hint: what it touches is found out by a rehearsal
            found = session.rehearse([(*session._name_to_func(name), arguments)])
            found.add(footprint(name, arguments, session._db_num) if not found.first else Footprint())
            return found
        if name == "exec":
            return self._of_transaction(session)
        return footprint(name, arguments, session._db_num)

    def _of_transaction(self, session: Session) -> Footprint:
        found = Footprint()
        queue = session.queue()
        if any(signature.name.lower() in _SCRIPTS for _, signature, _ in queue):
            found = session.rehearse(queue)
        else:
            number = session._db_num
            for _, signature, arguments in queue:
                found.add(footprint(signature.name.lower(), arguments, number))
                if signature.name.lower() == "select" and arguments[0].isdigit():
                    number = int(arguments[0])
        found.reads |= {resource(number, at) for number, at in session.watched()}
        found.first = min(found.writes, default="") or found.first or f"redis://{session._db_num}/"
        return found

    def _check(self, session: Session, name: str) -> None:
        """
        :raises NotEmulated: the command cannot be answered truly
        """
        why = _REFUSED.get(name) or _REFUSED.get(name.partition(" ")[0] if name.partition(" ")[0] != "client" else "")
        if not why and name not in table():
            why = "Redis 7.0, which is emulated, has no such command"
        if not why and not session.known(name):
            why = "fakeredis does not emulate this command"
        if why:
            raise NotEmulated("redis", name.upper(), why)

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the command take effect.

        :raises NotEmulated: as :meth:`classify`, and for a wait that has no end
        """
        store = self._enter()
        session, fields = self._of(request)
        try:
            reply = session.perform(fields)
        finally:
            store.settle()
        return Response(200, (), reply)

    def _of(self, request: Request) -> tuple[Session, list[bytes]]:
        return self._sessions[int(request.host)], next(Parser().feed(request.body))

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """Keys; and which of them expire, as ``redis-ttl://``."""
        if self._made is None:
            return {}
        return self._enter().entries(names)

    def snapshot(self) -> Picture | None:
        """The present state."""
        return self._enter().picture() if self._made is not None else None

    def restore(self, snapshot: Picture | None) -> None:
        """Bring back a state; connections are forgotten."""
        self._lapsed = 0.0
        if self._made is None and snapshot is None:
            return
        from pytest_dagguard.cloud.redis_fake.store import Picture

        for each in self._sessions.values():
            each.close()
        self._sessions = {}
        self._enter().show(snapshot or Picture({}, {}))

    def seed(self, seed: Seed) -> None:
        """Make the seed's keys: a text or number is a string, a list a list, an object a hash; a set, sorted set or
        stream is an object with the one name ``$set``, ``$zset`` or ``$stream``.

        :raises ConfigurationError: a value is none of these
        """
        for number, keys in seed.redis.items():
            for name, value in keys.items():
                self._plant(number, name, value)

    def _plant(self, number: str, name: str, value: Any) -> None:
        session = self.connect()
        at = name.encode()
        try:
            for fields in ([b"SELECT", number.encode()], [b"DEL", at], *_commands(at, value)):
                reply = session.perform(fields)
                if reply.startswith(b"-"):
                    raise ValueError(reply[1:].decode().strip())
        except (ValueError, TypeError) as wrong:
            raise ConfigurationError(
                f'the seed\'s redis.json: the value of "{name}" in database {number} cannot be stored ({wrong}); write'
                ' a text, a number, a list, an object of texts for a hash, or {"$set": [...]}, {"$zset": {"member": 1}}'
                ' or {"$stream": [{"field": "value"}]}'
            ) from None
        finally:
            self._store.settle()
            session.close()


def _commands(at: bytes, value: Any) -> list[list[bytes]]:
    """The commands that store a value of the seed."""
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _SEED_TYPES:
        kind, content = next(iter(value.items()))
        if kind == "$set":
            return [[b"SADD", at, *map(_bytes, content)]] if content else []
        if kind == "$zset":
            return [[b"ZADD", at, _bytes(score), _bytes(member)] for member, score in content.items()]
        return [[b"XADD", at, b"*", *(_bytes(x) for pair in entry.items() for x in pair)] for entry in content]
    if isinstance(value, Mapping):
        return [[b"HSET", at, *(_bytes(x) for pair in value.items() for x in pair)]] if value else []
    if isinstance(value, list):
        return [[b"RPUSH", at, *map(_bytes, value)]] if value else []
    return [[b"SET", at, _bytes(value)]]


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"{json.dumps(value, default=str)[:60]} is neither a text nor a number")
    return value.encode() if isinstance(value, str) else repr(value).encode()


EMULATOR = Redis
