"""The emulator of AWS beside S3 behind a port, for real clients."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_dagguard.cloud.aws import DURATION, EMULATOR
from pytest_dagguard.cloud.clock import Clock
from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation


class Stand:
    """The emulator behind a port, with a clock and nothing else."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.clock = Clock()
        world: Any = SimpleNamespace(clock=self.clock, behaviour=lambda kind, name: self.said.get(name, ""))
        self.emulator = EMULATOR(Blobs(), True)
        self.emulator.attach(world)
        self.empty = self.emulator.snapshot()
        self.url = ""
        self.operations: list[Operation] = []
        self.refused: list[NotEmulated] = []

    def client(self, service: str, region: str = "us-east-1") -> Any:
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=True)
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.url, region_name=region, config=config, **keys)

    def pass_time(self, seconds: float = DURATION) -> None:
        until = self.clock.now + seconds
        while (alarm := self.clock.pop(until)) is not None:
            self.emulator.ring(*alarm.what)

    def jobs(self) -> list[str]:
        return sorted(self.emulator.entries())


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])
