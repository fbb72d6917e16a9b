#: loaded = true
import json
import os
from pathlib import Path

from airflow.sdk import DAG, task

HOME = os.environ.get("HOME", "/")
json.loads(Path(__file__).with_suffix(".json").read_text()) if Path(__file__).with_suffix(".json").exists() else None
open(__file__).close()

with DAG("d", schedule=None):

    @task
    def in_the_task():
        os.environ["TZ"] = "Europe/London"
        Path("out.txt").write_text("x")

    in_the_task()

os.environ["STAGE"] = "test"  # flag
Path("out.txt").write_text("x")  # flag
os.makedirs("folder", exist_ok=True)  # flag
for name in "abcdefgh":
    os.environ[name] = "x"  # flag
