"""One attempt: a real run by Airflow's task runner, on a machine of its own that has no way out."""

from __future__ import annotations

import datetime
import os
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from laboratory import RUN_ID, Laboratory, said
from older import AIRFLOW
from pytest_dagguard.model.operation import Selector
from pytest_dagguard.model.outcome import Outcome
from pytest_dagguard.model.plan import Kill, Run
from pytest_dagguard.model.seed import Seed

BOTH = (Run(1), Run(2))
PUT = Selector("airflow", "xcom.set", f"xcom://d/{RUN_ID}/t/mark", 1)


def ends(outcome: Outcome) -> list[str]:
    return [each.state for each in outcome.results.values()]


def test_the_next_attempt_lands_on_another_machine(lab: Laboratory, tmp_path: Path) -> None:
    mark = f"/tmp/dagguard-test-{uuid.uuid4()}"
    body = f"""
        import json, os, socket, tempfile
        files = ["{mark}", tempfile.gettempdir() + "/left", os.path.expanduser("~/left"), "left", "/var/tmp/{mark[5:]}"]
        print("SAID", json.dumps([[os.path.exists(each) for each in files], socket.gethostname(), os.environ["HOME"]]))
        for each in files:
            open(each, "w").close()
    """
    outcome = lab.attempt(body, schedule=BOTH, cleared=True)
    assert ends(outcome) == ["success", "success"]
    (first, host, home), (second, other_host, other_home) = said(outcome)
    if not lab.lab.place.cloud_pid:
        pytest.skip("the kernel grants nobody a namespace: so in some containers, and everywhere but on Linux")
    assert first == second == [False] * 5
    assert host != other_host
    assert home != other_home
    assert not os.path.exists(mark)
    assert os.path.expanduser("~") not in (home, other_home)


def test_what_a_module_makes_up_differs_between_attempts(lab: Laboratory) -> None:
    body = 'import json; print("SAID", json.dumps([str(ID), AT, RANDOM, helper_made_up.ID]))'
    lab.write("import uuid\nID = str(uuid.uuid4())\n", "helper_made_up.py")
    head = """
        import random, uuid
        from datetime import datetime
        import helper_made_up
        ID, AT, RANDOM = uuid.uuid4(), datetime.now().isoformat(), random.random()
    """
    first, second = said(lab.attempt(body, head=head, schedule=BOTH, cleared=True))
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_the_clock_is_ahead_by_what_was_asked_for(lab: Laboratory) -> None:
    body = """
        import json, subprocess, time
        from datetime import datetime, timezone
        import pendulum
        print("SAID", json.dumps([time.time(), datetime.now(timezone.utc).timestamp(), pendulum.now("UTC").timestamp(), LOADED]))
    """
    ahead = datetime.timedelta(days=3, hours=2).total_seconds()
    head = "from datetime import datetime, timezone\nLOADED = datetime.now(timezone.utc).timestamp()\n"
    outcome = lab.attempt(body, head=head, schedule=BOTH, cleared=True, shifts=(0.0, ahead))
    now = time.time()
    first, second = said(outcome)
    for value in first:
        assert abs(value - now) < 600
    for value in second:
        assert abs(value - now - ahead) < 600


TEMPLATES = "{{ ds }} {{ run_id }} {{ logical_date }} {{ ti.try_number }} {{ params.x }} {{ data_interval_start }}"


def test_templates_are_rendered(lab: Laboratory) -> None:
    path = lab.file(
        order=f"""BashOperator(task_id="t", bash_command="echo '{TEMPLATES}'", params={{"x": 5}})""",
        head="from airflow.providers.standard.operators.bash import BashOperator",
    )
    first, *rest = lab.returned(lab.run(path)).split(" ")
    assert first == "2024-01-01"
    assert rest[0] == RUN_ID
    assert " ".join(rest[1:3]) == "2024-01-01 00:00:00+00:00"
    assert rest[3:5] == ["1", "5"]


def test_xcoms_go_from_task_to_task(lab: Laboratory) -> None:
    path = lab.file(
        """
        @task
        def a(ti=None):
            ti.xcom_push(key="more", value={"deep": [1, None]})
            return [1, 2]
        """,
        """
        @task
        def b(values, ti=None):
            return [values, ti.xcom_pull(task_ids="a", key="more"), ti.xcom_pull(task_ids="a", key="none")]
        """,
        order="b(a())",
    )
    outcome = lab.chain(path, "a", "b")
    assert lab.returned(outcome, "b") == [[1, 2], {"deep": [1, None]}, None]
    assert lab.xcom(outcome, "a/more") == {"deep": [1, None]}


@pytest.mark.airflow3
def test_variables_and_connections_come_from_the_seed(lab: Laboratory) -> None:
    seed = Seed(
        variables={"region": "eu", "lists": '{"a": [1]}'},
        connections={"erp": {"conn_type": "http", "host": "erp.example.com", "password": "p", "extra": '{"k": 1}'}},
    )
    body = """
        from airflow.sdk import Connection
        found = Connection.get("erp")
        missing = Variable.get("nothing", default="no")
        return [Variable.get("region"), Variable.get("lists", deserialize_json=True), missing, found.host, found.password]
    """
    outcome = lab.attempt(body, seed=seed)
    assert lab.returned(outcome) == ["eu", {"a": [1]}, "no", "erp.example.com", "p"]


