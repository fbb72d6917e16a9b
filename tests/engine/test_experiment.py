"""Experiments: attempts started, stopped, killed and let go on, in the order that a schedule says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from laboratory import RUN_ID, Laboratory
from older import AIRFLOW
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Kill, Order, Run

TWO_PUTS = """
    import tiny
    tiny.put(f"out/a", str(ti.try_number).encode())
    tiny.put(f"out/b", str(ti.try_number).encode())
"""
A = Selector("s3", "PutObject", "s3://out/a", 1)
B = Selector("s3", "PutObject", "s3://out/b", 1)
START = Selector("airflow", "ti.start", rf"ti://d/{RUN_ID}/t#\d+", 1)


def puts(outcome: Outcome) -> list[str]:
    """What was put, in the order in which it took effect: ``1a`` for attempt 1's first."""
    return [
        f"{each.actor[-1]}{each.operation.resource[-1]}" for each in outcome.history if each.operation.service == "s3"
    ]


def states(outcome: Outcome) -> dict[str, str]:
    return {name[-1]: each.state for name, each in outcome.results.items()}


def content(lab: Laboratory, outcome: Outcome, name: str) -> bytes:
    return lab.lab.content(outcome.after[name].digest)


def two_puts(lab: Laboratory, *schedule: Run | Kill | Order, retries: int = 1) -> Outcome:
    body = TWO_PUTS
    return lab.attempt(body, parameters="ti=None", schedule=schedule, retries=retries)


def test_one_run(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1))
    assert puts(outcome) == ["1a", "1b"]
    assert states(outcome) == {"1": "success"}
    assert outcome.unreachable == ""
    assert not any(name.startswith("s3://out/") for name in outcome.before)
    assert content(lab, outcome, "s3://out/b") == b"1"


def test_an_order_that_cannot_be_had_holds_nothing_up(lab: Laboratory) -> None:
    never = Selector("s3", "GetObject", "s3://out/never", 1)
    outcome = two_puts(lab, Order(1, (never, B, A)), Run(1))
    assert puts(outcome) == ["1a", "1b"]
    assert outcome.unreachable == ""


def test_one_after_the_other(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1), Run(2))
    assert puts(outcome) == ["1a", "1b", "2a", "2b"]
    assert states(outcome) == {"1": "success", "2": "success"}
    assert content(lab, outcome, "s3://out/a") == b"2"


def test_killed_after_an_operation(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Kill(1), Run(2))
    assert puts(outcome) == ["1a", "2a", "2b"]
    assert states(outcome) == {"1": "killed", "2": "success"}
    assert [each.answered for each in outcome.history if each.operation.service == "s3"] == [False, True, True]


def test_held_and_never_let_go_on(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Run(2))
    assert puts(outcome) == ["1a", "2a", "2b"]
    assert states(outcome) == {"1": "killed", "2": "success"}


def test_a_zombie(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Run(2), Run(1))
    assert puts(outcome) == ["1a", "2a", "2b", "1b"]
    assert states(outcome)["2"] == "success"
    assert content(lab, outcome, "s3://out/a") == b"2"
    assert content(lab, outcome, "s3://out/b") == b"1"


def test_the_retry_freezes_instead(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, START), Run(2, A), Run(1), Run(2))
    # from 3.0 to 3.2 a worker that was superseded fails where it reports its rendered fields
    assert puts(outcome) == (["2a", "1a", "1b", "2b"] if AIRFLOW >= (3, 3) or AIRFLOW < (3, 0) else ["2a", "2b"])
    assert states(outcome)["2"] == "success"


def test_two_kills(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Kill(1), Run(2, B), Kill(2), Run(3), retries=2)
    assert puts(outcome) == ["1a", "2a", "2b", "3a", "3b"]
    assert states(outcome) == {"1": "killed", "2": "killed", "3": "success"}


def test_results_come_in_the_order_of_the_starts(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Run(2), Run(1))
    assert list(outcome.results) == ["attempt 1", "attempt 2"]
    assert outcome.last.actor == "attempt 2"


def test_the_end_of_a_superseded_attempt_is_refused(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, A), Run(2), Run(1))
    ends = [(each.actor, each.status) for each in outcome.history if each.operation.verb == "ti.state"]
    assert ("attempt 2", 204) in ends
    assert {status for actor, status in ends if actor == "attempt 1"} <= {404, 409, 410}
    assert [actor for actor, _ in ends].count("attempt 1") >= 1


def test_a_failed_try_is_followed_by_the_next(lab: Laboratory) -> None:
    body = """
        import tiny
        tiny.put(f"out/{ti.try_number}")
        if ti.try_number < 3:
            raise ValueError
    """
    outcome = lab.attempt(body, parameters="ti=None", retries=3, schedule=(Run(1, retries=3),))
    assert puts(outcome) == ["11", "22", "33"]
    assert states(outcome) == {"1": "up_for_retry", "2": "up_for_retry", "3": "success"}


def test_no_more_tries_than_the_schedule_says(lab: Laboratory) -> None:
    outcome = lab.attempt("raise ValueError", retries=9, schedule=(Run(1, retries=1),))
    assert states(outcome) == {"1": "up_for_retry", "2": "up_for_retry"}


