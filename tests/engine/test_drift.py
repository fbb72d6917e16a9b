"""Zombies whose input has changed in the meantime."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.engine.drift import with_a_row_more
from pytest_dagguard.model.seed import Seed

SEED = Seed(s3={"inp": {"a.csv": b"id,n\n1,10\n2,20\n"}, "out": {"a.csv": b"id,n\n1,10\n"}})
HEAD = "import tiny, urllib.request, os"
OVERWRITES = """
    rows = tiny.get("inp/a.csv")
    tiny.put("out/a.csv", rows)
"""
ON_CONDITION = """
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/out/a.csv") as answer:
        etag = answer.headers["ETag"]
    tiny.call("PUT", "out/a.csv", tiny.get("inp/a.csv"), {"If-Match": etag})
"""
COUNTS_DISTINCT = """
    rows = set(tiny.get("inp/a.csv").split())
    tiny.put("out/count", str(len(rows)).encode())
"""


@pytest.mark.parametrize(
    ("name", "data", "more"),
    [
        ("s3://b/a.csv", b"id,n\n1,10\n2,20\n", b"id,n\n2,20\n1,10\n2,20\n"),
        ("s3://b/a.csv", b"id,n\r\n1,10\r\n2,20", b"id,n\r\n2,20\r\n1,10\r\n2,20\r\n"),
        ("s3://b/a.jsonl", b'{"n": 1}\n{"n": 2}\n\n', b'{"n": 2}\n{"n": 1}\n{"n": 2}\n'),
        ("s3://b/a.csv", b"id,n\n", None),
        ("s3://b/a.csv", b'id,n\n1,"two\nlines"\n', None),
        ("s3://b/a.json", b'{"n": 1}', None),
        ("s3://b/a.txt", b"1,2\n3,4\n", None),
        ("s3://b/a.bin", b"\xff\x00", None),
    ],
)
def test_a_table_gets_its_last_row_again_and_nothing_else_is_touched(
    name: str, data: bytes, more: bytes | None
) -> None:
    assert with_a_row_more(data, name) == more


def test_a_frozen_worker_that_overwrites_what_its_retry_made_of_newer_input(lab: Laboratory) -> None:
    path = lab.task(OVERWRITES, head=HEAD, retries=1)
    verdict = lab.check(path, "zombie", seed=SEED)
    assert (verdict.verdict, classes(verdict)) == ("warn", ["stale"])
    finding = verdict.findings[0]
    assert "s3://out/a.csv has only 2 rows where one clean run leaves 3" in finding.message
    assert "a row is added to s3://inp/a.csv" in finding.why
    again = lab.check(path, "zombie", seed=SEED, replay=finding.replay)
    assert classes(again) == ["stale"]


def test_a_write_on_condition_stands_against_a_frozen_worker(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(ON_CONDITION, head=HEAD, retries=1), "zombie", seed=SEED)
    assert (verdict.verdict, classes(verdict)) == ("pass", [])


def test_a_row_that_makes_no_difference_is_said(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(COUNTS_DISTINCT, head=HEAD, retries=1), "zombie", seed=SEED)
    assert verdict.verdict == "pass"
    assert any("drift shows nothing: a row more in s3://inp/a.csv" in each for each in verdict.notes)