def test_a_variable_that_is_missing_fails_the_task_by_name(lab: Laboratory) -> None:
    outcome = lab.attempt('Variable.get("nowhere")')
    assert outcome.last.state == "failed"
    assert "nowhere" in outcome.last.error


@pytest.mark.parametrize(
    ("error", "retries", "state"),
    [
        ("ValueError('x')", 0, "failed"),
        ("ValueError('x')", 2, "up_for_retry"),
        ("AirflowFailException('x')", 2, "failed"),
        ("AirflowSkipException('x')", 2, "skipped"),
        ("SystemExit(3)", 0, "failed"),
        ("SystemExit(3)", 1, "up_for_retry"),
        ("KeyboardInterrupt()", 0, "failed"),
        ("BaseException('x')", 0, "failed"),
    ],
)
def test_airflow_says_how_an_attempt_ends(lab: Laboratory, error: str, retries: int, state: str) -> None:
    head = """
        from airflow.exceptions import AirflowFailException
        try:
            from airflow.exceptions import AirflowSkipException
        except ImportError:
            from airflow.exceptions import AirflowSkipException
    """
    outcome = lab.attempt(f"raise {error}", head=head, retries=retries)
    assert ends(outcome) == [state]
    if state != "skipped":
        assert outcome.last.error.startswith(error.partition("(")[0])
        assert outcome.last.trace[0].function == "t"


def test_the_last_of_its_tries_fails_for_good(lab: Laboratory) -> None:
    outcome = lab.attempt("raise ValueError('x')", retries=2, schedule=(Run(1, retries=5),))
    assert ends(outcome) == ["up_for_retry", "up_for_retry", "failed"]


def test_a_retry_knows_its_number(lab: Laboratory) -> None:
    body = """
        if ti.try_number < 2:
            raise ValueError(f"try {ti.try_number}")
        return ti.try_number
    """
    outcome = lab.attempt(body, parameters="ti=None", retries=1, schedule=(Run(1, retries=1),))
    assert ends(outcome) == ["up_for_retry", "success"]
    assert lab.returned(outcome) == 2


def test_callbacks_run(lab: Laboratory) -> None:
    head = "def told(context): print('CALLED BACK', context['ti'].task_id, context['exception'])"
    outcome = lab.attempt("raise ValueError('why')", head=head, decorator="@task(on_failure_callback=told)")
    assert "CALLED BACK t why" in outcome.last.log


def test_execution_timeout(lab: Laboratory) -> None:
    outcome = lab.attempt(
        "while True: pass",
        head="from datetime import timedelta",
        decorator="@task(execution_timeout=timedelta(seconds=0.3))",
    )
    assert outcome.last.state == "failed"
    assert "Timeout" in outcome.last.error_kind


def test_the_log_is_kept(lab: Laboratory) -> None:
    body = """
        import logging, os, subprocess, sys
        print("by print")
        logging.getLogger(__name__).warning("by logging")
        sys.stderr.write("by stderr\\n")
        subprocess.run(["echo", "by subprocess"])
        os.write(1, b"by descriptor\\n")
        raise ValueError("by error")
    """
    log = lab.attempt(body).last.log
    for each in ("print", "logging", "stderr", "subprocess", "descriptor", "error"):
        assert f"by {each}" in log


def test_the_end_of_a_long_log_is_kept(lab: Laboratory) -> None:
    log = lab.attempt("for i in range(100_000): print('line', i)").last.log
    assert "line 99999" in log
    assert len(log) < 100_000


def test_what_the_user_keeps_secret_is_not_there(lab: Laboratory) -> None:
    body = """
        import json, os, subprocess
        inner = subprocess.run(["env"], capture_output=True, text=True).stdout
        print("SAID", json.dumps(["a-secret-of-the-user" in "".join(os.environ.values()) + inner, os.environ["HOME"]]))
    """
    ((leaks, _),) = said(lab.attempt(body))
    assert leaks is False


REACH = "http://api.example.com:8080/x"


