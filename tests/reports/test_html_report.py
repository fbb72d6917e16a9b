"""The HTML page, as a parser and as a browser reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import html5lib
import pytest

from pytest_dagguard.reports.html import document, write

from .hostile import DUPLICATE, FACTS, HOSTILE, ITEMS


def parsed(items: Any = ITEMS) -> Any:
    """The page's tree; a page that breaks a rule of HTML is an error."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(document(items, FACTS))


def text_of(node: Any) -> str:
    return " ".join("".join(node.itertext()).split())


@pytest.mark.parametrize("items", [ITEMS, ITEMS[4:5], []], ids=["all", "passed", "none"])
def test_the_page_is_valid_and_complete_in_itself(items: Any) -> None:
    tree = parsed(items)
    assert not list(tree.iter("script"))
    assert not list(tree.iter("link"))
    assert not list(tree.iter("img"))
    assert all(each.get("href").startswith("#") for each in tree.iter("a"))
    assert not re.search(r"url\(|@import", text_of(tree.find(".//style")))
    assert not [name for each in tree.iter() if isinstance(each.tag, str) for name in each.attrib if name[:2] == "on"]


def test_the_title_counts() -> None:
    assert text_of(parsed().find(".//title")) == "dagguard: 4 fail, 1 warn, 1 inconclusive, 2 pass"


def test_a_finding_is_told_with_its_history_why_fix_and_replay() -> None:
    article = parsed().find(".//article")
    told = text_of(article)
    for part in (DUPLICATE.message, DUPLICATE.resource, DUPLICATE.fix, "dags/sales & more.py:41"):
        assert part in told
    assert "pytest --dagguard --dagguard-replay=k1.ONSXG5A7Q" in told
    assert "again in each of 3 repetitions" in told
    rows = article.findall(".//table//tr")
    assert [[text_of(cell) for cell in row] for row in rows] == [
        ["attempt 1", "PutObject s3://clean/part-1", "created", "dags/sales.py:41"],
        ["^^^ attempt 1 is killed here"],
        ["attempt 2", "PutObject s3://clean/part-2", "created", "dags/sales.py:41"],
    ]
    assert "Checked: 2 of 2 kill states, 9 attempts, 41 operations in 1.2 s; bounded" in told
    assert "The second attempt failed with 412, as it should." in told


def test_hostile_texts_are_shown_as_they_are() -> None:
    article = parsed().findall(".//article")[1]
    told = text_of(article)
    assert "</p><script>document.title='taken'</script>red \\x07 \\x00 \\udcff" in told
    assert HOSTILE.resource in told
    assert HOSTILE.why in told
    assert "</table></details>" in told


def test_every_item_is_somewhere_and_what_is_inconclusive_has_its_reason() -> None:
    told = text_of(parsed())
    for item, _ in ITEMS:
        assert item in told
    assert "1 need BQ" in told
    assert "needs <BigQuery>" in told


def test_a_long_history_is_closed_at_first() -> None:
    item, verdict = ITEMS[0]
    long = [(item, replace(verdict, findings=(replace(DUPLICATE, history=("x",) * 100),)))]
    assert "open" in parsed(ITEMS[:1]).find(".//article//details").attrib
    assert "open" not in parsed(long).find(".//article//details").attrib


@pytest.mark.slow  # Chromium is half a gigabyte and seconds to start: too much for every run
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert browser, "this test shows the page in Chromium: apt-get install chromium"
    page = tmp_path / "report.html"
    write(ITEMS, FACTS, page)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    ran = subprocess.run(
        [browser, *options, "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    tree = html5lib.parse(ran.stdout, namespaceHTMLElements=False)
    assert text_of(tree.find(".//title")).startswith("dagguard: 4 fail")
    assert len(tree.findall(".//article")) == 5
    assert not list(tree.iter("script"))
    assert "</p><script>document.title='taken'</script>" in text_of(tree)
