"""Entry: ``python -m bench [--quick] [PART ...]``, with the parts in :data:`PARTS`."""

from __future__ import annotations

import argparse
import os
import platform
import time
from importlib import metadata

from bench import attempts, memory, phases, pods, processor, rules, scale, sensors, startup, workers
from bench.figures import say

PARTS = ("attempts", "processor", "pods", "phases", "startup", "memory", "scale", "rules", "workers", "sensors")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How long it all takes.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all of it by default")
    parser.add_argument("--quick", action="store_true", help="few rounds and a small repository: a look, no figures")
    parser.add_argument("--dags", default="", metavar="N,N", help="sizes of the repository for scale")
    parser.add_argument("--scenarios", default="", metavar="LIST", help="scenarios for scale; the default ones else")
    options = parser.parse_args()
    quick, wanted = options.quick, options.parts or PARTS
    began = time.perf_counter()
    versions = f"Python {platform.python_version()}, Airflow {metadata.version('apache-airflow')}"
    say(f"{versions}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if "attempts" in wanted:
        attempts.measure(rounds=5 if quick else 25, cold=1 if quick else 3)
    if "processor" in wanted:
        processor.measure(rounds=5 if quick else 20)
    if "pods" in wanted:
        pods.measure(rounds=5 if quick else 25)
    if "phases" in wanted:
        phases.measure(rounds=5 if quick else 25)
    if "startup" in wanted:
        startup.measure(rounds=5 if quick else 25)
    if "memory" in wanted:
        memory.measure(files=20 if quick else 200)
    if "scale" in wanted:
        sizes = [int(each) for each in options.dags.split(",") if each]
        scale.measure(sizes or ([5, 10] if quick else [50, 100]), options.scenarios)
    if "rules" in wanted:
        rules.measure(files=100 if quick else 1000)
    if "workers" in wanted:
        workers.measure(files=100 if quick else 1000)
    if "sensors" in wanted:
        sensors.measure(count=10 if quick else 100)
    say()
    say(f"{time.perf_counter() - began:.0f} s in all, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