@pytest.mark.parametrize("error", ["AirflowFailException", "AirflowException"])
def test_what_airflow_gives_up_is_not_tried_again(lab: Laboratory, error: str) -> None:
    head = "from airflow.exceptions import AirflowFailException, AirflowException"
    retries = 2 if error == "AirflowFailException" else 1
    outcome = lab.attempt(f"raise {error}()", head=head, retries=retries, schedule=(Run(1, retries=5),))
    assert states(outcome) == ({"1": "failed"} if retries == 2 else {"1": "up_for_retry", "2": "failed"})


def test_where_there_are_no_retries_somebody_may_clear_it_each_time(lab: Laboratory) -> None:
    outcome = lab.attempt("raise ValueError", schedule=(Run(1, retries=1),), cleared=True)
    assert states(outcome) == {"1": "failed", "2": "failed"}


def test_an_attempt_that_ends_before_it_comes_to_the_place_diverged(lab: Laboratory) -> None:
    outcome = two_puts(lab, Run(1, Selector("s3", "PutObject", "s3://out/c", 1)), Run(2))
    assert outcome.group == "diverged"
    assert "attempt 1 ended before it came to `PutObject` again" in outcome.unreachable
    assert "2" not in states(outcome)


def test_an_attempt_that_works_for_ever_is_given_up(lab: Laboratory) -> None:
    inner = lab.lab
    kept = inner.options
    inner.options = replace(kept, attempt_timeout=0.5)
    try:
        outcome = lab.attempt("while True: pass")
    finally:
        inner.options = kept
    assert outcome.unreachable.startswith("attempt 1 ")
    assert outcome.group
    assert states(outcome) == {"1": "killed"}


SLOW_RETRY = """
    import time, urllib.request
    url = os.environ["AWS_ENDPOINT_URL"] + "/out/" + str(ti.try_number)
    request = urllib.request.Request(url, b"", method="PUT")
    urllib.request.urlopen(request, timeout=1.0 if ti.try_number == 1 else 60)
    if ti.try_number == 2:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            pass
"""


def test_a_frozen_attempt_does_not_lose_patience_with_its_server(lab: Laboratory) -> None:
    """Its clients' time-outs must not run out because we hold an answer back for as long as the retry takes."""
    at = Selector("s3", "PutObject", "s3://out/1", 1)
    outcome = lab.attempt(
        SLOW_RETRY, head="import os", parameters="ti=None", retries=1, schedule=(Run(1, at), Run(2), Run(1))
    )
    assert puts(outcome) == ["11", "22"]
    if (3, 0) <= AIRFLOW < (3, 2):  # whose workers fail where their report is refused, for they were superseded
        assert outcome.results["attempt 1"].error.startswith("AirflowRuntimeError: API_SERVER_ERROR")
        return
    assert outcome.results["attempt 1"].error == ""
    assert states(outcome) == {"1": "success", "2": "success"}


def test_clocks_are_ahead_as_the_schedule_says(lab: Laboratory) -> None:
    body = """
        import time, tiny
        tiny.put(f"out/{ti.try_number}", str(time.time()).encode())
    """
    schedule = (Run(1), Run(2), Run(3))
    outcome = lab.attempt(body, parameters="ti=None", schedule=schedule, retries=5, shifts=(0.0, 1000.0))
    first, second, third = (float(content(lab, outcome, f"s3://out/{number}")) for number in (1, 2, 3))
    assert 900 < second - first < 1100
    assert abs(third - second) < 100


def test_an_experiment_leaves_no_trace_in_the_next(lab: Laboratory) -> None:
    path = lab.task("import tiny\nreturn tiny.keys('out') if tiny.get('out/a') else tiny.put('out/a')")
    first, second = lab.run(path), lab.run(path)
    assert first.after == second.after
    assert len(first.history) == len(second.history)


def test_nothing_is_stale_after_a_stop_that_was_missed(lab: Laboratory) -> None:
    """The event of a stop that nobody waited for any more must not be taken for one of the next experiment."""
    two_puts(lab, Run(1, A))
    outcome = two_puts(lab, Run(1, B), Kill(1), Run(2))
    assert puts(outcome) == ["1a", "1b", "2a", "2b"]


@pytest.mark.parametrize(
    ("body", "group"),
    [
        ("import boto3; boto3.client('kinesis', region_name='us-east-1').list_streams()", "need kinesis"),
        ("import urllib.request; urllib.request.urlopen('http://api.example.com/x')", "need api.example.com"),
        ("import os; os._exit(3)", "crashed"),
    ],
    ids=["aws", "network", "exit"],
)
def test_what_is_no_evidence_is_counted_by_its_reason(lab: Laboratory, body: str, group: str) -> None:
    outcome = lab.attempt(body)
    assert outcome.group.lower() == group
    assert group == "crashed" or group.split()[1] in outcome.unreachable.lower()


@pytest.mark.slow
def test_an_attempt_that_waits_for_itself_is_told_apart_from_one_that_waits(lab: Laboratory) -> None:
    body = """
        first, second = threading.Lock(), threading.Lock()
        first.acquire()
        second.acquire()
        threading.Thread(target=first.acquire).start()
        second.acquire()
    """
    found = lab.attempt(body, head="import threading", where=True)
    assert "it is in a deadlock" in found.unreachable
    assert found.group == "locked"
