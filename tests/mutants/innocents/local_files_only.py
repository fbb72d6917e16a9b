"""Works in /tmp alone, and leaves it untidy: the next try runs on another machine."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, default_args={"retries": 2})
def local_files_only():
    @task
    def compute(ds: str) -> int:
        Path("/tmp/computed.txt").write_text(ds)
        with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
            file.write("a,b\n" * 100)
        return Path(file.name).stat().st_size

    compute()


local_files_only()
