"""Verdicts of several runs beside each other."""

from __future__ import annotations

from typing import Any

from . import beside


def run(**found: list[str]) -> dict[str, Any]:
    rows = [
        {"file": "f", "task": task, "scenario": "killed", "found": classes, "verdict": "fail" if classes else "pass"}
        for task, classes in found.items()
    ]
    figures = {"detection": {"killed": (1, 1)}, **dict.fromkeys(beside._FIGURES, 0)}
    return {"rows": rows, "figures": figures}


RUNS = {"3.0": run(broken=["lost", "leak"], mended=[]), "3.3": run(broken=["lost"], mended=[])}


def test_a_verdict_that_differs_is_shown_beside_the_last_runs() -> None:
    assert list(beside.table(RUNS))[2:] == [
        "| f | broken | lost (3.0: leak, lost) |",
        "| f | mended | pass |",
    ]
    assert list(beside.differences(RUNS)) == ["* `f`, broken, killed: leak, lost under 3.0, lost under 3.3"]


def test_runs_that_agree_differ_in_nothing() -> None:
    assert list(beside.differences({"3.0": RUNS["3.3"], "3.3": RUNS["3.3"]})) == []
    assert list(beside.figures(RUNS))[2:] == [
        "| 3.0 | 1 of 1 | 0 | 0 | 0 | 0 | 0 |",
        "| 3.3 | 1 of 1 | 0 | 0 | 0 | 0 | 0 |",
    ]
