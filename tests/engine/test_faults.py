"""The scenarios beyond the default ones, on real tasks; and tokens that repeat what they found."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, classes
from pytest_dagguard.engine.replay import OTHERWISE
from pytest_dagguard.model import token as tokens
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.plan import Disturb, Run, Terminate
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.token import Stop, Token, Told
from pytest_dagguard.model.verdict import Verdict

SEED = Seed(s3={"inp": {"a": b"1"}, "log": {"all": b"id\n0\n"}})
HEAD = "import tiny"
ONCE = """
    import urllib.request, os
    url = os.environ["AWS_ENDPOINT_URL"] + "/out/one"
    try:
        urllib.request.urlopen(urllib.request.Request(url, b"x", {"If-None-Match": "*"}, method="PUT"))
    except OSError:
        # tries again by itself, and does not look who was first
        urllib.request.urlopen(urllib.request.Request(url, b"x", {"If-None-Match": "*"}, method="PUT"))
"""
OVERWRITES = 'tiny.put("out/result", tiny.get("inp/a"))'


def test_a_zombie_overwrites_what_its_retry_wrote(lab: Laboratory) -> None:
    body = """
        n = int(tiny.get("inp/a"))
        tiny.put("out/n", str(n).encode())
        tiny.put("inp/a", str(n + 1).encode())
    """
    found = lab.check(lab.task(body, head=HEAD, retries=1), "zombie", seed=SEED)
    assert found.verdict == "fail", found
    assert lab.check(lab.task(OVERWRITES, head=HEAD, retries=1), "zombie", seed=SEED).verdict == "pass"


@pytest.mark.airflow3  # under Airflow 2 SIGTERM is an error in the task, whatever on_kill does
def test_a_task_that_sigterm_stops_half_way_and_that_ends_successfully_is_found(lab: Laboratory) -> None:
    path = lab.write(
        """
from airflow.sdk import DAG, BaseOperator
import tiny
class Loop(BaseOperator):
    stop = False
    fails = False
    def execute(self, context):
        for number in range(3):
            if self.stop and self.fails:
                raise RuntimeError("stopped half way")
            if self.stop:
                break
            tiny.put(f"out/{number}", b"x")
    def on_kill(self):
        self.stop = True
class Careful(Loop):
    fails = True
with DAG("d", schedule=None):
    Loop(task_id="t", retries=1)
    Careful(task_id="careful", retries=1)
