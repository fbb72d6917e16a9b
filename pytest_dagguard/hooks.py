"""Hook specifications for third parties. Implement them in a ``conftest.py`` or a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_dagguard.model.verdict import Verdict


@pytest.hookspec()
def pytest_dagguard_verdict(nodeid: str, verdict: Verdict) -> None:
    """Called for each verdict, in the process that writes the reports.

    :param nodeid: pytest's name of the item
    """
