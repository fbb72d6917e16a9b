"""What the team's DAGs share, as a plain module: whoever wants it imports it."""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import BaseOperator


class CountProgrammesOperator(BaseOperator):
    """Count the programmes of a day."""

    template_fields = ("day",)

    def __init__(self, *, day: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.day = day

    def execute(self, context: Any) -> None:
        s3 = S3Hook()
        names = s3.list_keys("programmes", prefix=f"{self.day}/") or []
        s3.load_string(json.dumps({"programmes": len(names)}), f"{self.day}.json", "counts", replace=True)
