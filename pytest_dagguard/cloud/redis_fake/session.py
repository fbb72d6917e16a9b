"""One connection to the emulated Redis: fakeredis' command loop, with exact replies and without real time."""

from __future__ import annotations

import asyncio
import functools
import importlib
import random
from collections.abc import Callable, Sequence
from typing import Any

from fakeredis._command_args_parsing import Float
from fakeredis._commands import COMMANDS_WITH_SUB
from fakeredis._helpers import NoResponse, SimpleError, SimpleString
from fakeredis._socket import FakeSocket
from fakeredis._socket._resp import extract_command

from pytest_dagguard.cloud.redis_fake.store import RELEASE, Store
from pytest_dagguard.cloud.redis_footprint import Footprint, footprint, table
from pytest_dagguard.model.errors import NotEmulated

_LOCAL = frozenset(
    {
        "asking", "auth", "client getname", "client id", "client info", "client maint_notifications",
        "client no-evict", "client no-touch", "client setinfo", "client setname", "discard", "echo", "hello", "multi",
        "ping", "quit", "readonly", "readwrite", "reset", "select", "unwatch",
    }
)  # fmt: skip
"""Commands that are about the connection alone: nobody else can notice them, so the tap need not see them."""

_SCRIPTS = frozenset({"eval", "evalsha", "eval_ro", "evalsha_ro"})
_TELL_TIME = (
    "_core._server",
    "_helpers",
    "_socket._base",
    "commands_mixins.connection_mixin",
    "commands_mixins.server_mixin",
    "model._client_info",
    "model._stream",
)
"""fakeredis' modules that ask for the time."""

_LONGEST = 3600.0
"""Seconds that an attempt may wait in vain, in all, before it is not followed any more."""


