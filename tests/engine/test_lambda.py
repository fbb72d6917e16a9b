"""Lambda functions: what stands for them is run, waited for or not, and run again by a retry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory, classes, said

STANDINS = """
    import time
    import tiny


    def counts(job):
        time.sleep(30)
        tiny.put(f"out/{job.id}", job.arguments["day"].encode())
        job.xcom({"rows": 7})


    def once(job):
        tiny.put(f"out/{job.arguments['day']}", b"1")


    def breaks(job):
        tiny.put(f"out/{job.id}", b"1")
        raise KeyError("day")
"""
FUNCTIONS = {"counts", "once", "breaks"}
HEAD = """
    import json, time, boto3
    client = lambda: boto3.client("lambda", region_name="us-east-1")
    def say(*what): print("SAID", json.dumps(what))
"""
INVOKE = """
    began = time.monotonic()
    found = client().invoke(FunctionName={name!r}, Payload=b'{{"day": "2024-01-01"}}'{more})
    time.sleep(1)  # an attempt hears what time it is when it sleeps
    say(found["StatusCode"], found.get("FunctionError"), found["Payload"].read().decode(), time.monotonic() - began)
"""


@pytest.fixture(scope="module", autouse=True)
def functions(lab: Laboratory) -> Iterator[None]:
    lab.write(STANDINS, "functions.py")
    rows = {f"lambda:{each}": f"functions:{each}" for each in FUNCTIONS}
    lab.lab.cloud.call("behaviours", {"jobs": {**rows, "lambda:stuck": "never-ends", "lambda:bad": "fail"}})
    yield
    lab.lab.cloud.call("behaviours", {})


@pytest.mark.parametrize(
    ("name", "error", "payload", "least", "most"),
    [
        ("counts", None, '{"rows": 7}', 30, 60),
        ("arn:aws:lambda:us-east-1:123456789012:function:counts:live", None, '{"rows": 7}', 30, 60),
        ("any", None, "null", 600, 660),
        ("breaks", "Unhandled", "KeyError", 0, 30),
        ("bad", "Unhandled", "Runtime.ExitError", 600, 660),
        ("stuck", "Unhandled", "Runtime.ExitError", 900, 960),
    ],
)
def test_a_call_waits_for_the_function_and_gives_its_answer(
    lab: Laboratory, name: str, error: str | None, payload: str, least: int, most: int
) -> None:
    outcome = lab.attempt(INVOKE.format(name=name, more=""), head=HEAD)
    assert not outcome.unreachable
    assert outcome.last.state == "success", outcome.last.log
    status, found, answer, took = said(outcome)[0]
    assert (status, found) == (200, error)
    assert payload in answer
    assert least <= took <= most


def test_an_event_is_answered_at_once_and_tried_twice_more_where_it_fails(lab: Laboratory) -> None:
    more = ', InvocationType="Event"'
    outcome = lab.attempt(INVOKE.format(name="counts", more=more), head=HEAD)
    assert said(outcome)[0][0] == 202
    assert said(outcome)[0][3] < 10
    assert sum(each.startswith("s3://out/") for each in outcome.after) == 1
    outcome = lab.attempt(INVOKE.format(name="breaks", more=more), head=HEAD)
    assert sum(each.startswith("s3://out/") for each in outcome.after) == 3
    assert not [each for each in outcome.after if each.startswith("job://")]


def test_a_dry_run_runs_nothing(lab: Laboratory) -> None:
    outcome = lab.attempt(INVOKE.format(name="counts", more=', InvocationType="DryRun"'), head=HEAD)
    assert said(outcome)[0][0] == 204
    assert not [each for each in outcome.after if each.startswith(("job://", "s3://out/"))]


def test_a_retry_invokes_the_function_again(lab: Laboratory) -> None:
    body = INVOKE.format(name="counts", more="")
    verdict = lab.check(lab.task(body, head=HEAD, retries=1), "killed")
    assert sorted(classes(verdict)) == ["duplicate", "started-twice"], verdict.reason


def test_what_a_second_invocation_writes_under_the_same_name_is_still_a_second_invocation(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(INVOKE.format(name="once", more=""), head=HEAD, retries=1), "killed")
    assert classes(verdict) == ["started-twice"], verdict.reason


CREATE = """
    made = client().create_function(
        FunctionName="day", Role="arn:aws:iam::123456789012:role/r", Code={"S3Bucket": "code", "S3Key": "day.zip"}
    )
    client().get_waiter("function_active_v2").wait(FunctionName="day")
    say(made["FunctionArn"], client().get_function(FunctionName="day")["Configuration"]["Timeout"])
"""


def test_a_function_that_is_there_is_not_created_again(lab: Laboratory) -> None:
    outcome = lab.attempt(CREATE, head=HEAD)
    assert said(outcome) == [["arn:aws:lambda:us-east-1:123456789012:function:day", 3]], outcome.last.log
    verdict = lab.check(lab.task(CREATE, head=HEAD, retries=1), "killed")
    assert classes(verdict) == ["cannot-finish"], verdict.reason
    assert "ResourceConflictException" in verdict.findings[0].message
    assert "ResourceNotFoundException" in lab.attempt('client().get_function(FunctionName="x")', head=HEAD).last.error


def test_what_is_not_emulated_is_refused_by_name(lab: Laboratory) -> None:
    outcome = lab.attempt('client().delete_function(FunctionName="day")', head=HEAD)
    assert "lambda DeleteFunction" in outcome.unreachable
    assert outcome.group == "need Lambda"
