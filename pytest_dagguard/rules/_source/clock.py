"""Calls whose value differs from one try to the next: the clock, and chance."""

from __future__ import annotations

import ast

from pytest_dagguard.rules._source.index import Index

CLOCKS = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
        "time.time_ns",
        "pendulum.now",
        "pendulum.today",
        "pendulum.yesterday",
        "pendulum.tomorrow",
        "pendulum.DateTime.now",
        "pendulum.DateTime.utcnow",
        "airflow.utils.timezone.utcnow",
        "airflow.sdk.timezone.utcnow",
        "airflow.utils.dates.days_ago",
        "pandas.Timestamp.now",
        "pandas.Timestamp.today",
        "pandas.Timestamp.utcnow",
        "arrow.now",
        "arrow.utcnow",
    }
)
"""Dotted names of calls that read the clock."""

CHANCE = frozenset(
    {
        "uuid.uuid1",
        "uuid.uuid4",
        "uuid.uuid7",
        "uuid4",
        "uuid1",
        "os.urandom",
        "shortuuid.uuid",
        "shortuuid.random",
        "nanoid.generate",
        "ulid.new",
        "ulid.ULID",
    }
)
"""Dotted names of calls that toss a coin, besides all of ``random`` and ``secrets``."""

_UNCHANCED = ("random.seed", "random.Random")


def reads_clock(index: Index, call: ast.Call) -> bool:
    """True for a call that reads the clock."""
    name = index.dotted(call.func)
    if name == "time.strftime":
        return len(call.args) == 1
    return name in CLOCKS


def tosses(index: Index, call: ast.Call) -> bool:
    """True for a call that gives another value each time."""
    name = index.dotted(call.func)
    if name in CHANCE:
        return True
    return name.startswith(("random.", "secrets.", "numpy.random.")) and name not in _UNCHANCED


def differs(index: Index, call: ast.Call) -> bool:
    """True for a call whose value a retry does not get again."""
    return tosses(index, call) or reads_clock(index, call)
