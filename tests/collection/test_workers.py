"""Which items stay together on a worker of pytest-xdist."""

from __future__ import annotations

import pytest

from pytest_dagguard.collection.workers import group_of


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("dags/sales.py::sales.load::killed", "dags/sales.py::sales"),
        ("dags/sales.py::sales.group.load::twice", "dags/sales.py::sales"),
        ("dags/sales.py::other.load::twice", "dags/sales.py::other"),
        ("dags/broken.py::import-error", "dags/broken.py::import-error"),
        ("tests/test_x.py::test_one", "tests/test_x.py::test_one"),
        ("tests/test_x.py::TestCase::test_one", "tests/test_x.py::TestCase::test_one"),
        ("tests/test_x.py::test_one[a.b]", "tests/test_x.py::test_one[a.b]"),
        (".::no-airflow-plugins", ".::no-airflow-plugins"),
    ],
)
def test_items_of_one_dag_are_one_group_and_others_are_their_own(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group
