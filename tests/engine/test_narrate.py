"""Histories as people read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_dagguard.engine.narrate import MOST_LINES, culprit, place, relative, tell
from pytest_dagguard.model.attempt import AttemptResult
from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.history import Event, Frame
from pytest_dagguard.model.operation import Operation, Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Befall, Point, Run, Trial

ROOT = Path("/repo")
TASK = Task("load", "Op", line=7)
PUT, GET = "PutObject", "GetObject"
SITE = (Frame("/repo/dags/a.py", 12, "load"), Frame("/repo/dags/a.py", 3, "<module>"))


def event(
    actor: int, verb: str, resource: str, status: int = 200, changed: str = "", answered: bool = True, **more: object
) -> Event:
    writes = frozenset({resource}) if verb == PUT else frozenset[str]()
    operation = Operation("s3", verb, resource, writes=writes)
    changes = ((resource, changed),) if changed else ()
    return Event(f"attempt {actor}", 0, operation, status, changes, answered, **more)  # type: ignore[arg-type]


def told(*history: Event, **states: str) -> list[str]:
    """Lines, columns apart by two spaces or more made into ``|``."""
    results = {}
    for name, state in states.items():
        actor = name.replace("_", " ")
        state, _, error = state.partition(":")
        results[actor] = AttemptResult(actor, state, error)
    outcome = Outcome({}, {}, history, results)
    lines = tell(outcome, Trial((Run(1),), "fault"), lambda each: ("dags/a.py", 5))
    return [re.sub(r"(?<=\S) {2,}", "|", line) for line in lines]


def test_each_operation_is_a_line() -> None:
    assert told(
        event(1, GET, "s3://raw/a"),
        event(1, PUT, "s3://clean/a", changed="created"),
        event(1, PUT, "s3://clean/a"),
        event(2, GET, "s3://raw/gone", status=404),
        attempt_1="success",
        attempt_2="failed:KeyError: gone\nmore",
    ) == [
        "attempt 1|GetObject s3://raw/a|read|dags/a.py:5",
        "attempt 1|PutObject s3://clean/a|created|dags/a.py:5",
        "attempt 1|PutObject s3://clean/a|-|dags/a.py:5",
        "attempt 2|GetObject s3://raw/gone|HTTP 404|dags/a.py:5",
        "attempt 1 ends success",
        "attempt 2 ends failed: KeyError: gone",
    ]


def test_what_operators_note_of_their_pods_is_left_out_unless_it_is_what_was_found() -> None:
    note = event(1, "xcom.set", "xcom://d/r/t/pod_name", changed="created")
    own = event(1, "xcom.set", "xcom://d/r/t/return_value", changed="created")
    assert len(told(note, own)) == 1
    outcome = Outcome({}, {}, (note, own))
    assert len(tell(outcome, Trial((Run(1),), "fault"), lambda _: ("", 1), "xcom://d/r/t/pod_name")) == 2


def test_what_befalls_a_pod_stands_where_it_falls() -> None:
    put = Operation("s3", PUT, "s3://b/k", writes=frozenset({"s3://b/k"}))
    history = (Event("pod default/p#1", 0, put, 200, (("s3://b/k", "created"),), False),)
    lines = tell(Outcome({}, {}, history), Trial((Befall("evicted", 1), Run(1)), "fault"), lambda _: ("a.py", 1))
    assert lines[1] == "    ^^^ pod default/p#1 is evicted here"


@pytest.mark.parametrize(("state", "word"), [("killed", "killed"), ("success", "frozen")])
def test_the_fault_stands_where_it_falls(state: str, word: str) -> None:
    lines = told(
        event(1, PUT, "s3://b/k", changed="created", answered=False), event(2, GET, "s3://b/k"), attempt_1=state
    )
    assert lines[1] == f"    ^^^ attempt 1 is {word} here"
    assert ("attempt 1 ends" in lines[-1]) is (state != "killed")


def test_bookkeeping_is_left_out() -> None:
    quiet = [event(1, verb, "ti://d/r/t#1") for verb in ("ti.start", "ti.heartbeat", "rtif.set", "ti.state")]
    assert told(*quiet, attempt_1="success") == ["attempt 1 ends success"]


@pytest.mark.parametrize("verb", ["ti.start", "ti.state"])
def test_bookkeeping_is_told_where_the_fault_falls_on_it(verb: str) -> None:
    lines = told(event(1, verb, "ti://d/r/t#1", answered=False), attempt_1="killed")
    assert lines[0].startswith(f"attempt 1|{verb} ti://")


def test_an_end_that_is_refused_is_told() -> None:
    assert told(event(1, "ti.state", "ti://d/r/t#1", status=404))[0].split("|")[2] == "HTTP 404"


def test_columns_stand_below_each_other() -> None:
    outcome = Outcome({}, {}, (event(1, GET, "s3://b/k"), event(1, PUT, "s3://b/much-longer", changed="created")), {})
    lines = tell(outcome, Trial((), ""), lambda each: ("dags/a.py", 5))
    assert len({line.index("dags/a.py") for line in lines}) == 1


def test_the_middle_of_a_long_history_is_left_out() -> None:
    lines = told(*(event(1, GET, f"s3://b/{number}") for number in range(500)), attempt_1="success")
    assert len(lines) == MOST_LINES + 1
    assert "s3://b/0" in lines[0]
    assert lines[-1] == "attempt 1 ends success"
    (cut,) = [line for line in lines if "..." in line]
    assert cut.split() == ["...", str(501 - MOST_LINES), "operations", "..."]


def test_nothing_happened() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("file", "expected"), [("/repo/dags/a.py", "dags/a.py"), ("/lib/b.py", "/lib/b.py"), ("", ""), ("<x>", "<x>")]
)
def test_paths_are_as_one_would_type_them(file: str, expected: str) -> None:
    assert relative(file, ROOT) == expected


def point(resource: str, site: tuple[Frame, ...], pattern: str = "") -> Point:
    return Point(event(1, PUT, resource, site=site), Selector("s3", PUT, pattern or re.escape(resource), 1), "")


def placed(*points: Point, resource: str = "s3://b/k", site: tuple[Frame, ...] = ()) -> tuple[str, int]:
    return place(event(2, PUT, resource, site=site), points, ROOT, "/repo/dags/a.py", TASK)


def test_the_line_is_the_innermost_of_the_operation_itself() -> None:
    assert placed(site=SITE) == ("dags/a.py", 12)


def test_or_that_of_the_same_operation_in_the_clean_run() -> None:
    other = (Frame("/repo/dags/a.py", 99, "x"),)
    assert placed(point("s3://b/other", other), point("s3://b/k", SITE)) == ("dags/a.py", 12)


def test_or_that_of_its_template() -> None:
    assert placed(point("s3://b/part-1", SITE, "s3://b/part-.*"), resource="s3://b/part-2") == ("dags/a.py", 12)


def test_or_that_of_the_task() -> None:
    assert placed(point("s3://b/k", ())) == ("dags/a.py", 7)


def test_the_culprit_of_a_templated_resource_is_the_last_that_changed_one() -> None:
    template = lambda name: re.sub(r"-\d+", "-<n>", name)  # noqa: E731
    history = [
        event(1, PUT, "s3://c/part-1", changed="created"),
        event(2, PUT, "s3://c/part-2", changed="created"),
        event(2, "DeleteObject", "s3://c/other", changed="deleted"),
        event(2, PUT, "s3://c/part-2"),
    ]
    assert culprit(Finding("duplicate", "", "s3://c/part-<n>"), history, template) is history[1]
    assert culprit(Finding("duplicate", "", "s3://c/*"), history, template) is history[2]
    assert culprit(Finding("lost", "", "s3://c/*"), history, template) is history[2]
    assert culprit(Finding("lost", "", "s3://d"), history, template) is None
    assert culprit(Finding("cannot-finish", ""), history, template) is None
