"""To hold an attempt's answer leaves its retry the same world as to kill it: the premise of the search for kills."""

from __future__ import annotations

import re
from typing import Any

import pytest

from laboratory import Laboratory
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Kill, Run, Schedule
from pytest_dagguard.model.seed import Seed

SEED = Seed(
    s3={"inp": {"a": b"1", "b": b"2"}, "out": {}, "log": {"all": b"old;"}},
    gcs={"models": {"m": b"model"}},
    variables={"mark": "0"},
)

TASKS: dict[str, tuple[str, Selector]] = {
    "move": (
        'tiny.put("out/a", tiny.get("inp/a") or b"none"); tiny.delete("inp/a")',
        Selector("s3", "PutObject", "s3://out/a", 1),
    ),
    "move the wrong way": (
        'body = tiny.get("inp/a") or b"none"; tiny.delete("inp/a"); tiny.put("out/a", body)',
        Selector("s3", "DeleteObject", "s3://inp/a", 1),
    ),
    "append": (
        'tiny.put("log/all", tiny.get("log/all") + b"new;"); tiny.put("out/done")',
        Selector("s3", "PutObject", "s3://log/all", 1),
    ),
    "clear and write": (
        'for key in tiny.keys("inp"):\n    tiny.delete("inp/" + key)\ntiny.put("inp/c", b"3"); tiny.put("inp/d", b"4")',
        Selector("s3", "PutObject", "s3://inp/c", 1),
    ),
    "upload in parts": (
        """
        import re
        started = tiny.call("POST", "out/big?uploads").decode()
        number = re.search("<UploadId>(.*?)</UploadId>", started)[1]
        tiny.call("PUT", f"out/big?partNumber=1&uploadId={number}", b"part")
        tiny.call("DELETE", f"out/big?uploadId={number}")
        tiny.put("out/big", b"whole")
        """,
        Selector("s3", "UploadPart", "s3-upload://out/big.*|s3://out/big.*", 1),
    ),
    "only if it is not there": (
        """
        import urllib.error
        try:
            tiny.call("PUT", "out/lock", str(ti.try_number).encode(), {"If-None-Match": "*"})
        except urllib.error.HTTPError as error:
            tiny.put("out/late", str(error.code).encode())
        tiny.put("out/work", b"done")
        """,
        Selector("s3", "PutObject", "s3://out/lock", 1),
    ),
    "a variable and an xcom": (
        """
        Variable.set("mark", str(int(Variable.get("mark")) + 1))
        ti.xcom_push(key="mark", value=Variable.get("mark"))
        tiny.put("out/" + Variable.get("mark"))
        """,
        Selector("airflow", "variable.set", "variable://mark", 1),
    ),
    "boto3": (
        """
        import boto3
        s3 = boto3.client("s3")
        s3.copy_object(Bucket="out", Key="a", CopySource="inp/a")
        s3.put_object(Bucket="out", Key="b", Body=b"x")
        """,
        Selector("s3", "CopyObject", "s3://out/a", 1),
    ),
}


def outcome_of(lab: Laboratory, name: str, schedule: Schedule) -> Outcome:
    body, _ = TASKS[name]
    return lab.attempt(body, head="import tiny", parameters="ti=None", schedule=schedule, seed=SEED, retries=1)


def plain(outcome: Outcome) -> dict[str, Any]:
    """A state without what is made up anew each time and is the service's own."""
    found = {}
    for name, entry in outcome.after.items():
        found[re.sub(r"(-upload://[^?#]*[?#]).*", r"\1<id>", name)] = (entry.kind, entry.digest, entry.size)
    return found


@pytest.mark.parametrize("name", TASKS)
def test_the_retry_of_a_held_attempt_does_what_that_of_a_killed_one_does(lab: Laboratory, name: str) -> None:
    _, at = TASKS[name]
    held = outcome_of(lab, name, (Run(1, at), Run(2)))
    killed = outcome_of(lab, name, (Run(1, at), Kill(1), Run(2)))
    assert held.unreachable == killed.unreachable == ""
    assert held.before == killed.before
    assert [each.operation.verb for each in held.history] == [each.operation.verb for each in killed.history]
    assert [each.status for each in held.history] == [each.status for each in killed.history]
    assert plain(held) == plain(killed)
    assert plain(held) != {name: (e.kind, e.digest, e.size) for name, e in held.before.items()}
    assert [each.state for each in held.results.values()] == [each.state for each in killed.results.values()]
    assert not [each for each in held.history if each.actor == "attempt 1"][-1].answered
