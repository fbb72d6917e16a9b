"""The text on the terminal, letter by letter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_dagguard.model.finding import Finding
from pytest_dagguard.model.verdict import Checked, Verdict
from pytest_dagguard.reports.terminal import WIDTH, failure, node_id, summary

DUPLICATE = Finding(
    cls="duplicate",
    message="A clean run leaves 1 object in s3://clean/ds=2024-01-01/; killed in line 3 and retried, "
    "it leaves 2 with the same rows.",
    resource="s3://clean/ds=2024-01-01/part-<uuid>",
    file="dags/sales.py",
    line=3,
    why="The name of the object is made anew by each try, so the retry does not overwrite what the killed "
    "try left, and whoever reads the folder counts every sale twice.",
    fix='Make the name from the logical date: f"ds={ds}/part-0.csv".',
    confirmed=3,
    history=(
        "attempt 1  GetObject s3://raw/2024-01-01.csv                read     dags/sales.py:2",
        "attempt 1  PutObject s3://clean/ds=2024-01-01/part-1f.csv   created  dags/sales.py:3",
        "    ^^^ attempt 1 is killed here",
        "attempt 2  PutObject s3://clean/ds=2024-01-01/part-9a.csv   created  dags/sales.py:3",
        "attempt 2 ends success",
    ),
)
KILLED = Verdict(
    kind="scenario",
    check="killed",
    verdict="fail",
    file="dags/sales.py",
    dag_id="sales",
    task_id="load_sales",
    seconds=1.23,
    checked=Checked(kill_states=(2, 2), attempts=9, operations=41),
    findings=(DUPLICATE,),
)
LEAK = Finding("leak", "An unfinished upload stays behind.", "s3-upload://clean/x", "dags/sales.py", 3)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    source = 'def load(ds):\n    rows = s3.get("raw", ds)\n    s3.put("clean", f"ds={ds}/part-{uuid4()}", rows)\n'
    (tmp_path / "dags/sales.py").write_text(source)
    return tmp_path


def test_a_kill_that_duplicates(root: Path) -> None:
    expected = """\
        sales.load_sales does not withstand the scenario "killed": the cloud does not end as one clean run
        leaves it.

        duplicate: s3://clean/ds=2024-01-01/part-<uuid>
          A clean run leaves 1 object in s3://clean/ds=2024-01-01/; killed in line 3 and retried, it leaves
          2 with the same rows.

          dags/sales.py:3
            > s3.put("clean", f"ds={ds}/part-{uuid4()}", rows)

          What happened:
            attempt 1  GetObject s3://raw/2024-01-01.csv                read     dags/sales.py:2
            attempt 1  PutObject s3://clean/ds=2024-01-01/part-1f.csv   created  dags/sales.py:3
                ^^^ attempt 1 is killed here
            attempt 2  PutObject s3://clean/ds=2024-01-01/part-9a.csv   created  dags/sales.py:3
            attempt 2 ends success

          Why:  The name of the object is made anew by each try, so the retry does not overwrite what the
                killed try left, and whoever reads the folder counts every sale twice.
          Fix:  Make the name from the logical date: f"ds={ds}/part-0.csv".
          Seen: again in each of 3 repetitions with a real SIGKILL

        Checked: 2 of 2 kill states, 9 attempts, 41 operations in 1.2 s
        Again:   pytest --dagguard --dagguard-scenarios killed dags/sales.py::sales.load_sales::killed
        More:    pytest --dagguard-explain duplicate"""
    assert failure(KILLED, root) == dedent(expected)


def test_two_findings_are_numbered(root: Path) -> None:
    short = Finding("torn", "Half of it is there.", "s3://a/b", replay="k1.A")
    verdict = replace(
        KILLED,
        findings=(short, replace(LEAK, confirmed=1)),
        checked=Checked(schedules=1, attempts=1, bounded=True),
        notes=("The second attempt failed with 412, as it should.",),
    )
    expected = """\
        sales.load_sales does not withstand the scenario "killed": the cloud does not end as one clean run
        leaves it.

        1. torn: s3://a/b
          Half of it is there.

        2. leak: s3-upload://clean/x
          An unfinished upload stays behind.

          dags/sales.py:3
            > s3.put("clean", f"ds={ds}/part-{uuid4()}", rows)

          Seen: again in each of 1 repetition with a real SIGKILL

        Note: The second attempt failed with 412, as it should.

        Checked: 1 schedule, 1 attempt in 1.2 s; bounded: --dagguard-budget cut the search
        Repeat:  pytest --dagguard --dagguard-replay=k1.A  (1)
        Again:   pytest --dagguard --dagguard-scenarios killed dags/sales.py::sales.load_sales::killed
        More:    pytest --dagguard-explain torn"""
    assert failure(verdict, root) == dedent(expected)


def test_a_file_that_does_not_load(root: Path) -> None:
    finding = Finding(
        "import-error", "No module named 'pandsa'", file="dags/my dag.py", line=1, fix="Correct the name."
    )
    verdict = Verdict("load", "import-error", "fail", file="dags/my dag.py", findings=(finding,))
    expected = """\
        dags/my dag.py does not load.

        import-error
          No module named 'pandsa'

          dags/my dag.py:1

          Fix:  Correct the name.

        Again:   pytest --dagguard 'dags/my dag.py::import-error'"""
    assert failure(verdict, root) == dedent(expected)


def test_a_rule(root: Path) -> None:
    finding = Finding("missing-retries", "extract has no retries.", file="dags/sales.py", line=1)
    verdict = Verdict("rule", "missing-retries", "fail", "dags/sales.py", "sales", findings=(finding,))
    lines = failure(verdict, root).splitlines()
    assert lines[0] == "extract has no retries.", "it is what pytest shows in its summary"
    assert [line for line in lines if "extract" in line] == lines[:1]
    assert lines[-2:] == [
        "Again:   pytest --dagguard dags/sales.py::sales::missing-retries",
        "More:    pytest --dagguard-explain missing-retries",
    ]


def test_a_rule_that_warns_under_strict_tells_what_it_found(root: Path) -> None:
    finding = Finding("missing-retries", "extract has no retries.", file="dags/sales.py", line=1)
    verdict = Verdict("rule", "missing-retries", "warn", "dags/sales.py", "sales", findings=(finding,))
    assert "  extract has no retries." in failure(verdict, root).splitlines()


def test_warnings_of_one_rule_are_cut_and_counted(root: Path) -> None:
    found = Finding("missing-retries", "it has no retries", file="dags/sales.py", line=1)
    verdicts = [
        Verdict("rule", "missing-retries", "warn", "dags/sales.py", f"d{n}", findings=(found,)) for n in range(9)
    ]
    lines = summary(verdicts)
    assert len(lines) == 4
    assert lines[-1].startswith("warn and 6 more of missing-retries")
    assert len(summary(verdicts, notes=True)) == 9


def test_notes_are_told_where_they_are_asked_for(root: Path) -> None:
    found = Finding("missing-retries", "it has no retries", file="dags/sales.py", line=1)
    verdict = Verdict("rule", "rules", "pass", "dags/sales.py", findings=(found,))
    assert summary([verdict]) == []
    assert summary([verdict], notes=True) == ["note dags/sales.py:1: missing-retries: it has no retries"]


def test_inconclusive_under_strict(root: Path) -> None:
    verdict = replace(KILLED, verdict="inconclusive", reason="glue StartJobRun is not emulated", findings=())
    assert failure(verdict, root).splitlines()[:4] == [
        'sales.load_sales: the scenario "killed" is inconclusive, which --dagguard-strict counts as a',
        "failure.",
        "",
        "glue StartJobRun is not emulated",
    ]


def test_a_warning_under_strict(root: Path) -> None:
    assert failure(replace(KILLED, verdict="warn", findings=(LEAK,)), root).startswith(
        'sales.load_sales: the scenario "killed" gives a warning, which --dagguard-strict counts as a\nfailure.'
    )


def test_of_many_findings_the_rest_is_told_in_short(root: Path) -> None:
    text = failure(replace(KILLED, findings=(LEAK,) * 8), root)
    assert "5. leak" in text
    assert "6. leak" not in text
    assert "\n3 more:\n  dags/sales.py:3: leak: An unfinished upload stays behind.\n" in text


def test_of_a_long_history_the_middle_is_left_out(root: Path) -> None:
    history = tuple(f"operation {number}" for number in range(1, 201))
    lines = failure(replace(KILLED, findings=(replace(DUPLICATE, history=history),)), root).splitlines()
    start = lines.index("    operation 1")
    assert lines[start + 19 : start + 22] == [
        "    operation 20",
        "    ... 120 more operations ...",
        "    operation 141",
    ]
    assert "    operation 200" in lines


def test_columns_that_a_tab_separates_are_aligned(root: Path) -> None:
    history = ("attempt 1\tPutObject\tdags/a.py:1", "attempt 1 is killed", "pod\tx\tdags/a.py:22")
    text = failure(replace(KILLED, findings=(replace(DUPLICATE, history=history),)), root)
    assert (
        "    attempt 1  PutObject  dags/a.py:1\n    attempt 1 is killed\n    pod        x          dags/a.py:22\n"
        in text
    )


def test_long_lines_are_wrapped_and_names_stay_whole(root: Path) -> None:
    name = "s3://bucket/" + "x" * 150
    finding = replace(DUPLICATE, message=f"It is {name} that is there twice.", history=("word " * 60, f"a {name} b"))
    lines = failure(replace(KILLED, findings=(finding,)), root).splitlines()
    assert f"  {name}" in lines
    assert f"        {name} b" in lines or f"        {name}" in lines
    assert all(len(line) <= WIDTH or name in line for line in lines)


@pytest.mark.parametrize(
    ("file", "line"),
    [("dags/none.py", 3), ("dags/sales.py", 99), ("dags", 1), ("dags/sales.py", -1), ("dags/\0.py", 1)],
)
def test_a_source_that_cannot_be_read_is_only_named(root: Path, file: str, line: int) -> None:
    text = failure(replace(KILLED, findings=(replace(LEAK, file=file, line=line),)), root)
    assert "    > " not in text
    assert f"  {file}:{line}".replace("\0", "") in text


def test_nothing_can_colour_or_move_the_terminal(root: Path) -> None:
    finding = Finding("torn", "a \x1b[31mred\x1b[0m \x07bell\r and \x9b2J \udcff", "s3://a/\x1b]0;title\x07b")
    text = failure(replace(KILLED, findings=(finding,), notes=("\x1b[2J",)), root)
    assert not {"\x1b", "\x07", "\r", "\x9b"} & set(text)
    assert "a red bell and 2J \\udcff" in text
    text.encode("utf-8")


def test_a_verdict_with_nothing_in_it(root: Path) -> None:
    assert failure(Verdict("rule", "x", "fail"), root) == (
        'the repository does not keep the rule "x".\n\nAgain:   pytest --dagguard .::x'
    )


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (KILLED, "dags/sales.py::sales.load_sales::killed"),
        (Verdict("rule", "missing-retries", "fail", "dags/sales.py", "sales"), "dags/sales.py::sales::missing-retries"),
        (Verdict("load", "import-error", "fail", "dags/broken.py"), "dags/broken.py::import-error"),
        (Verdict("rule", "no-airflow-plugins", "fail"), ".::no-airflow-plugins"),
    ],
)
def test_ids_are_those_of_the_contract(verdict: Verdict, expected: str) -> None:
    assert node_id(verdict) == expected


def unclear(group: str, count: int) -> list[Verdict]:
    return [Verdict("scenario", "killed", "inconclusive", reason="because", group=group)] * count


def test_the_summary_counts_what_is_inconclusive_by_its_reason() -> None:
    verdicts = [
        *unclear("exceeded the budget", 2),
        KILLED,
        *unclear("need BigQuery", 9),
        *unclear("lack seed data", 3),
    ]
    assert summary(verdicts) == ["14 inconclusive: 9 need BigQuery, 3 lack seed data, 2 exceeded the budget"]


def test_reasons_without_a_group() -> None:
    assert summary(unclear("", 3)) == ["3 inconclusive"]
    assert summary([*unclear("", 3), *unclear("need Glue", 1)]) == ["4 inconclusive: 1 need Glue, 3 for other reasons"]


def test_the_summary_says_what_was_cut() -> None:
    cut = replace(KILLED, verdict="pass", findings=(), checked=Checked(bounded=True))
    name = "dags/sales.py::sales.load_sales::killed"
    assert summary([cut]) == [f"1 bounded, cut by --dagguard-budget: {name}"]
    assert summary([cut] * 5) == [f"5 bounded, cut by --dagguard-budget: {name}, {name}, {name} and 2 more"]


def test_the_summary_has_a_line_for_each_warning() -> None:
    window = Finding("reader-window", "For a while\nnothing is there.", file="dags/sales.py")
    placeless = Finding("leak", "It stays.")
    verdicts = [
        replace(KILLED, verdict="warn", findings=(LEAK, window, placeless)),
        replace(KILLED, verdict="fail", findings=(LEAK,)),
        Verdict("rule", "clock", "warn", "dags/a.py", "a", reason="odd"),
    ]
    assert summary(verdicts) == [
        "warn dags/sales.py:3: sales.load_sales killed: leak: An unfinished upload stays behind.",
        "warn dags/sales.py: sales.load_sales killed: reader-window: For a while nothing is there.",
        "warn dags/sales.py: sales.load_sales killed: leak: It stays.",
        "warn dags/a.py: a clock: odd",
    ]


def test_a_summary_of_nothing() -> None:
    assert summary([]) == []
    assert summary([replace(KILLED, verdict="pass", findings=())]) == []
