"""Tasks that use Redis, as the command line would judge them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from laboratory import Laboratory, classes, said
from pytest_dagguard.model.seed import Seed
from pytest_dagguard.model.verdict import Verdict

HEAD = """
    import json, os, redis

    def connect():
        return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
"""
SEED = Seed(redis={"0": {"inbox": ["a", "b"], "rate": "3"}})
FILES: dict[str, object] = {}
Judge = Callable[..., Verdict]


@pytest.fixture
def judged(lab: Laboratory) -> Judge:
    def check(body: str, scenario: str, seed: Seed = SEED) -> Verdict:
        if body not in FILES:
            FILES[body] = lab.task(f"r = connect()\n{body}", head=HEAD, retries=1)
        return lab.check(FILES[body], scenario, seed=seed)  # type: ignore[arg-type]

    return check


def test_a_key_that_is_set_to_the_same_passes(judged: Judge) -> None:
    body = 'r.set("done", r.get("rate"))\nr.hset("h", mapping={"b": 1, "a": 2})\nr.sadd("s", "x", "y")'
    for scenario in ("twice", "killed"):
        verdict = judged(body, scenario)
        assert (verdict.verdict, verdict.reason, verdict.findings) == ("pass", None, ())
    assert verdict.checked.kill_states[1] == 3


def test_a_counter_counts_the_retry(judged: Judge) -> None:
    for scenario in ("twice", "killed"):
        verdict = judged('r.incr("runs")', scenario)
        assert classes(verdict) == ["changed"]
        assert verdict.findings[0].resource == "redis://0/runs"


def test_a_list_has_what_is_pushed_twice(judged: Judge) -> None:
    verdict = judged('r.rpush("queue", "job-1", "job-2")', "killed")
    assert classes(verdict) == ["duplicate"]
    assert verdict.findings[0].resource == "redis://0/queue"


def test_a_lock_that_is_left_behind_stops_the_retry(judged: Judge) -> None:
    body = 'if not r.set("lock:load", "1", nx=True):\n    raise RuntimeError("locked")\nr.set("out", "1")\nr.delete("lock:load")'
    assert judged(body, "twice").verdict == "pass"
    verdict = judged(body, "killed")
    assert classes(verdict)[0] == "cannot-finish"
    assert "locked" in verdict.findings[0].message


LEASE = """
    if not r.set("lock:load", "1", nx=True, ex={ttl}):
        raise RuntimeError("locked")
    r.set("out", "1")
    r.delete("lock:load")
"""


@pytest.mark.parametrize(
    ("ttl", "retries", "finishes"),
    [
        pytest.param(300, 1, True, id="as long as the delay, which is 300 s"),
        pytest.param(310, 1, False, id="longer, and there is one retry alone"),
        pytest.param(310, 2, True, id="longer, and the second retry comes when it is over"),
        pytest.param(2600, 9, True, id="as long as nine retries take"),
        pytest.param(3000, 9, False, id="longer than nine retries take"),
    ],
)
def test_a_lock_that_expires_stops_the_retries_that_come_before(
    lab: Laboratory, ttl: int, retries: int, finishes: bool
) -> None:
    path = lab.task(f"r = connect(){LEASE.format(ttl=ttl)}".replace("\n    ", "\n"), head=HEAD, retries=retries)
    verdict = lab.check(path, "killed")
    assert verdict.verdict == ("pass" if finishes else "fail"), verdict


def test_a_transaction_is_one_place_to_be_killed_at(judged: Judge) -> None:
    body = 'with r.pipeline(transaction=True) as p:\n    p.set("a", 1).set("b", 2).rename("a", "c").execute()'
    verdict = judged(body, "killed")
    assert (verdict.verdict, verdict.checked.kill_states) == ("pass", (1, 1))


def test_a_pipeline_without_a_transaction_can_be_torn(judged: Judge) -> None:
    body = """
if not r.exists("a"):
    with r.pipeline(transaction=False) as p:
        p.set("a", 1).set("b", 2).execute()"""
    verdict = judged(body, "killed")
    assert classes(verdict) == ["lost"]
    assert verdict.findings[0].resource == "redis://0/b"


def test_a_time_to_live_that_comes_too_late_is_found(judged: Judge) -> None:
    body = 'if not r.exists("k"):\n    r.set("k", 1)\n    r.expire("k", 60)'
    verdict = judged(body, "killed")
    assert classes(verdict) == ["changed"]
    assert "time to live" in verdict.findings[0].message
    assert judged('r.set("k2", 1, ex=60)', "killed").verdict == "pass"


def test_taking_from_a_queue_before_the_work_is_done_loses_it(judged: Judge) -> None:
    verdict = judged('job = r.lpop("inbox")\nr.rpush("outbox", job)', "killed")
    assert "lost" in classes(verdict) or "changed" in classes(verdict)


def test_a_wait_for_what_nobody_brings_is_inconclusive(judged: Judge) -> None:
    verdict = judged('r.blpop("nothing", timeout=0)', "twice")
    assert verdict.verdict == "inconclusive"
    assert "redis.json" in str(verdict.reason)


def test_the_connection_and_the_hook_lead_to_the_emulator(lab: Laboratory) -> None:
    body = """
        from airflow.providers.redis.hooks.redis import RedisHook
        hook = RedisHook("redis_default").get_conn()
        other = RedisHook("cache").get_conn()
        other.set("k", "v")
        print("SAID", json.dumps([hook.get("rate").decode(), other.connection_pool.connection_kwargs["db"]]))
    """
    seed = Seed(
        redis=SEED.redis,
        connections={"cache": {"conn_type": "redis", "host": "cache.example", "password": "x", "extra": '{"db": 2}'}},
    )
    outcome = lab.attempt(body, head=HEAD, seed=seed)
    assert said(outcome) == [["3", 2]], outcome.results
    assert json.loads(json.dumps(sorted(each for each in outcome.after if each.startswith("redis://2/")))) == [
        "redis://2/k"
    ]


def test_a_server_by_its_own_name_is_refused_with_the_way_out(judged: Judge) -> None:
    verdict = judged('redis.Redis(host="redis", socket_connect_timeout=1, retry=None).get("x")', "twice")
    assert verdict.verdict == "inconclusive"
    assert "redis:6379" in str(verdict.reason)
    assert "REDIS_URL" in str(verdict.reason)