class Clock:
    """Stands for the module ``time`` in fakeredis."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = lambda: 0.0

    def time(self) -> float:
        """Seconds since 1970."""
        return self.now()


@functools.lru_cache(maxsize=1)
def clock() -> Clock:
    """The clock of all of fakeredis in this process; whoever uses fakeredis next sets its ``now``."""
    made = Clock()
    for name in _TELL_TIME:
        importlib.import_module(f"fakeredis.{name}").time = made  # type: ignore[attr-defined]
    return made


def command_of(fields: Sequence[bytes]) -> tuple[str, list[bytes]]:
    """The name in lower case (``xgroup create`` for a subcommand) and the arguments after it."""
    name = fields[0].decode("utf-8", "replace").lower()
    if len(fields) > 1 and name not in COMMANDS_WITH_SUB:
        both = f"{name} {fields[1].decode('utf-8', 'replace').lower()}"
        if both in table():
            return both, list(fields[2:])
    found, arguments = extract_command(list(fields))
    return str(found), list(arguments)


class Session(FakeSocket):  # type: ignore[misc]
    """One connection. What it is told by others (PUBLISH) goes out at once."""

    def __init__(self, store: Store, number: int, wait: Callable[[Session, str, float], None]) -> None:
        """
        :param wait: called with the command's name and its timeout in seconds (0: for ever), before one that found
            nothing is answered as if its wait were over; may refuse
        """
        self.number = number
        self.store, self._wait = store, wait
        self.send: asyncio.WriteTransport | None = None
        self.waited = 0.0
        self._db_num: int
        self._db: Any
        self._out: list[bytes] | None = None
        self._own_reply = False
        self._collecting: Footprint | None = None
        self._running = ""
        self.refusal: NotEmulated | None = None
        super().__init__(store.server, 0, client_class=object, client_info={})

    def at_once(self, fields: list[bytes]) -> bytes | None:
        """The reply to a command that is about this connection alone; None for one that has to pass the tap."""
        name, arguments = command_of(fields)
        if name in ("quit", "readonly", "readwrite", "asking") and not self._queueing:
            return b"+OK\r\n"
        if name == "auth":
            return b"+OK\r\n"  # whichever password is in use: there is nobody here to be kept out
        if name == "hello":
            return self._hello(arguments)
        queued = self._queueing and name not in ("exec", "watch") and name in table() and self.known(name)
        return self.perform(fields) if queued or name in _LOCAL else None

    def known(self, name: str) -> bool:
        """Say whether fakeredis has the command."""
        try:
            return self._name_to_func(name)[0] is not None
        except SimpleError:
            return False

    def _hello(self, arguments: list[bytes]) -> bytes:
        words = [each.upper() for each in arguments]
        kept = list(arguments)
        if b"AUTH" in words:
            at = words.index(b"AUTH")
            kept = arguments[:at] + arguments[at + 3 :]
        if kept and kept[0] not in (b"2", b"3"):
            return b"-NOPROTO unsupported protocol version\r\n"
        reply = self.perform([b"HELLO", *kept])
        if reply.startswith(b"-"):
            return reply
        protocol = self._client_info.protocol_version
        about = {"server": "redis", "version": RELEASE, "proto": protocol, "id": self._client_info["id"]}
        return encode({**about, "mode": "standalone", "role": "master", "modules": []}, protocol)

    def perform(self, fields: list[bytes]) -> bytes:
        """Carry out a command and return its reply, or replies.

        :raises NotEmulated: it met something that cannot be answered truly
        """
        self._out, self.refusal = [], None
        self._running = fields[0].decode("latin-1").upper()
        try:
            self._process_command(fields)
            found = b"".join(self._out)
        finally:
            self._out = None
        if self.refusal is not None:
            raise self.refusal
        return found

    def queue(self) -> list[tuple[Any, Any, list[bytes]]]:
        """What EXEC will carry out; nothing where it will refuse to."""
        if self._transaction is None or self._transaction_failed or self._watch_notified:
            return []
        return list(self._transaction)

    def watched(self) -> set[tuple[int, bytes]]:
        """The keys under WATCH, by database."""
        return {(database.number, at) for at, database in self._watches}

    def rehearse(self, commands: Sequence[tuple[Any, Any, list[bytes]]]) -> Footprint:
        """Find out what commands read and write, scripts among them, by carrying them out and undoing it."""
        found = self._collecting = Footprint()
        chance, place = random.getstate(), (self._db_num, self._db)
        self.store.rehearsing, self.refusal = True, None
        try:
            for function, signature, arguments in commands:
                try:
                    self._run_command(function, signature, arguments, False)
                except SimpleError:
                    continue
        finally:
            self.store.rehearsing = False
            self._collecting = None
            self._db_num, self._db = place
            self.store.undo()
            random.setstate(chance)
        if self.refusal is not None:
            raise self.refusal
        return found

    def _run_command(self, func: Any, sig: Any, args: list[Any], from_script: bool) -> Any:
        if from_script and sig.name.lower() not in table():
            self._refuse(NotEmulated("redis", f"{sig.name.upper()} in a script", "it is newer than Redis 7.0"))
        if sig.name.lower() not in _SCRIPTS:
            used = footprint(sig.name.lower(), args, self._db_num)
            self.store.touch(used.writes)
            if self._collecting is not None:
                self._collecting.add(used)
        found = super()._run_command(func, sig, args, from_script)
        alone = not (from_script or self._in_transaction or self.store.rehearsing)
        if found is None and alone and sig.name.lower() == "blmove" and len(args) == 5:
            self._wait(self, "BLMOVE", float(args[4]))  # fakeredis does not wait for a source that is not there
        return None if found == [] and sig.name.lower() in ("xread", "xreadgroup") else found

    def _refuse(self, refusal: NotEmulated) -> None:
        self.refusal = refusal  # a script may catch what it raises
        raise refusal

    def _blocking(
        self, timeout: float | None, func: Callable[[bool], Any], shape: Callable[[Any], Any] | None = None
    ) -> Any:
        """Answer a command that waits as if it came when its wait is over: with what is there, or that nothing is.

        Each run in which somebody else ends the wait is one in which this command comes after theirs.
        """
        found = func(True)
        if found is None and not self._in_transaction and not self.store.rehearsing:
            self._wait(self, self._running, timeout or 0.0)
        return found if shape is None else shape(found)

    def _decode_result(self, result: Any) -> Any:
        self._own_reply = True
        return result

    def put_response(self, msg: Any) -> None:
        """Send a reply, or (from a channel) a message."""
        own, self._own_reply = self._own_reply, False
        if self.store.rehearsing:
            return
        data = encode(msg, self._client_info.protocol_version, push=not own)
        if self._out is not None:
            self._out.append(data)
        elif self.send is not None and not self.send.is_closing():
            self.send.write(data)

    def close(self) -> None:
        """The connection is gone."""
        if self._server is not None:
            self._cleanup(self._server)
            super().close()


def encode(value: Any, protocol: int, push: bool = False) -> bytes:
    """A reply in RESP2 or RESP3.

    :param push: it comes from a channel, not as the answer to a command
    """
    if isinstance(value, SimpleString):
        return b"+%s\r\n" % value.value
    if isinstance(value, SimpleError):
        message = value.value.replace("ERR BUSYGROUP", "BUSYGROUP", 1).replace("\r\n", " ").replace("\n", " ")
        return b"-%s\r\n" % message.encode()
    if isinstance(value, NoResponse):
        return b""
    if value is None:
        return b"_\r\n" if protocol == 3 else b"$-1\r\n"
    if isinstance(value, bool):
        return (b"#t\r\n" if value else b"#f\r\n") if protocol == 3 else b":%d\r\n" % value
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, float):
        written: bytes = Float.encode(value, humanfriendly=False)
        return b"," + written + b"\r\n" if protocol == 3 else _bulk(written)
    if isinstance(value, (bytes, str)):
        return _bulk(value.encode() if isinstance(value, str) else value)
    if isinstance(value, dict):
        flat = [each for pair in value.items() for each in pair]
        head = b"%%%d\r\n" % len(value) if protocol == 3 else b"*%d\r\n" % len(flat)
        return head + b"".join(encode(each, protocol) for each in flat)
    mark: bytes = b"*"
    if protocol == 3:
        mark = b">" if push else b"~" if isinstance(value, (set, frozenset)) else b"*"
    return mark + b"%d\r\n" % len(value) + b"".join(encode(each, protocol) for each in value)


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(value), value)


def longest(session: Session, command: str, timeout: float) -> None:
    """Refuse a wait that has no end, or that adds up to too much.

    :param timeout: seconds; 0 is for ever
    :raises NotEmulated: nobody would ever see its end
    """
    unlock = "put what it waits for into the seed's redis.json"
    if not timeout:
        session._refuse(NotEmulated("redis", f"{command} without a timeout, which waits for ever", unlock))
    session.waited += timeout
    if session.waited > _LONGEST:
        session._refuse(NotEmulated("redis", f"{command} after an hour of waiting in vain", unlock))
