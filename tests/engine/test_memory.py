"""No schedule is run twice for two scenarios of a task, and what confirms a finding is run each time."""

from __future__ import annotations

from laboratory import Laboratory, classes
from pytest_dagguard.engine.memory import MOST_ENTRIES, Memory
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Kill, Run, Schedule
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.state import Entry

HEAD = "import tiny"
COUNTS = """
    tiny.put("out/n", (tiny.get("out/n") or b"") + b"+")
    tiny.put("out/done")
"""
SEED = Seed(s3={"out": {"n": b"+"}})
SCHEDULE: Schedule = (Run(1), Run(2))


def test_an_outcome_is_found_on_its_own_terms_alone() -> None:
    memory, outcome = Memory(), Outcome({}, {}, ())
    memory.keep("terms", SCHEDULE, outcome)
    assert memory.find("terms", SCHEDULE) is outcome
    assert memory.find("others", SCHEDULE) is None
    assert memory.find("terms", (*SCHEDULE, Kill(2))) is None


def test_what_is_no_evidence_and_what_is_too_much_is_not_kept() -> None:
    memory = Memory()
    memory.keep("", SCHEDULE, Outcome({}, {}, (), unreachable="stalled"))
    assert memory.find("", SCHEDULE) is None
    entry = Entry("object", "", 0)
    memory.keep("", SCHEDULE, Outcome({}, dict.fromkeys(map(str, range(MOST_ENTRIES + 1)), entry), ()))
    assert memory.find("", SCHEDULE) is None


def test_kills_come_out_alike_whether_or_not_overlaps_were_tried_before(lab: Laboratory) -> None:
    verdicts = []
    for before in ((), ("concurrent",)):
        path = lab.task(COUNTS, head=HEAD, retries=1)
        for each in before:
            lab.check(path, each, seed=SEED)
        verdicts.append(lab.check(path, "killed", seed=SEED))
    alone, after = verdicts
    assert classes(alone) == classes(after) == ["changed"]
    assert [each.message for each in alone.findings] == [each.message for each in after.findings]
    assert [each.confirmed for each in after.findings] == [3]
    assert alone.checked.kill_states == after.checked.kill_states
    assert after.checked.attempts < alone.checked.attempts
    assert lab.check(path, "killed", seed=SEED, replay=after.findings[0].replay).findings[0].cls == "changed"


def test_a_second_run_goes_on_from_what_the_clean_run_left(lab: Laboratory) -> None:
    path = lab.task(COUNTS, head=HEAD, retries=1)
    verdict = lab.check(path, "twice", seed=SEED)
    assert classes(verdict) == ["changed"]
    actors = {line.split("  ")[0] for line in verdict.findings[0].history if line.startswith("attempt")}
    assert {"attempt 1", "attempt 2"} <= actors