@pytest.mark.parametrize(
    "body",
    [
        f"import requests; requests.get('{REACH}')",
        f"import urllib.request; urllib.request.urlopen('{REACH}')",
        f"import subprocess; subprocess.run(['curl', '-sS', '{REACH}'], check=True)",
        f"import httpx; httpx.get('{REACH}')",
        "import socket; socket.create_connection(('api.example.com', 8080))",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import requests; requests.get(\"%s\")'], check=True)"
        % REACH,
    ],
    ids=["requests", "urllib", "curl", "httpx", "socket", "python"],
)
def test_the_way_out_is_refused_and_named(lab: Laboratory, body: str) -> None:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    outcome = lab.attempt(f"try:\n{lines}\nexcept Exception:\n    pass")
    # one that goes on for a second after it was refused is not waited for
    assert outcome.last.state in ("success", "killed")
    assert "api.example.com" in outcome.unreachable
    assert outcome.group.startswith("need api.example.com")


@pytest.mark.xfail(strict=True, reason="it is refused, but nobody hears of it")
@pytest.mark.parametrize("target", ["93.184.216.34", "api.example.com"])
def test_a_program_that_heeds_no_proxy_is_named_too(lab: Laboratory, target: str) -> None:
    outcome = lab.attempt(f"import subprocess; subprocess.run(['curl', '--noproxy', '*', 'http://{target}/'])")
    assert target in outcome.unreachable


def test_a_program_that_heeds_no_proxy_does_not_get_out(lab: Laboratory) -> None:
    if not lab.lab.enclosed:
        pytest.skip("the kernel grants nobody a namespace: so in some containers, and everywhere but on Linux")
    body = """
        import subprocess
        found = subprocess.run(["curl", "--noproxy", "*", "-sS", "http://93.184.216.34/"], capture_output=True, text=True)
        return [found.returncode, found.stderr]
    """
    code, error = lab.returned(lab.attempt(body))
    assert code == 7
    assert "93.184.216.34" in error


def test_the_error_of_who_was_refused_says_so(lab: Laboratory) -> None:
    outcome = lab.attempt("import socket; socket.create_connection(('api.example.com', 8080))")
    assert outcome.last.state == "failed"
    assert "dagguard: connection to api.example.com:8080 refused" in outcome.last.error
    assert outcome.last.egress == ("api.example.com:8080",)


def processes_with(mark: str) -> list[str]:
    """Command lines that hold a text."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                line = (each / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line and str(os.getpid()) != each.name:
                found.append(line.decode())
    return found


DAEMON = """
    import os, subprocess, sys, time
    mark = "{mark}"
    code = "import time; time.sleep(600)"
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            os.execve(sys.executable, [sys.executable, "-c", code, mark, "daemon"], {{}})
        os._exit(0)
    os.wait()
    subprocess.Popen([sys.executable, "-c", code, mark, "child"], start_new_session=True)
    listed = lambda: subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True).stdout.count(mark)
    while listed() < 2:
        pass
    ti.xcom_push(key="mark", value=1)
"""


@pytest.mark.parametrize("schedule", [(Run(1, PUT), Kill(1)), (Run(1),)], ids=["killed", "ended"])
def test_nothing_is_left_of_an_attempt(lab: Laboratory, schedule: Any) -> None:
    mark = f"dagguard-mark-{uuid.uuid4()}"
    outcome = lab.attempt(DAEMON.format(mark=mark), parameters="ti=None", schedule=schedule)
    assert outcome.last.state == ("killed" if Kill(1) in schedule else "success"), outcome.last
    assert "xcom.set" in [each.operation.verb for each in outcome.history]
    assert processes_with(mark) == []


def test_a_killed_attempt_keeps_its_log(lab: Laboratory) -> None:
    body = 'print("before"); ti.xcom_push(key="mark", value=1); print("after")'
    outcome = lab.attempt(body, parameters="ti=None", schedule=(Run(1, PUT), Kill(1)))
    assert outcome.last.state == "killed"
    assert "before" in outcome.last.log
    assert "after" not in outcome.last.log


@pytest.mark.parametrize(
    ("body", "state"), [("import os; os._exit(0)", "crashed"), ("import os; os.kill(os.getpid(), 9)", "crashed")]
)
def test_a_process_that_ends_without_a_word_is_no_success(lab: Laboratory, body: str, state: str) -> None:
    outcome = lab.attempt(body)
    assert outcome.last.state == state
    assert outcome.group == "crashed"


def test_a_task_that_is_not_in_the_file_this_time_fails_by_name(lab: Laboratory) -> None:
    outcome = lab.run(lab.task("pass"), task_id="other")
    assert outcome.last.state == "failed"
    assert "no task 'other'" in outcome.last.error


def test_lines_are_told_where_asked_for(lab: Laboratory) -> None:
    lab.write("def push(ti):\n    ti.xcom_push(key='a', value=1)\n", "helper_that_pushes.py")
    path = lab.task("import helper_that_pushes\nhelper_that_pushes.push(ti)", parameters="ti=None")
    outcome = lab.run(path, where=True)
    (event,) = [each for each in outcome.history if each.operation.verb == "xcom.set"]
    line = path.read_text().splitlines().index("    helper_that_pushes.push(ti)") + 1
    assert [(Path(each.file).name, each.line, each.function) for each in event.site] == [
        ("helper_that_pushes.py", 2, "push"),
        (path.name, line, "t"),
    ]
    silent = lab.run(path)
    assert [each.site for each in silent.history] == [()] * len(silent.history)


def test_an_async_task(lab: Laboratory) -> None:
    source = """
        @task
        async def t(ti=None):
            await __import__("asyncio").sleep(0)
            return 5
    """
    outcome = lab.run(lab.file(source, order="t()"))
    if AIRFLOW < (3, 2):  # which has no async tasks
        assert outcome.last.state == "failed"
    else:
        assert lab.returned(outcome) == 5
