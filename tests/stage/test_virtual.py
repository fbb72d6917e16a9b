"""Virtual time in attempts: pauses take no time, clocks follow, time-outs mean what they say."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from laboratory import Laboratory, said

SAY = "import json, time, asyncio, datetime\ndef say(*what): print('SAID', json.dumps(what))\n"


def test_a_pause_moves_every_clock(lab: Laboratory) -> None:
    body = """
        wall, day, mono = time.time(), datetime.datetime.now(), time.monotonic()
        time.sleep(86400.0)
        say(time.time() - wall, (datetime.datetime.now() - day).total_seconds(), time.monotonic() - mono)
    """
    outcome = lab.attempt(body, head=SAY)
    assert said(outcome)[0] == pytest.approx([86400.0] * 3, abs=30.0)
    assert dict(outcome.last.details)["slept"] == 86400.0
    assert outcome.last.seconds < 60.0


def test_coroutines_pause_side_by_side(lab: Laboratory) -> None:
    body = """
        async def nap(seconds):
            began = time.monotonic()
            await asyncio.sleep(seconds)
            order.append(round(time.monotonic() - began, -2))
        async def all_of_them():
            await asyncio.gather(nap(3000), nap(1000), nap(2000))
        order = []
        asyncio.run(all_of_them())
        say(*order)
    """
    assert said(lab.attempt(body, head=SAY)) == [[1000.0, 2000.0, 3000.0]]


def test_a_pause_that_is_cancelled_is_over(lab: Laboratory) -> None:
    body = """
        async def main():
            task = asyncio.ensure_future(asyncio.sleep(10 ** 6))
            await asyncio.sleep(0)
            task.cancel()
            began = time.monotonic()
            await asyncio.sleep(10)
            say(round(time.monotonic() - began))
        asyncio.run(main())
    """
    assert said(lab.attempt(body, head=SAY)) == [[10]]


def test_airflow_ends_a_task_that_sleeps_past_its_execution_timeout(lab: Laboratory) -> None:
    head = SAY + "from datetime import timedelta\n"
    outcome = lab.attempt(
        "time.sleep(7200)", head=head, decorator="@task(execution_timeout=timedelta(hours=1))", shifts=(5.0,)
    )
    assert (outcome.last.state, outcome.last.error.split(":")[0]) == ("failed", "AirflowTaskTimeout")


def test_a_task_in_its_execution_timeout_goes_on(lab: Laboratory) -> None:
    head = SAY + "from datetime import timedelta\n"
    outcome = lab.attempt("time.sleep(3500)", head=head, decorator="@task(execution_timeout=timedelta(hours=1))")
    assert outcome.last.state == "success", outcome.last.log


def test_a_wait_without_an_end_is_given_up(lab: Laboratory) -> None:
    outcome = lab.attempt("while True: time.sleep(30)", head=SAY)
    assert outcome.group == "wait for ever"
    assert "nothing had ended it after" in outcome.unreachable


def test_a_program_and_a_fork_of_its_own_sleep_as_always(lab: Laboratory) -> None:
    body = """
        import os, subprocess
        began = time.perf_counter()
        subprocess.run(["sleep", "0.2"])
        pid = os.fork()
        if pid == 0:
            time.sleep(0.2)
            os._exit(0)
        os.waitpid(pid, 0)
        say(time.perf_counter() - began > 0.35)
    """
    assert said(lab.attempt(body, head=SAY)) == [[True]]


def test_outside_of_attempts_nothing_is_different() -> None:
    code = """
        import asyncio, signal, time
        from pytest_dagguard.stage import virtual
        virtual.install(); virtual.install()
        began = time.perf_counter()
        time.sleep(0.05); asyncio.run(asyncio.sleep(0.05))
        assert 0.09 < time.perf_counter() - began < 30
        assert abs(time.monotonic() - virtual._monotonic()) < 1
        signal.setitimer(signal.ITIMER_REAL, 10); assert signal.setitimer(signal.ITIMER_REAL, 0)[0] > 1
    """
    subprocess.run([sys.executable, "-c", dedent(code)], check=True)
