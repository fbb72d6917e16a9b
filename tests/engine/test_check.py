"""Verdicts: real tasks, as the command line would judge them, each for the reason for which it passes or fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from laboratory import Laboratory, classes
from older import AIRFLOW
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.verdict import Verdict

SEED = Seed(s3={"inp": {"a": b"id,n\n1,10\n", "b": b"id,n\n2,20\n"}, "out": {}, "log": {"all": b"id\n0\n"}})
HEAD = "import tiny"

OVERWRITES = 'tiny.put("out/result", tiny.get("inp/a"))\ntiny.put("out/flag", b"done")'
APPENDS = 'tiny.put("log/all", tiny.get("log/all") + b"1\\n")'
MOVES_WRONG = """
    body = tiny.get("inp/a")
    if body is None:
        raise ValueError("inp/a is not there")
    tiny.delete("inp/a")
    tiny.put("out/a", body)
"""
LOOKS_FIRST = """
    if "a" in tiny.keys("inp"):
        tiny.put("out/a", tiny.get("inp/a") or b"")
        tiny.delete("inp/a")
"""


@pytest.fixture
def judged(lab: Laboratory) -> Callable[..., Verdict]:
    """A verdict on a task with this body; the same body gives the same file, which is walked once."""

    def check(body: str, scenario: str, head: str = HEAD, retries: int = 1, **more: object) -> Verdict:
        key = (body, head, retries)
        if key not in FILES:
            FILES[key] = lab.task(body, head=head, retries=retries, parameters="ti=None")
        return lab.check(FILES[key], scenario, seed=more.pop("seed", SEED), **more)  # type: ignore[arg-type]

    return check


FILES: dict[tuple[str, str, int], object] = {}
Judge = Callable[..., Verdict]
CONCURRENT = pytest.param("concurrent", marks=pytest.mark.slow)


SAYS_ITS_TRY = """
    import json
    tiny.put("out/a.json", json.dumps({"rows": 2, "by": {"try": ti.try_number}}).encode())
"""
GROWS_WITH_ITS_TRY = """
    tiny.put("out/a.jsonl", b'{"n": 1}\\n' * ti.try_number)
"""


@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_a_value_that_is_the_try_number_is_an_input_and_no_fault(judged: Judge, scenario: str) -> None:
    verdict = judged(SAYS_ITS_TRY, scenario)
    assert (verdict.verdict, verdict.findings) == ("pass", ())
    assert "s3://out/a.json: compared without the values that follow the try number" in verdict.notes
    assert scenario == "twice" or verdict.checked.closed


def test_what_is_done_otherwise_at_another_try_is_a_fault(judged: Judge) -> None:
    verdict = judged(GROWS_WITH_ITS_TRY, "twice")
    assert classes(verdict) == ["duplicate"]


UUID_NAME = """
    import uuid
    body = tiny.get("inp/a")
    tiny.put(f"out/part-{uuid.uuid4()}", body)
    tiny.get("inp/b")
