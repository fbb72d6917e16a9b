"""The drill on real Celery workers."""

from __future__ import annotations

import importlib.util

import pytest

from laboratory import Laboratory, classes

PASSES = 'import tiny; tiny.put("out/a", b"1"); tiny.put("out/b", b"1")'
DOUBLES = 'import tiny, uuid; tiny.put(f"out/{uuid.uuid4()}", b"1")'


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
    verdict = lab.check(lab.task(PASSES, retries=1), "celery")
    assert (verdict.verdict, classes(verdict)) == ("pass", []), verdict.reason
    assert verdict.checked.schedules == 3


@pytest.mark.slow
def test_a_worker_that_is_gone_is_found_and_a_second_delivery_does_nothing(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(DOUBLES, retries=1), "celery")
    assert classes(verdict) == ["duplicate"], verdict.reason
    assert "is killed after" in verdict.findings[0].why
    history = "\n".join(verdict.findings[0].history)
    assert "attempt 2  ti.start" in history
    assert "HTTP 409" in history
