"""The annotations, letter by letter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pytest_dagguard.reports.github import lines, write

from .hostile import FACTS, ITEMS


def test_a_finding_is_one_command_with_its_place() -> None:
    assert lines(ITEMS[:1])[0] == (
        "::error file=dags/sales & more.py,line=41,title=duplicate%3A sales.load_sales::"
        'A clean run leaves 1 object; this one leaves 2 with "the same" <rows> & more.%0A'
        "Why: The name is made anew by each try.%0ASo the retry writes beside it: 100%25.%0A"
        'Fix: Make the name from the logical date: f"ds={ds}/part-0.csv".%0A'
        "Repeat: pytest --dagguard --dagguard-replay=k1.ONSXG5A7Q"
    )


def test_what_would_end_a_property_is_escaped() -> None:
    hostile = next(each for each in lines(ITEMS) if "torn" in each)
    assert hostile.startswith("::error file=dags/a%2Cb%3Ac%25d.py,line=1,title=torn%3A x.y::")


def test_no_text_can_begin_a_command_of_its_own(tmp_path: Path) -> None:
    write(ITEMS, FACTS, tmp_path / "annotations")
    written = (tmp_path / "annotations").read_bytes().decode("utf-8")
    assert written.endswith("\n")
    assert "\r" not in written
    assert written.startswith("\n::"), "pytest's progress before it may not have ended its line"
    for line in written.splitlines()[1:]:
        assert re.match(r"::(error|warning|notice) ([a-z]+=[^,:]*)(,[a-z]+=[^,:]*)*::", line)
        assert line.isprintable()


def test_the_output_of_a_run_is_added_to_and_not_replaced(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pytest_dagguard.reports.report import save; "
        "print('before', flush=True); save(Path('/dev/stdout'), '::notice::x\\n'); print('after')"
    )
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", code], stdout=log, check=True)
    assert (tmp_path / "log").read_text() == "before\n::notice::x\nafter\n"


def test_the_heaviest_come_first_and_what_changes_no_verdict_is_counted_last() -> None:
    kinds = [line.split(" ")[0] for line in lines(ITEMS)]
    assert kinds == ["::error"] * 4 + ["::warning"] * 3 + ["::notice"] * 2
    assert lines(ITEMS)[-2:] == [
        "::notice title=dagguard%3A remarks%3A 1::1 missing-retries",
        "::notice title=dagguard%3A inconclusive%3A 1::1 need BQ",
    ]


def test_a_finding_of_the_repository_has_no_file() -> None:
    assert lines(ITEMS[5:6]) == ["::error title=x%3A the repository::A plugin."]


def test_nothing_to_say() -> None:
    assert lines([]) == []
    assert lines(ITEMS[4:5]) == []