"""


def test_the_line_of_a_name_that_varies_is_the_upload(judged: Judge, lab: Laboratory) -> None:
    finding = judged(UUID_NAME, "twice").findings[0]
    assert (finding.cls, finding.resource) == ("duplicate", "s3://out/part-<uuid>")
    assert "urlopen(request)" in (lab.root / finding.file).read_text().splitlines()[finding.line - 1]


@pytest.mark.parametrize("scenario", ["twice", "killed", CONCURRENT])
def test_a_task_that_overwrites_passes(judged: Judge, scenario: str) -> None:
    verdict = judged(OVERWRITES, scenario)
    assert (verdict.verdict, verdict.reason, verdict.findings) == ("pass", None, ())
    assert (verdict.kind, verdict.check, verdict.dag_id, verdict.task_id) == ("scenario", scenario, "d", "t")
    assert verdict.file.startswith("dags/")
    assert verdict.checked.attempts >= 2
    assert verdict.checked.operations > 0
    assert not verdict.checked.bounded
    assert verdict.checked.schedules >= 1


def test_every_state_that_kills_can_reach_was_tried(judged: Judge) -> None:
    checked = judged(OVERWRITES, "killed").checked
    assert checked.kill_states == (2, 2)
    assert checked.closed


@pytest.mark.parametrize("scenario", ["twice", "killed", CONCURRENT])
def test_an_append_doubles_its_rows(judged: Judge, scenario: str) -> None:
    verdict = judged(APPENDS, scenario)
    assert verdict.verdict == "fail"
    assert "duplicate" in classes(verdict)
    finding = verdict.findings[classes(verdict).index("duplicate")]
    assert finding.resource == "s3://log/all"
    assert not verdict.checked.closed


def test_an_append_that_is_allowed_passes(judged: Judge) -> None:
    allow = {"s3://log/*": "append-only log"}
    assert judged(APPENDS, "twice", allow=allow).verdict == "pass"
    assert judged(APPENDS, "twice", allow={"s3://other/*": "something else"}).verdict == "fail"


def test_a_move_that_deletes_first_loses_data_when_it_is_killed(judged: Judge) -> None:
    verdict = judged(MOVES_WRONG, "killed")
    assert verdict.verdict == "fail"
    assert {"lost", "cannot-finish"} <= set(classes(verdict))
    lost = verdict.findings[classes(verdict).index("lost")]
    assert lost.confirmed == 3
    assert "    ^^^ attempt 1 is killed here" in lost.history


def test_a_look_before_the_act_helps_against_all_but_an_overlap(judged: Judge) -> None:
    assert judged(LOOKS_FIRST, "twice").verdict == "pass"
    assert judged(LOOKS_FIRST, "killed").verdict == "pass"
    verdict = judged(LOOKS_FIRST, "concurrent")
    assert verdict.verdict == "fail"
    assert {each.resource for each in verdict.findings} == {"s3://out/a"}
    assert all(each.confirmed == 3 for each in verdict.findings)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("import uuid\nKEY = f'part-{uuid.uuid4()}.csv'", "part-<uuid>.csv"),
        ("from datetime import datetime\nKEY = f'{datetime.now():%Y-%m-%d}.csv'", "<"),
    ],
    ids=["uuid", "clock"],
)
def test_a_key_that_is_made_up_while_the_file_loads_doubles_the_data(judged: Judge, head: str, name: str) -> None:
    verdict = judged('tiny.put(f"out/{KEY}", b"id\\n1\\n")', "twice", head=f"{HEAD}\n{head}")
    assert classes(verdict) == ["duplicate"]
    assert name in verdict.findings[0].resource


def test_a_reader_may_find_nothing_for_a_while(judged: Judge) -> None:
    body = 'tiny.delete("out/a")\ntiny.put("out/a", b"x")'
    verdict = judged(body, "twice")
    assert (verdict.verdict, classes(verdict)) == ("warn", ["reader-window"])
    assert verdict.passed
    assert verdict.findings[0].resource == "s3://out/a"
    assert judged(body, "twice", strict=True).verdict == "fail"


def test_a_task_that_refuses_what_is_there_cannot_finish(judged: Judge, lab: Laboratory) -> None:
    body = 'if tiny.get("out/a") is not None:\n    raise ValueError("out/a exists")\ntiny.put("out/a")'
    for scenario in ("twice", "killed"):
        verdict = judged(body, scenario)
        assert classes(verdict) == ["cannot-finish"]
        (finding,) = verdict.findings
        assert "out/a exists" in finding.message
        assert "raise ValueError" in (lab.root / finding.file).read_text().splitlines()[finding.line - 1]


def test_a_finding_has_all_that_is_needed_to_believe_and_to_mend_it(judged: Judge, lab: Laboratory) -> None:
    body = """
        import boto3
        s3 = boto3.client("s3")
        s3.put_object(Bucket="out", Key=f"part-{ti.try_number}", Body=b"x")
    """
    verdict = judged(body, "killed", head="")
    assert classes(verdict) == ["duplicate"]
    (finding,) = verdict.findings
    source = (lab.root / finding.file).read_text().splitlines()
    assert "put_object" in source[finding.line - 1]
    assert finding.why
    assert finding.fix
    assert finding.confirmed == 3
    assert [line.split()[:2] for line in finding.history if line.startswith("attempt 1")][0] == ["attempt", "1"]
    assert "    ^^^ attempt 1 is killed here" in finding.history
    assert finding.history[-1] == "attempt 2 ends success"
    assert set(verdict.logs) == {"attempt 1", "attempt 2"}
    assert verdict.checked.kill_states == (1, 1)
    assert verdict.checked.attempts >= 2 * 4


def test_a_search_that_the_budget_ends_says_what_it_did(judged: Judge) -> None:
    body = "\n".join(f'tiny.put("out/{number}")' for number in range(6))
    verdict = judged(body, "killed", budget=0.0)
    assert (verdict.verdict, verdict.group) == ("inconclusive", "exceeded the budget")
    assert verdict.checked.bounded
    assert (verdict.verdict, verdict.group) == ("inconclusive", "exceeded the budget")
    assert verdict.checked.kill_states == (1, 6)
    assert not verdict.checked.closed
    assert verdict.notes[-1].startswith("bounded: the budget of 0 s ended the search after 1 of 6 kill states")
    overlap = judged(body, "concurrent", budget=0.0)
    assert overlap.checked.bounded
    assert "schedules" in overlap.notes[-1]


def test_a_search_that_is_not_cut_does_not_say_so(judged: Judge) -> None:
    verdict = judged(OVERWRITES, "killed")
    assert not any("bounded" in note for note in verdict.notes)


@pytest.mark.parametrize("scenario", ["twice", "killed"])
def test_without_a_clean_run_nothing_is_claimed(judged: Judge, scenario: str) -> None:
    verdict = judged('raise ValueError("always")', scenario)
    assert verdict.verdict == "inconclusive"
    assert "always" in str(verdict.reason)
    assert verdict.group
    assert verdict.findings == ()
    assert "always" in "".join(verdict.logs.values())


def test_seed_data_that_is_missing_is_named_with_its_place(judged: Judge) -> None:
    body = 'import boto3; boto3.client("s3").get_object(Bucket="inp", Key="not/there.csv")'
    verdict = judged(body, "twice", head="")
    assert verdict.verdict == "inconclusive"
    assert "tests/dagguard/s3/inp/not/there.csv" in str(verdict.reason)
    assert verdict.group == "lack seed data"


def test_two_clean_runs_that_differ_in_what_they_leave_are_no_yardstick(judged: Judge) -> None:
    body = 'import datetime\nfor n in range(datetime.date.today().year % 5 + 1): tiny.put(f"out/fix{n}")'
    verdict = judged(body, "twice")
    assert verdict.verdict == "inconclusive"
    assert verdict.group == "unstable"


def test_what_is_not_emulated_is_never_a_pass(judged: Judge) -> None:
    body = """
        import boto3
        try:
            boto3.client("kinesis", region_name="us-east-1").list_streams()
        except Exception:
            pass
        tiny.put("out/a")
    """
    for scenario in ("twice", "killed"):
        verdict = judged(body, scenario)
        assert verdict.verdict == "inconclusive"
        assert "kinesis" in str(verdict.reason).lower()


def test_what_only_the_retry_calls_and_is_not_emulated_is_never_a_pass(judged: Judge) -> None:
    body = """
        import boto3
        if tiny.get("out/a") is not None:
            boto3.client("kinesis", region_name="us-east-1").list_streams()
        tiny.put("out/a")
    """
    for scenario in ("twice", "killed"):
        verdict = judged(body, scenario)
        assert verdict.verdict == "inconclusive", scenario
        assert "kinesis" in str(verdict.reason).lower()


def test_a_task_below_one_without_a_clean_run_is_open(lab: Laboratory) -> None:
    path = lab.file(
        """
        @task
        def first():
            raise ValueError("no")
        """,
        """
        @task
        def t():
            return 1
        """,
        order="first() >> t()",
    )
    verdict = lab.check(path, "twice")
    assert verdict.verdict == "inconclusive"
    assert "first" in str(verdict.reason)
    assert "no" in str(verdict.reason)


def test_a_task_finds_what_those_before_it_leave(lab: Laboratory) -> None:
    path = lab.file(
        """
        @task
        def first():
            tiny.put("out/a", b"1")
            return ["a"]
        """,
        """
        @task
        def t(names):
            for name in names:
                tiny.put(f"out/{name}-copy", tiny.get(f"out/{name}"))
        """,
        head=HEAD,
        order="t(first())",
    )
    for scenario in ("twice", "killed"):
        assert lab.check(path, scenario, seed=SEED).verdict == "pass"


def test_the_word_of_a_superseded_attempt_does_not_count(judged: Judge) -> None:
    body = """
        tiny.put("out/a", b"x")
        if ti.try_number == 2:
            tiny.put("out/second", b"x")
        elif tiny.get("out/second") is not None:
            raise ValueError("somebody else was here")
    """
    verdict = judged(body, "concurrent")
    assert classes(verdict) == ["duplicate"]
    assert [line for line in verdict.findings[0].history if " ends " in line][-1] == "attempt 2 ends success"
    # its worker asks for a retry; in Airflow 3.0 and 3.1 it fails where that is refused
    ended = "failed" if (3, 0) <= AIRFLOW < (3, 2) else "up_for_retry"
    assert any(line.startswith(f"attempt 1 ends {ended}") for line in verdict.findings[0].history)


def test_a_task_that_airflow_gives_up_after_a_kill_cannot_finish(judged: Judge) -> None:
    """AirflowFailException asks for no more tries: what a third one would mend does not count."""
    body = """
        from airflow.exceptions import AirflowFailException
        if ti.try_number == 2:
            raise AirflowFailException("second try")
        tiny.put("out/a", b"x")
    """
    verdict = judged(body, "killed", retries=3)
    assert classes(verdict) == ["cannot-finish"]


def test_a_try_that_fails_is_mended_by_the_next_where_there_is_one(judged: Judge) -> None:
    body = """
        tiny.put("out/a", b"x")
        if ti.try_number == 2:
            raise ValueError("second try")
    """
    assert judged(body, "killed", retries=2).verdict == "pass"
    assert classes(judged(body, "killed", retries=1)) == ["cannot-finish"]


def test_a_task_that_does_nothing_passes(judged: Judge) -> None:
    for scenario in ("twice", "killed", "concurrent"):
        assert judged("return 1", scenario).verdict == "pass"
