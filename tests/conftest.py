"""Fixtures that several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laboratory import Laboratory
from older import AIRFLOW

collect_ignore = ["stage/airflow2", "examples/test_older.py"]
"""What is about Airflow 2.11 alone is tested where that is: ``tox run -e airflow211``."""
if AIRFLOW < (3, 0):
    collect_ignore = ["stage/test_client.py", "stage/test_rehearse.py"]  # of what it does not have

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-user",
    "AWS_PROFILE": "production-a-secret-of-the-user",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/user/a-secret-of-the-user.json",
    "AIRFLOW_CONN_WAREHOUSE": "postgres://a-secret-of-the-user@warehouse/db",
    "AIRFLOW_VAR_KEY": "a-secret-of-the-user",
    "SLACK_TOKEN": "a-secret-of-the-user",
    "DATABASE_URL": "postgres://user:a-secret-of-the-user@db/x",
}
"""What is in the environment when the laboratory starts, and must not be in that of an attempt."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "airflow3: of what Airflow 2 does not have; left out under Airflow 2.11")
    config.addinivalue_line("markers", "slow: takes many seconds; left out with -m 'not slow'")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Stage and cloud, started once: loads DAG files, runs attempts, comes to verdicts."""
    made = Laboratory(tmp_path_factory.mktemp("laboratory"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        made.lab.start()
    yield made
    made.session.close()
