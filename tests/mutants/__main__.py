"""``python -m tests.mutants``: run scenarios on all seeded bugs, twins and innocent tasks, and print the figures."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_dagguard.model import registry

from . import catalogue, reduction, replays, table, trial_run
from .catalogue import BROKEN, DEFAULT, MENDED, Case
from .trial_run import Tried

BUDGET = 10.0
"""Seconds for each search, as a user's run has them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where an expectation is not met or a sound task is flagged."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="files whose name contains one of these, by commas")
    parser.add_argument("--scenarios", default=",".join(DEFAULT), help="comma-separated, or all (default: %(default)s)")
    parser.add_argument("--tasks", default="", help="of the mutants' files try these tasks only: broken, mended")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds for each search (default: %(default)g)")
    parser.add_argument("--json", metavar="PATH", help="write the figures there, too")
    parser.add_argument("--reduction", action="store_true", help="kill the twins after each operation, and compare")
    parser.add_argument(
        "--replays", type=int, default=0, metavar="N", help="repeat so many tokens of findings, under load"
    )
    parser.add_argument(
        "--loops", type=int, default=2, help="busy loops while tokens are repeated (default: %(default)d)"
    )
    chosen = parser.parse_args(arguments)
    known = registry.names("pytest_dagguard.scenarios")
    scenarios = known if chosen.scenarios == "all" else chosen.scenarios.split(",")
    if unknown := [each for each in scenarios if each not in known]:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(known)}")
    cases = [*catalogue.mutants(chosen.only), *catalogue.innocents(chosen.only)]
    if not cases:
        parser.error(f"no file's name contains {chosen.only!r}")
    session = trial_run.session(chosen.budget)
    try:
        if chosen.reduction:
            return _reduce(session, [each for each in cases if not each.innocent], chosen.json)
        if chosen.replays:
            return _replay(
                session, [each for each in cases if not each.innocent], scenarios, chosen.replays, chosen.loops
            )
        return _measure(session, cases, scenarios, [each for each in chosen.tasks.split(",") if each], chosen.json)
    finally:
        session.close()


def _measure(session: trial_run.Session, cases: list[Case], scenarios: Sequence[str], tasks: list[str], to: str) -> int:
    tried: list[Tried] = []
    for case in cases:
        wanted = [] if case.innocent else tasks or [BROKEN, MENDED]
        rows = list(trial_run.run(session, case, scenarios, wanted))
        tried += rows
        print("\n".join(table.rows(rows, scenarios)), flush=True)
    # the processors' time of the helper processes is known when they have ended
    session.close()
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in usage)
    print("\n".join(["", *table.summary(tried, scenarios, cpu)]))
    if to:
        Path(to).write_text(json.dumps(table.plain(tried, scenarios, cpu), indent=2) + "\n")
    return 1 if table.complaints(tried) else 0


def _reduce(session: trial_run.Session, cases: list[Case], to: str) -> int:
    found = []
    for case in cases:
        found.append(reduction.reduce(session, case))
        print(found[-1], flush=True)
    print("\n".join(["", *reduction.summary(found)]))
    if to:
        Path(to).write_text(json.dumps(reduction.plain(found), indent=2) + "\n")
    return 1 if any(each.differences or each.reason for each in found) else 0


def _replay(session: trial_run.Session, cases: list[Case], scenarios: Sequence[str], number: int, loops: int) -> int:
    found = replays.told(session, cases, scenarios)
    came = replays.rounds(session, found, number, loops) if found else []
    print("\n".join(replays.summary(found, came)))
    return 1 if any(result not in (replays.REPEATED, replays.DIVERGED) for _, result in came) or not came else 0


if __name__ == "__main__":
    sys.exit(main())
