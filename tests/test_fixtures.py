"""Hand-written tests: a suite as a user writes it is run once, and each of its tests must come out as expected."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from laboratory import TINY

DAGS = r"""
    import boto3
    from airflow.sdk import dag, task

    import rates

    @dag(schedule=None)
    def sales():
        @task(retries=1)
        def load_sales(ds=None):
            s3 = boto3.client("s3")
            body = s3.get_object(Bucket="raw", Key=f"{ds}/a.csv")["Body"].read()
            s3.put_object(Bucket="clean", Key=f"{ds}.csv", Body=body.upper())

        @task(retries=1)
        def append(ds=None):
            import tiny
            tiny.put("clean/log", (tiny.get("clean/log") or b"id\n") + b"1\n")

        @task
        def convert():
            import tiny
            tiny.put("clean/rate", str(rates.fetch()).encode())

        @task
        def count():
            import os
            import redis
            redis.Redis.from_url(os.environ["REDIS_URL"]).incr("count")

        append(), convert(), load_sales(), count()

    sales()
"""

SUITE = """
    import sys

    import pytest
    from pytest_dagguard.model.errors import ConfigurationError

    PATH = "dags/sales.py"


    def test_as_in_the_contract(dagguard):
        dagguard.s3.put("raw/2024-01-01/a.csv", b"id,amount\\n1,10\\n")
        task = dagguard.task("dags/sales.py", "sales", "load_sales")
        dagguard.assert_idempotent(task)
        verdict = dagguard.run_killed(task)
        assert verdict.passed, verdict
        assert verdict.checked.kill_states == (1, 1)
        assert dagguard.s3.get("clean/2024-01-01.csv") == b"ID,AMOUNT\\n1,10\\n"
        assert {"clean/2024-01-01.csv", "raw/2024-01-01/a.csv"} <= set(dagguard.s3.list())
        assert dagguard.s3.list("raw/") == ["raw/2024-01-01/a.csv"]


    def test_nothing_is_left_of_the_test_before(dagguard):
        assert dagguard.s3.list() == []
        verdict = dagguard.run_twice(dagguard.task(PATH, "sales", "load_sales"))
        assert verdict.verdict == "inconclusive"
        assert "raw/2024-01-01/a.csv" in verdict.reason


    def test_what_was_put_is_there_before_the_run(dagguard, dagguard_s3, dagguard_gcs):
        assert dagguard_s3 is dagguard.s3
        dagguard_s3.put("raw/x", b"1")
        dagguard_gcs.put("models/m.pkl", b"2")
        assert (dagguard_s3.get("raw/x"), dagguard_gcs.get("models/m.pkl")) == (b"1", b"2")
        assert dagguard_gcs.list() == ["models/m.pkl"]


    def test_redis_is_filled_and_read(dagguard, dagguard_redis):
        dagguard_redis.put("inbox", ["a", "b"])
        dagguard_redis.put("rate", 3, db=1)
        verdict = dagguard.run_twice(dagguard.task(PATH, "sales", "count"))
        assert verdict.findings[0].resource == "redis://0/count"
        assert dagguard_redis.get("count") == b"1"
        assert dagguard_redis.get("inbox") == ["a", "b"]
        assert (dagguard_redis.get("rate", db=1), dagguard_redis.list()) == (b"3", ["count", "inbox"])
        with pytest.raises(KeyError, match="there is no redis://0/x; there are: count, inbox"):
            dagguard_redis.get("x")


    def test_what_is_not_there_is_named(dagguard):
        dagguard.s3.put("raw/x", b"1")
        with pytest.raises(KeyError, match="there is no s3://raw/y; there are: raw/x"):
            dagguard.s3.get("raw/y")
        with pytest.raises(ConfigurationError, match="bucket and a key"):
            dagguard.s3.put("raw", b"1")


    def test_a_fault_is_an_assertion_with_the_whole_story(dagguard):
        with pytest.raises(AssertionError) as caught:
            dagguard.assert_idempotent(dagguard.task(PATH, "sales", "append"), ("killed",))
        text = str(caught.value)
        assert 'does not withstand the scenario "killed"' in text
        assert "duplicate" in text
        assert "attempt 1 is killed here" in text


    def test_an_assertion_that_fails(dagguard):
        verdict = dagguard.run_twice(dagguard.task(PATH, "sales", "append"))
        assert verdict.passed, verdict


    def test_a_patch_is_in_force_in_the_attempt(dagguard, mocker):
        sys.path.append("dags")
        import rates
        mocker.patch("rates.fetch", return_value=1.25)
        dagguard.assert_idempotent(dagguard.task(PATH, "sales", "convert"), ("twice",))
        assert dagguard.s3.get("clean/rate") == b"1.25"


    def test_without_the_patch(dagguard):
        verdict = dagguard.run_twice(dagguard.task(PATH, "sales", "convert"))
        assert verdict.verdict == "inconclusive"
        assert "rates.example.com" in verdict.reason


    def test_an_operator_around_a_closure(dagguard):
        from airflow.providers.standard.operators.python import PythonOperator
        content = b"from the test"

        def put():
            import tiny
            tiny.put("out/closure", content)

        sys.path.append("dags")
        dagguard.assert_idempotent(dagguard.task(PythonOperator(task_id="put", python_callable=put)), ("twice",))
        assert dagguard.s3.get("out/closure") == content


    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ((PATH, "sale", "append"), "no DAG 'sale'; did you mean 'sales'"),
            ((PATH, "sales", "apend"), "no task 'apend'; did you mean 'append'. there are: append, convert"),
            (("dags/sale.py", "sales", "append"), "there is no file dags/sale.py; did you mean .dags/sales.py"),
            (("dags/broken.py", "sales", "append"), "dags/broken.py does not load: SyntaxError"),
            ((42,), "42 is neither the path of a DAG file nor an operator"),
        ],
    )
    def test_what_is_not_there_is_said_with_the_nearest(dagguard, arguments, expected):
        with pytest.raises(ConfigurationError, match=expected):
            dagguard.task(*arguments)


    def test_a_scenario_that_is_not_there(dagguard):
        with pytest.raises(ConfigurationError, match="no scenario .twise.; did you mean .twice."):
            dagguard.run(dagguard.task(PATH, "sales", "append"), "twise")


    def test_dags_are_found_by_id(dagguard_dags):
        assert [each.task_id for each in dagguard_dags["sales"].tasks] == ["append", "convert", "load_sales", "count"]
        assert [each.dag_id for each in dagguard_dags] == ["sales"]
        with pytest.raises(KeyError, match="there is no DAG 'sale'; there are: sales"):
            dagguard_dags["sale"]


    def test_the_tests_own_process_is_left_alone(dagguard):
        import os, socket
        before = {**os.environ}
        dagguard.run_twice(dagguard.task(PATH, "sales", "convert"))
        assert not socket.gethostname().startswith("worker-")
        assert {**os.environ} == before
        assert "AWS_ENDPOINT_URL" not in os.environ
        assert os.path.exists(PATH)
