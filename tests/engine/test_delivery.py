"""The drill on real Celery workers."""

from __future__ import annotations

import importlib.util

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Deliver, Run

REPEATS = 'import tiny; tiny.put("out/a", b"1"); tiny.put("out/b", b"1")'
DOUBLES = 'import tiny, uuid; tiny.put(f"out/{uuid.uuid4()}", b"1")'
REDIS = """
import os, redis, tiny
connect = lambda: redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_timeout=60)
"""
LEAVES = """
@task
def a():
    connect().set("batch", "7"{})
    connect().set("cache", "1", ex=60)
"""
TAKES = """
@task
def t():
    batch = connect().get("batch")
    if batch is None:
        raise RuntimeError("no batch")
    tiny.put("out/batch", batch.encode())
"""


@pytest.mark.airflow3
def test_without_the_provider_it_is_inconclusive_and_says_what_to_install(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if "celery" in name else found(name, *rest)
    )
    verdict = lab.check(lab.task("pass"), "celery")
    assert verdict.verdict == "inconclusive"
    assert "pip install apache-airflow-providers-celery" in (verdict.reason or "")


@pytest.mark.slow
def test_a_task_that_repeats_itself_survives_all_three(lab: Laboratory) -> None:
    path = lab.file(LEAVES.format(""), TAKES, head=REDIS, retries=1, order="a() >> t()")
    verdict = lab.check(path, "celery")
    assert (verdict.verdict, classes(verdict)) == ("pass", []), verdict.reason or verdict.findings
    assert verdict.checked.schedules == 3


@pytest.mark.slow
def test_what_expires_while_a_message_is_missed_is_lost_to_the_task(lab: Laboratory) -> None:
    path = lab.file(LEAVES.format(", ex=300"), TAKES, head=REDIS, retries=1, order="a() >> t()")
    verdict = lab.check(path, "celery")
    assert classes(verdict)[:1] == ["cannot-finish"], verdict.reason
    assert "message that starts the task is lost" in verdict.findings[0].why
    assert "GET redis://0/batch" in "\n".join(verdict.findings[0].history)


@pytest.mark.slow
def test_a_worker_that_is_gone_is_found_and_a_second_delivery_does_nothing(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(DOUBLES, retries=1), "celery")
    assert classes(verdict) == ["duplicate"], verdict.reason
    assert "is killed after" in verdict.findings[0].why
    history = "\n".join(verdict.findings[0].history)
    assert "attempt 2  ti.start" in history
    assert "HTTP 409" in history


OLDER = """
    import celery.app.trace
    import celery.exceptions
    import celery.worker.request

    celery.exceptions.Ignore = type("Failure", (Exception,), {})  # by which the provider calls a second start harmless
"""


@pytest.mark.slow
def test_an_older_provider_has_airflow_fail_a_task_whose_message_comes_twice(lab: Laboratory) -> None:
    shim = lab.write(OLDER, "sitecustomize.py")  # providers before 3.17 report the second start as a failure
    try:
        outcomes = [
            lab.run(path, (Deliver("twice"), Run(1, Selector("s3", "PutObject", ".*", 1))), retries=1)
            for path in (lab.task(DOUBLES, retries=1), lab.task(REPEATS, retries=1))
        ]
    finally:
        shim.unlink()
    for outcome in outcomes:
        assert not outcome.unreachable
        assert {name: each.state for name, each in outcome.results.items()} == {
            "attempt 1": "refused",
            "attempt 2": "success",
        }
    objects = [[name for name in each.after if name.startswith("s3://out/")] for each in outcomes]
    assert list(map(len, objects)) == [2, 2]
    assert objects[1] == ["s3://out/a", "s3://out/b"]


def test_under_airflow_2_there_is_no_drill(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_dagguard.engine.facts.is_airflow_2", lambda: True)
    outcome = lab.run(lab.task("return 1"), (Deliver("lost"), Run(1)))
    assert outcome.unreachable.startswith("the drill on Celery is for Airflow 3")