"""
    )
    assert classes(lab.check(path, "terminated", seed=SEED)) == ["success-after-kill"]
    assert lab.check(path, "terminated", task_id="careful", seed=SEED).verdict == "pass"


def test_a_lost_reply_makes_a_conditional_write_meet_itself(lab: Laboratory) -> None:
    found = lab.check(lab.task(ONCE, head=HEAD), "unacknowledged", seed=SEED)
    assert found.verdict == "fail", found
    assert "cannot-finish" in classes(found)


@pytest.mark.parametrize(
    ("body", "verdict"),
    [('tiny.put("out/latest", ds.encode())', "fail"), ('tiny.put(f"out/{ds}", ds.encode())', "pass")],
)
def test_an_older_interval_after_a_newer_one(lab: Laboratory, body: str, verdict: str) -> None:
    found = lab.check(lab.task(body, head=HEAD, parameters="ds=None"), "backfilled", seed=SEED)
    assert found.verdict == verdict, found


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ('tiny.put("out/all", (tiny.get("out/all") or b"") + name.encode() + b"\\n")', "fail"),
        ('tiny.put(f"out/{name}", name.encode())', "pass"),
    ],
)
def test_mapped_siblings_side_by_side(lab: Laboratory, body: str, verdict: str) -> None:
    source = f"@task\ndef t(name):\n    {body}\n"
    found = lab.check(lab.file(source, head=HEAD, order='t.expand(name=["a", "b"])'), "siblings", seed=SEED)
    assert found.verdict == verdict, found
    assert found.checked.closed is (verdict == "pass")


def test_an_interval_without_input_is_inconclusive_and_named(lab: Laboratory) -> None:
    seed = Seed(s3={"inp": {"2024-01-01": b"x"}})
    body = (
        'body = tiny.get(f"inp/{ds}")\nif body is None:\n    raise ValueError(f"no inp/{ds}")\ntiny.put("out/x", body)'
    )
    found = lab.check(lab.task(body, head=HEAD, parameters="ds=None"), "backfilled", seed=seed)
    assert found.verdict == "inconclusive"
    assert "2024-01-02" in str(found.reason)


@pytest.mark.parametrize("scenario", ["twice", "concurrent", "killed", "zombie", "terminated", "unacknowledged"])
def test_each_token_of_our_own_output_repeats_its_finding(lab: Laboratory, scenario: str) -> None:
    body = ONCE if scenario == "unacknowledged" else 'tiny.put("log/all", tiny.get("log/all") + b"1\\n")'
    path = lab.task(body, head=HEAD, retries=1)
    found = lab.check(path, scenario, seed=SEED)
    assert found.findings, found
    for each in found.findings:
        assert each.replay.startswith("k1.")
        again = lab.check(path, scenario, seed=SEED, replay=each.replay)
        assert each.cls in classes(again), again
        assert again.checked.schedules == 1


def test_a_token_whose_operation_is_another_now_says_where_it_diverged(lab: Laboratory) -> None:
    path = lab.task('tiny.put("log/all", tiny.get("log/all") + b"1\\n")', head=HEAD, retries=1)
    found = lab.check(path, "killed", seed=SEED)
    token = tokens.decode(found.findings[0].replay)
    other = tuple(
        Stop(step.attempt, step.index - 1, step.check) if isinstance(step, Stop) else step for step in token.steps
    )
    again = lab.check(path, "killed", seed=SEED, replay=tokens.encode(Token(token.item, token.clean, other)))
    assert again.verdict == "inconclusive"
    assert "left the token's path" in str(again.reason)


def test_a_token_of_another_clean_run_is_not_repeated(lab: Laboratory) -> None:
    path = lab.task('tiny.put("log/all", tiny.get("log/all") + b"1\\n")', head=HEAD, retries=1)
    token = tokens.decode(lab.check(path, "killed", seed=SEED).findings[0].replay)
    again = lab.check(path, "killed", seed=SEED, replay=tokens.encode(Token(token.item, b"----", token.steps)))
    assert again.verdict == "inconclusive"
    assert "no longer does the operations" in str(again.reason)


def test_a_repetition_that_comes_to_something_else_says_so(lab: Laboratory) -> None:
    path = lab.task('tiny.put("log/all", tiny.get("log/all") + b"1\\n")', head=HEAD, retries=1)
    finding = lab.check(path, "twice", seed=SEED).findings[0]
    assert not _otherwise(lab.check(path, "twice", seed=SEED, replay=finding.replay))
    token = tokens.decode(finding.replay)
    assert isinstance(token.steps[-1], Told)
    told = Token(token.item, token.clean, (*token.steps[:-1], Told(b"----")))
    again = lab.check(path, "twice", seed=SEED, replay=tokens.encode(told))
    assert again.verdict == "fail"
    assert f"but to {finding.cls} s3://log/all" in _otherwise(again)


def test_a_repetition_of_what_has_been_mended_passes_and_says_so(lab: Laboratory) -> None:
    body = 'tiny.put("log/all", {} + b"1\\n")'
    path = lab.task(body.format('tiny.get("log/all")'), head=HEAD, retries=1)
    token = lab.check(path, "twice", seed=SEED).findings[0].replay
    mended = lab.task(body.format('(tiny.get("log/all") and b"0\\n")'), head=HEAD, retries=1)
    again = lab.check(mended, "twice", seed=SEED, replay=token)
    assert again.verdict == "pass"
    assert "but to no finding" in _otherwise(again)


def _otherwise(verdict: Verdict) -> str:
    return "".join(each for each in verdict.notes if each.startswith(OTHERWISE))


def test_what_was_disturbed_took_effect_or_did_not(lab: Laboratory) -> None:
    path = lab.task('tiny.put("out/x", b"1")', head=HEAD)
    put = Selector("s3", "PutObject", ".*", 1)
    for kind, there in {"503 after": True, "reset after": True, "503 before": False, "429 before": False}.items():
        outcome = lab.run(path, (Disturb(1, put, kind), Run(1)), seed=SEED)
        assert outcome.last.state == "failed", kind
        assert ("s3://out/x" in outcome.after) is there, kind


def test_sigterm_reaches_the_operator(lab: Laboratory) -> None:
    path = lab.write(
        """
from airflow.sdk import DAG, BaseOperator
import tiny
class Tells(BaseOperator):
    def execute(self, context):
        tiny.put("out/x", b"1")
    def on_kill(self):
        tiny.put("out/killed", b"1")
with DAG("d", schedule=None):
    Tells(task_id="t")
"""
    )
    put = Selector("s3", "PutObject", "s3://out/x", 1)
    outcome = lab.run(path, (Run(1, put), Terminate(1), Run(1)), seed=SEED)
    assert "s3://out/killed" in outcome.after
