"""The tap: in front of every emulator, it sees each operation before it takes effect and decides when it does.

An actor (an attempt) is known by the ports it was given. Its gate is closed until the director lets it go on, and
closes again by itself when the operation that it was to stop at has taken effect; that operation's answer is withheld.
Operations are applied one at a time on one event loop, hence they are atomic and totally ordered.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_dagguard.cloud import effects
from pytest_dagguard.cloud.emulator import Caller, Emulator, Request, Response
from pytest_dagguard.cloud.whereabouts import Where, together
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.history import Event
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.state import Entry


@dataclass(slots=True, eq=False)
class Ticket:
    """A request that waits for its turn.

    :param beside: those of the same actor that were under way at the same time
    :param index: its place among the actor's operations, once it has taken effect
    """

    service: str
    request: Request
    answer: asyncio.Future[Response]
    beside: list[Ticket] = field(default_factory=list)
    index: int = -1


@dataclass(slots=True)
class Actor:
    """One attempt, as the tap knows it.

    :param until: close the gate when this operation has taken effect; None: let everything through
    :param where: asks the attempt what it is at; None: do not ask
    :param order: operations of its that are to take effect in this order; those that come early wait in ``early``
    :param under_way: requests that have no answer yet
    """

    caller: Caller
    where: Where | None = None
    open: bool = False
    dead: bool = False
    until: Selector | None = None
    seen: int = 0
    fitting: int = 0
    waiting: deque[Ticket] = field(default_factory=deque)
    withheld: tuple[Ticket, Response] | None = None
    disturbance: tuple[Selector, str] | None = None
    disturbing: int = 0
    order: list[Selector] = field(default_factory=list)
    early: list[Ticket] = field(default_factory=list)
    under_way: list[Ticket] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that no emulator could answer truly.

    :param defect: True where an emulator broke down, rather than said that it does not know the request
    """

    actor: str
    service: str
    what: str
    unlock: str
    defect: bool = False


