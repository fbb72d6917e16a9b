"""Sensors that wait for a day of virtual time, one after the other."""

from __future__ import annotations

import time

from bench.attempts import attempt
from bench.figures import say
from bench.places import REPOSITORY
from bench.pods import used
from pytest_dagguard.engine.lab import Lab, Options
from pytest_dagguard.model.seed import Seed

DAG = "day_sensor"


def measure(count: int) -> None:
    """Print what so many sensors of 24 virtual hours each take together, from the first start to the last end."""
    lab = Lab(Options(REPOSITORY, (REPOSITORY / "dags",), Seed()))
    try:
        lab.start()
        lab.load(REPOSITORY / "dags" / f"{DAG}.py")
        attempt(lab, DAG)  # the first fills caches
        began, before, here = time.perf_counter(), sum(used(lab)), time.process_time()
        for _ in range(count):
            attempt(lab, DAG)
        took = time.perf_counter() - began
        processor = sum(used(lab)) - before + time.process_time() - here
    finally:
        lab.close()
    say()
    say(f"{count} sensors of 24 virtual hours each: {took:.1f} s in all, {processor:.1f} s of processor time")
