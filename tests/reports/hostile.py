"""Verdicts whose texts try to be read as something else."""

from __future__ import annotations

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import Checked, Verdict
from pytest_dagguard.reports.report import RunFacts

FACTS = RunFacts("0.1.0", "3.3.2", "3.11.7", 12.3)
DUPLICATE = Finding(
    "duplicate",
    'A clean run leaves 1 object; this one leaves 2 with "the same" <rows> & more.',
    resource="s3://clean/ds=2024-01-01/part-<uuid>",
    file="dags/sales & more.py",
    line=41,
    why="The name is made anew by each try.\nSo the retry writes beside it: 100%.",
    fix='Make the name from the logical date: f"ds={ds}/part-0.csv".',
    replay="k1.ONSXG5A7Q",
    confirmed=3,
    history=(
        "attempt 1\tPutObject s3://clean/part-1\tcreated\tdags/sales.py:41",
        "    ^^^ attempt 1 is killed here",
        "attempt 2\tPutObject s3://clean/part-2\tcreated\tdags/sales.py:41",
    ),
)
HOSTILE = Finding(
    "torn",
    "</p><script>document.title='taken'</script>\x1b[31mred\x1b[0m \x07 \x00 \udcff ::error::x\r\n::warning::y ]]> 日本",
    resource="\"'><img src=x onerror=alert(1)>",
    file="dags/a,b:c%d.py",
    line=1,
    why="<!-- &amp; -->",
    history=("\t\t", "</table></details>"),
)
WINDOW = Finding("reader-window", "For a while nothing is there.", file="dags/sales.py")
RULE = Finding("missing-retries", "extract has no retries.", file="dags/sales.py", line=3, fix="Say retries=2.")
ITEMS = [
    (
        "dags/sales.py::sales.load_sales::killed",
        Verdict(
            "scenario",
            "killed",
            "fail",
            "dags/sales.py",
            "sales",
            "load_sales",
            seconds=1.2,
            checked=Checked(kill_states=(2, 2), attempts=9, operations=41, bounded=True),
            findings=(DUPLICATE, WINDOW),
            notes=("The second attempt failed with 412, as it should.",),
        ),
    ),
    ("dags/<b>.py::x.y::killed", Verdict("scenario", "killed", "fail", "dags/<b>.py", "x", "y", findings=(HOSTILE,))),
    (
        "dags/sales.py::sales::missing-retries",
        Verdict("rule", "missing-retries", "warn", "dags/sales.py", "sales", findings=(RULE, RULE)),
    ),
    (
        "dags/sales.py::sales.score::killed",
        Verdict("scenario", "killed", "inconclusive", "dags/sales.py", "sales", "score", "needs <BigQuery>", "need BQ"),
    ),
    ("dags/sales.py::sales.done::killed", Verdict("scenario", "killed", "pass", "dags/sales.py", "sales", "done")),
    (".::no-airflow-plugins", Verdict("rule", "no-airflow-plugins", "fail", findings=(Finding("x", "A plugin."),))),
    ("dags/broken.py::import-error", Verdict("load", "import-error", "fail", "dags/broken.py", reason="It hangs.")),
    ("dags/sales.py::read-latest", Verdict("rule", "read-latest", "pass", "dags/sales.py", findings=(RULE,))),
]
"""Node id -> verdict: each kind and each verdict, and texts with markup, quotes, line breaks and control characters."""