"""

SLOW_SUITE = """
    def test_an_operator_object(dagguard):
        from airflow.providers.amazon.aws.operators.s3 import S3CreateObjectOperator
        key = "{{ ds }}/k"
        bad = S3CreateObjectOperator(task_id="bad", s3_bucket="out", s3_key=key, data="x")
        good = S3CreateObjectOperator(task_id="good", s3_bucket="out", s3_key=key, data="y", replace=True)
        dagguard.assert_idempotent(dagguard.task(good), ("killed",))
        assert dagguard.s3.get("out/2024-01-01/k") == b"y"
        verdict = dagguard.run_twice(dagguard.task(bad))
        assert [each.cls for each in verdict.findings] == ["cannot-finish"]
"""

FILES = {
    "pyproject.toml": '[tool.dagguard]\nbudget = "120s"\n',
    "dags/sales.py": DAGS,
    "dags/broken.py": "from airflow.sdk import DAG\ndef broken(:\n",
    "dags/rates.py": """
        def fetch():
            import urllib.request
            return urllib.request.urlopen("http://rates.example.com/eur").read()
    """,
    "dags/tiny.py": TINY,
    "tests/test_suite.py": SUITE,
    "slow/test_suite.py": SLOW_SUITE,
}
WRONG = {"test_an_assertion_that_fails"}


def ran(root: Path, folder: str) -> str:
    """What pytest says of a suite."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DAGGUARD_"))}
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", folder]
    done = subprocess.run(command, cwd=root, env=inherited, capture_output=True, text=True, timeout=600)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> str:
    return ran(tmp_path_factory.mktemp("suite"), "tests")


def outcomes(out: str) -> dict[str, set[str]]:
    """Test -> how it came out, of all its parameters."""
    found: dict[str, set[str]] = {}
    for name, state in re.findall(r"::(\w+)(?:\[.*\])? (PASSED|FAILED|ERROR|SKIPPED)", out):
        found.setdefault(name, set()).add(state)
    return found


@pytest.mark.parametrize("name", re.findall(r"def (test_\w+)", SUITE))
def test_a_hand_written_test_comes_out_as_expected(out: str, name: str) -> None:
    expected = {"FAILED"} if name in WRONG else {"PASSED"}
    assert outcomes(out).get(name) == expected, out[-20000:]


def test_a_failure_shows_the_verdict_and_not_our_code(out: str) -> None:
    section = out.split("_ test_an_assertion_that_fails _")[1].split("short test summary info")[0]
    assert "Verdict(" not in section
    assert 'does not withstand the scenario "twice"' in section
    assert "duplicate: s3://clean/log" in section
    assert str(Path("pytest_dagguard", "engine")) not in section


def test_nothing_is_said_where_nothing_was_asked(out: str) -> None:
    assert "dagguard:" not in out.split("collected")[0]


@pytest.mark.slow
def test_slow_hand_written_tests_come_out_as_expected(tmp_path: Path) -> None:
    told = ran(tmp_path, "slow")
    names = re.findall(r"def (test_\w+)", SLOW_SUITE)
    assert outcomes(told) == {name: {"PASSED"} for name in names}, told[-20000:]
