"""Two mapped instances of one task run at once."""

from __future__ import annotations

from pytest_dagguard.model.dag import Task
from pytest_dagguard.model.plan import Plan
from pytest_dagguard.model.scenario import Scenario

TEXT = """\
What it does
  Runs the first two instances of a mapped task side by side, in every order of their operations that can make a
  difference, as far as the budget goes. The cloud must end up as when they run one after the other.

Why is this bad
  Airflow runs mapped instances at once. Two that read, change and write one object lose each other's changes; two that
  clear a common staging folder delete each other's files.

Example
  total = json.loads(read("totals.json"))       # both read the same total,
  total[name] = count
  write("totals.json", json.dumps(total))       # and the second write loses the first one's entry

Use instead
  write(f"totals/{name}.json", str(count))      # one object for each instance, and a task after them that adds up
"""


def plan(task: Task) -> Plan:
    """Two map indices side by side."""
    return Plan("siblings", "turns", peer="index")


def applies(task: Task) -> bool:
    """A task that is not mapped, nor in a mapped group, has no siblings."""
    return task.mapped or bool(task.mapped_group)


SCENARIO = Scenario("two mapped instances of one task run at once", TEXT, plan, applies)