class Tap:
    """Orders the operations of all actors and keeps the history."""

    def __init__(self, emulators: Mapping[str, Emulator], notify: Callable[[str, int], None]) -> None:
        """
        :param emulators: by name
        :param notify: called with an actor's name and the index of its operation when its gate closed there
        """
        self.emulators = emulators
        self.notify = notify
        self.actors: dict[str, Actor] = {}
        self.history: list[Event] = []
        self.refusals: list[Refusal] = []
        self.alive: Callable[[], int] = lambda: 0
        self._state = 0

    @property
    def state(self) -> int:
        """A number for the present state, equal for equal states; 0 for the one that the history began with."""
        return self._state

    def reset(self) -> None:
        """Forget all actors and the history; requests still waiting are dropped."""
        for name in list(self.actors):
            self.remove(name)
        self.history = []
        self.refusals = []
        self._state = 0

    def add(self, caller: Caller, where: Where | None) -> None:
        """Make an actor known; its gate is closed."""
        self.actors[caller.actor] = Actor(caller, where)

    def remove(self, name: str) -> None:
        """From now on nothing this actor sent or sends takes effect."""
        actor = self.actors.get(name)
        if actor is None:
            return
        actor.dead = True
        actor.open = False
        dropped = [each.answer for each in (*actor.waiting, *actor.early)]
        if actor.withheld is not None:
            dropped.append(actor.withheld[0].answer)
        actor.waiting.clear()
        actor.early.clear()
        actor.withheld = None
        for answer in dropped:
            answer.cancel()

    def allow(self, name: str, until: Selector | None) -> None:
        """Open an actor's gate, give it the answer that was withheld, and let through what waits."""
        actor = self.actors[name]
        actor.open, actor.until, actor.fitting = True, until, 0
        if actor.withheld is not None:
            ticket, response = actor.withheld
            actor.withheld = None
            # what others did meanwhile may have it do other things than the order knows, but for what it has sent
            actor.order = [each for each in actor.order if self._is_sent(actor, each)]
            if not ticket.answer.done():
                ticket.answer.set_result(response)
        while actor.open and actor.waiting:
            self._arrive(actor, actor.waiting.popleft())
        self._follow(actor)

    def shift(self, before: Mapping[str, Entry], after: Mapping[str, Entry]) -> None:
        """Take in that the state has changed by itself."""
        self._state ^= effects.mark(before) ^ effects.mark(after)

    def disturb(self, name: str, at: Selector, kind: str) -> None:
        """Have one operation of an actor answered badly.

        :param kind: ``429 before``, ``503 before``, ``503 after`` or ``reset after``: before or after its effect;
            ``half``: it takes effect for the first half of its resources, for verbs of ``PIECEWISE`` of its emulator
        """
        actor = self.actors[name]
        actor.disturbance, actor.disturbing = (at, kind), 0

    def order(self, name: str, order: Sequence[Selector]) -> None:
        """Have some operations of an actor take effect in an order, whoever of its threads sends them when.

        Where two fit one selector, the first that comes takes its place; what fits none is not held up. After the
        actor's first stop the order holds for what it has sent by then.
        """
        self.actors[name].order = list(order)

    def loosen(self, name: str) -> bool:
        """Wait no longer for operations that are to come before others and do not come.

        A client that asks for two things at once and takes the first answer may never send the second; and what waits
        for the answer of another cannot come before it.

        :returns: False where nothing was held up for them
        """
        actor = self.actors.get(name)
        if actor is None or not actor.early:
            return False
        held = [place for each in actor.early if (place := self._place(actor, each)) > 0]
        if held:
            del actor.order[: min(held)]
        self._follow(actor)
        return True

    async def submit(self, name: str, service: str, request: Request) -> Response:
        """Bring a request before its service when the actor's gate is open, and return the answer.

        :raises asyncio.CancelledError: the actor is dead; its connection is to be dropped
        """
        actor = self.actors.get(name)
        if actor is None or actor.dead:
            raise asyncio.CancelledError
        ticket = Ticket(service, request, asyncio.get_running_loop().create_future())
        for each in actor.under_way:
            each.beside.append(ticket)
        ticket.beside.extend(actor.under_way)
        actor.under_way.append(ticket)
        try:
            if actor.open:
                self._arrive(actor, ticket)
            else:
                actor.waiting.append(ticket)
            response = await ticket.answer
            if actor.where is not None and actor.open:
                await self._locate(actor, request)
        finally:
            actor.under_way.remove(ticket)
        return response

    def _arrive(self, actor: Actor, ticket: Ticket) -> None:
        """Let a request take effect, and those that waited for it; or have it wait for those that come first."""
        if self._is_early(actor, ticket):
            actor.early.append(ticket)
            return
        self._apply(actor, ticket)
        self._follow(actor)

    def _follow(self, actor: Actor) -> None:
        """Let those take effect that came early and whose turn it is now."""
        while actor.open:
            following = next((each for each in actor.early if not self._is_early(actor, each)), None)
            if following is None:
                return
            actor.early.remove(following)
            self._apply(actor, following)

    def _is_early(self, actor: Actor, ticket: Ticket) -> bool:
        """Say whether others of its actor are to come first; if not, its place in the order is taken."""
        place = self._place(actor, ticket)
        if place == 0:
            del actor.order[0]
        return place > 0

    def _place(self, actor: Actor, ticket: Ticket) -> int:
        """How many operations are to come before a request; negative where that does not matter."""
        if not actor.order:
            return -1
        try:
            operation = self.emulators[ticket.service].classify(ticket.request)
        except Exception:  # noqa: BLE001 - told when it is to take effect
            return -1
        return next((i for i, each in enumerate(actor.order) if each.fits(operation)), -1)

    def _is_sent(self, actor: Actor, wanted: Selector) -> bool:
        for each in (*actor.waiting, *actor.early):
            try:
                if wanted.fits(self.emulators[each.service].classify(each.request)):
                    return True
            except Exception:  # noqa: BLE001 - told when it is to take effect
                continue
        return False

    def _apply(self, actor: Actor, ticket: Ticket) -> None:
        if ticket.answer.done():  # its connection is gone: the caller died before its turn
            return
        emulator = self.emulators[ticket.service]
        name = actor.caller.actor
        try:
            operation = emulator.classify(ticket.request)
            kind = _disturbed(actor, operation)
            if kind.endswith("before"):
                self._record(actor, ticket, operation, _unavailable(kind), (), ())
                return
            before = effects.touched(emulator, operation)
            apply = emulator.apply_half if kind == "half" else emulator.apply  # type: ignore[attr-defined]
            response: Response = apply(ticket.request, actor.caller)
            after = effects.touched(emulator, operation)
        except NotEmulated as unknown:
            self.refusals.append(Refusal(name, unknown.service, unknown.what, unknown.unlock))
            ticket.answer.set_result(_refused(str(unknown)))
            return
        except Exception:  # noqa: BLE001 - an emulator's defect must never become the user's alarm
            self._broken(name, ticket, traceback.format_exc(limit=-4))
            ticket.answer.set_result(_refused("the emulator failed on this request"))
            return
        if kind and kind != "half":
            response = _unavailable(kind)
        elif response.status >= 500:
            self._broken(name, ticket, f"HTTP {response.status} {response.body[:300].decode('utf-8', 'replace')}")
        self._state ^= effects.mark(before) ^ effects.mark(after)
        changed = effects.changes(before, after)
        self._record(actor, ticket, operation, response, changed, [after.get(each) for each, _ in changed])

    def _broken(self, name: str, ticket: Ticket, detail: str) -> None:
        what = f"{ticket.request.method} {ticket.request.path}"
        self.refusals.append(Refusal(name, ticket.service, what, detail.strip(), defect=True))

    def _record(
        self,
        actor: Actor,
        ticket: Ticket,
        operation: Operation,
        response: Response,
        changed: tuple[tuple[str, str], ...],
        left: Sequence[Entry | None],
    ) -> None:
        stop = False
        if actor.until is not None and actor.until.fits(operation):
            actor.fitting += 1
            stop = actor.fitting == actor.until.occurrence
        ticket.index = index = actor.seen
        actor.seen += 1
        event = Event(
            actor.caller.actor,
            index,
            operation,
            response.status,
            changed,
            answered=not stop,
            state=self._state,
            digests=tuple(each.digest if each is not None else "" for each in left),
            headers=tuple(each.headers if each is not None else () for each in left),
            alive=self.alive(),
            beside=tuple(sorted(each.index for each in ticket.beside if each.index >= 0)),
        )
        self.history.append(event)
        if stop:
            actor.open = False
            actor.withheld = (ticket, response)
            self.notify(actor.caller.actor, index)
        else:
            ticket.answer.set_result(response)

    async def _locate(self, actor: Actor, request: Request) -> None:
        """Add the caller's line to the event of its last operation, while it still waits for the answer."""
        position = next(
            (i for i in range(len(self.history) - 1, -1, -1) if self.history[i].actor == actor.caller.actor), None
        )
        if position is None or actor.where is None:
            return
        event = self.history[position]
        told = await actor.where()
        site = told.site
        if site and position < len(self.history) and self.history[position] is event:
            self.history[position] = replace(event, site=site)
        await together(actor.where, told, actor.under_way)


def _disturbed(actor: Actor, operation: Operation) -> str:
    """The kind of disturbance that falls on this operation, empty where none does."""
    if actor.disturbance is None or not actor.disturbance[0].fits(operation):
        return ""
    actor.disturbing += 1
    if actor.disturbing != actor.disturbance[0].occurrence:
        return ""
    kind = actor.disturbance[1]
    actor.disturbance = None
    return kind


def _unavailable(kind: str) -> Response:
    """A throttled or broken answer; status 0 stands for a connection that is cut."""
    if kind.startswith("reset"):
        return Response(0)
    status = int(kind.split()[0])
    return Response(status, (("Content-Type", "text/plain"), ("Retry-After", "0")), b"dagguard: slow down")


def _refused(text: str) -> Response:
    return Response(501, (("Content-Type", "text/plain"),), f"dagguard: {text}".encode())
