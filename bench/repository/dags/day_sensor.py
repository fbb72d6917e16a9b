"""A sensor whose condition is met a day after it has begun to look, asked each minute."""

import time
from datetime import datetime

from airflow.sdk import dag, task

BEGAN = time.monotonic()


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def day_sensor():
    """One sensor; the file is loaded by each attempt, so it begins to count anew."""

    @task.sensor(poke_interval=60, timeout=2 * 86400, mode="poke")
    def work():
        """Say whether a day has passed."""
        return time.monotonic() - BEGAN >= 86400

    work()


day_sensor()
