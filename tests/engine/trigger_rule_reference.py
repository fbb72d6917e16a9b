"""Airflow's own ``TriggerRuleDep`` as a script: what becomes of a task, for each rule and all states before it, as JSON.

Run in a process of its own (by ``test_trigger_rules.py``), because importing Airflow's scheduler is not something that
other tests should find done. No database is asked: the task instances are given.
"""

from __future__ import annotations

import itertools
import json
import sys
from types import SimpleNamespace
from typing import Any

STATES = ("success", "failed", "skipped", "upstream_failed", None)


def becomes(task: Any, before: dict[str, str | None]) -> str:
    """The state that Airflow marks the task with, an empty text where it runs it, ``waits`` where it does neither."""
    from airflow.ti_deps.dep_context import DepContext
    from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep

    marked: list[str] = []

    def set_state(state: str, session: object = None) -> bool:
        marked.append(str(state))
        return True

    finished = [
        SimpleNamespace(task_id=name, state=state, map_index=-1, task=task.dag.get_task(name))
        for name, state in before.items()
        if state is not None
    ]
    instance = SimpleNamespace(
        task=task, task_id=task.task_id, map_index=-1, set_state=set_state, get_dagrun=lambda session=None: None
    )
    context = DepContext(flag_upstream_failed=True, finished_tis=finished)
    statuses = list(TriggerRuleDep().get_dep_statuses(instance, session=None, dep_context=context))
    if marked:
        return marked[0]
    return "" if all(each.passed for each in statuses) else "waits"


def main() -> None:
    """For each rule, over two tasks before it and over a setup and a task."""
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, TriggerRule

    rows = []
    for setup in (False, True):
        for rule in TriggerRule:
            with DAG("d", schedule=None) as dag:
                a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
                a.is_setup = setup
                c = EmptyOperator(task_id="c", trigger_rule=rule)
                [a, b] >> c
            assert c.dag is dag
            for first, second in itertools.product(STATES, STATES):
                found = becomes(c, {"a": first, "b": second})
                rows.append([str(rule.value), setup, first or "", second or "", found])
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
