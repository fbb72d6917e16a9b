"""What an emulator is. One file in this folder per service; the cloud finds it by its ``EMULATOR`` factory."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from multidict import CIMultiDict

from pytest_dagguard.cloud.clock import Clock
from pytest_dagguard.cloud.feed import Conversation, Feed
from pytest_dagguard.model.life import Birth, Death
from pytest_dagguard.model.operation import Operation
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, whole.

    :param method: upper case
    :param host: the ``Host`` header
    :param path: as it was sent, percent-encoded, without the query
    :param query: as it was sent, without the question mark
    :param body: after removal of the transfer encoding
    """

    method: str
    host: str
    path: str
    query: str
    headers: CIMultiDict[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. ``Content-Length`` is set by the tap from ``body`` unless the emulator gives it (HEAD).

    :param feed: the body, where it goes on; ``body`` is empty then
    :param later: with ``feed``: nothing is answered until that is closed, and then this
    :param websocket: what is said over the connection, which becomes a websocket with one of ``protocols``
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    feed: Feed | None = None
    later: Callable[[], Response] | None = None
    websocket: Conversation | None = None
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    :param actor: the attempt's name, unique in a run
    :param endpoints: emulator name -> base URL on the caller's own ports, ``http://127.0.0.1:43211``
    """

    actor: str
    endpoints: Mapping[str, str]


@dataclass(slots=True)
class Blobs:
    """Content by digest, so that states can be compared and kept without carrying the bytes about."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def put(self, content: bytes) -> str:
        """Keep ``content`` and return its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        self.contents.setdefault(digest, content)
        return digest


class World(Protocol):
    """What an emulator that has lives of its own (pods, jobs) may ask of the cloud that it is in."""

    clock: Clock

    def begin(self, birth: Birth) -> None:
        """Have a process started; :meth:`Living.ended` of the emulator is called when it has ended."""
        ...

    def kill(self, actor: str) -> None:
        """End a process and all that it started, now; ``ended`` is not called for it."""
        ...

    def behaviour(self, kind: str, name: str) -> str:
        """What the configuration says that an image (``kind`` is ``images``) or a job (``jobs``) does.

        :param kind: ``init-images`` for an image of an init container, which ends even where nothing else does
        :param name: ``acme/train:1``, ``glue:nightly``
        :returns: a word of :mod:`pytest_dagguard.model.life` or ``module:function``; empty where nothing is said
        """
        ...


class Living(Protocol):
    """What an emulator has beside the methods of :class:`Emulator` if things in it live and end by themselves."""

    def attach(self, world: World) -> None:
        """Called once, before anything else."""
        ...

    def ring(self, *what: Any) -> None:
        """An alarm that it had set rings."""
        ...

    def ended(self, actor: str, death: Death) -> None:
        """A process that it had begun has ended."""
        ...


class Listening(Protocol):
    """What a :class:`Living` has beside if what its processes print can be read while they run."""

    def told(self, actor: str, lines: Sequence[str]) -> None:
        """A process that it had begun has printed these lines."""
        ...


class Timed(Protocol):
    """What an emulator has that writes the time into what it keeps or answers."""

    def tell_time(self, now: Callable[[], float]) -> None:
        """Called once, before anything else.

        :param now: seconds since 1970, as the cloud's clocks have it
        """
        ...


class Expiring(Protocol):
    """What an emulator has in which things expire by themselves."""

    def lapse(self, seconds: float) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
        """Let time pass, for what expires alone, until the next :meth:`Emulator.restore`.

        :returns: the state before and after
        """
        ...


class Settling(Protocol):
    """What an emulator has in which things are on their way for a time that is known and short."""

    def settle(self) -> tuple[Mapping[str, Entry], Mapping[str, Entry]]:
        """Have them arrive.

        :returns: the state before and after
        """
        ...


class Secured(Protocol):
    """What an emulator has whose clients come over https too."""

    @property
    def tls(self) -> ssl.SSLContext:
        """The server's side, for a port of its own beside the one with http."""
        ...

    def secure(self, url: str) -> dict[str, str]:
        """Environment variables for clients that use that port; ``url`` begins with ``https``."""
        ...


class Emulator(Protocol):
    """One emulated service. All methods are called from one thread, one at a time.

    Where a client takes no endpoint, an attribute ``hosts`` names the hosts for which the emulator answers (``*`` is
    any part of a name), and ``grpc``, an ``Interface`` of :mod:`pytest_dagguard.cloud.calls.transcoding`, what it is
    asked there over gRPC.

    ``EMULATOR(blobs: Blobs, auto_buckets: bool) -> Emulator`` in the module makes one. One whose service does not speak
    HTTP has ``async serve(handler)`` beside these methods, which returns an open port (``url``, ``close()``) and makes
    a :class:`Request` of each operation as it sees fit.
    """

    name: str
    """``s3``, ``gcs``, ``airflow``: the service of its operations."""

    def environment(self, url: str) -> dict[str, str]:
        """Environment variables that point this service's usual clients at ``url``."""
        ...

    def connection(self, connection: dict[str, Any], url: str) -> dict[str, Any] | None:
        """Point an Airflow connection at ``url``.

        :param connection: keys ``conn_id, conn_type, host, login, password, schema, port, extra`` (extra: JSON text)
        :returns: the changed connection, or None where its type is not this service's
        """
        ...

    def classify(self, request: Request) -> Operation:
        """Name the operation and its footprint without applying it. May look at the present state.

        :raises NotEmulated: for a request that this emulator cannot answer truly
        """
        ...

    def apply(self, request: Request, caller: Caller) -> Response:
        """Let the operation take effect, atomically, and give its answer.

        :raises NotEmulated: as :meth:`classify`
        """
        ...

    def entries(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """The present state.

        :param names: only these resource names (``*`` at the end: that prefix); None is everything
        """
        ...

    def snapshot(self) -> object:
        """A value that :meth:`restore` brings the service back with. Cheap; independent of later changes."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Bring back the service as it was; may be called any number of times with one snapshot."""
        ...

    def seed(self, seed: Seed) -> None:
        """Fill an empty service with the user's input data."""
        ...
