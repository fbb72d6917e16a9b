"""What botocore makes for each client out of its own files alone: made before the forks, used once in each process.

TLS contexts are costly to make, and a client makes three, most of which nobody uses. A session registers a hundred and
fifty handlers. The rules by which a client finds its endpoint are a tree of hundreds of objects, and its class has a
hundred methods, made of files that ship with the library.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_CONTEXTS = 6
"""A session that finds its credentials in the environment, and a client or two."""

_SESSIONS = 2
_KEY_LOG = "SSLKEYLOGFILE"
"""The one thing outside of its arguments that a context is made of."""


def remember_contexts(httpsession: Any) -> Callable[[], None]:
    """Have clients take TLS contexts from a stock, as long as it lasts.

    :param httpsession: botocore's module of that name
    :returns: fills the stock; to be called before forks. No two clients ever get the same: a fork's stock is its own
    """
    make = httpsession.create_urllib3_context
    stock: list[Any] = []

    def create_urllib3_context(*arguments: Any, **named: Any) -> Any:
        usual = not arguments and not named and not os.environ.get(_KEY_LOG)
        return stock.pop() if usual and stock else make(*arguments, **named)

    def fill() -> None:
        while len(stock) < _CONTEXTS and not os.environ.get(_KEY_LOG):
            stock.append(make())

    httpsession.create_urllib3_context = create_urllib3_context
    return fill


def remember_rules(endpoint_provider: Any, kept: Callable[[Any], bool]) -> None:
    """Share the rules for endpoints between clients; what they find out is found out by each.

    :param endpoint_provider: botocore's module of that name
    :param kept: says of a description whether it is the content of a file that ships with the library
    """
    make = endpoint_provider.RuleSet
    made: dict[tuple[Any, ...], Any] = {}

    def rule_set(*arguments: Any, **named: Any) -> Any:
        parts = (named.get("parameters"), named.get("rules"), named.get("partitions"))
        if arguments or not all(map(kept, parts)):
            return make(*arguments, **named)
        key = tuple(map(id, parts))
        if key not in made:
            made[key] = make(**named)
        return made[key]

    endpoint_provider.RuleSet = rule_set


def remember_methods(client: Any, kept: Callable[[Any], bool]) -> None:
    """Share between clients the methods of their service; each client has a class of its own, as ever.

    :param client: botocore's module of that name
    :param kept: as in :func:`remember_rules`
    """
    creator = client.ClientCreator
    for name in ("_create_methods", "_create_name_mapping"):
        setattr(creator, name, _once(getattr(creator, name), kept))


def _once(make: Callable[[Any, Any], dict[str, Any]], kept: Callable[[Any], bool]) -> Callable[[Any, Any], Any]:
    made: dict[int, dict[str, Any]] = {}

    def once(self: Any, service_model: Any) -> dict[str, Any]:
        description = getattr(service_model, "_service_description", None)
        if not kept(description):
            return make(self, service_model)
        if id(description) not in made:
            made[id(description)] = make(self, service_model)
        return dict(made[id(description)])

    return once


def remember_sessions(session: Any, handlers: Any) -> Callable[[], None]:
    """Have sessions come from a stock, as long as it lasts. They read the environment when they are asked something.

    :param session: botocore's module of that name
    :param handlers: botocore's module of that name; one who adds to its list gets a session that is made then
    :returns: fills the stock, see :func:`remember_contexts`
    """
    import botocore

    make = session.get_session
    stock: list[Any] = []

    def made_of() -> tuple[Any, ...]:
        kind = session.Session
        return kind, kind.__init__, len(handlers.BUILTIN_HANDLERS), len(botocore._INITIALIZERS)

    begun = made_of()

    def get_session(*arguments: Any, **named: Any) -> Any:
        usual = not arguments and not named and made_of() == begun
        return stock.pop() if usual and stock else make(*arguments, **named)

    def fill() -> None:
        while len(stock) < _SESSIONS and made_of() == begun:
            stock.append(make())

    session.get_session = get_session
    return fill
