"""Rows of what S3 does, and the shorthand they are written in.

A row that says "mended" fails on plain moto. Statuses and codes are those of the API reference and the user guide.
Where the documentation is silent the row's comment says what was chosen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.s3 import EMULATOR, S3
from s3_server import CREDENTIALS, serve

Check = Callable[[Any], None]
"""Gets a client whose only bucket, ``bkt``, is empty."""

PART = 5 * 1024 * 1024


def refused(status: int, code: str, call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)


def put(s3: Any, key: str = "k", body: bytes = b"one", **more: Any) -> str:
    return str(s3.put_object(Bucket="bkt", Key=key, Body=body, **more)["ETag"])


def get(s3: Any, key: str = "k") -> bytes:
    return bytes(s3.get_object(Bucket="bkt", Key=key)["Body"].read())


def keys(s3: Any, **more: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="bkt", **more).get("Contents", [])]


def begin(s3: Any, key: str = "k", **more: Any) -> str:
    return str(s3.create_multipart_upload(Bucket="bkt", Key=key, **more)["UploadId"])


def part(s3: Any, upload: str, number: int = 1, body: bytes = b"part", key: str = "k") -> dict[str, Any]:
    answer = s3.upload_part(Bucket="bkt", Key=key, UploadId=upload, PartNumber=number, Body=body)
    return {"PartNumber": number, "ETag": answer["ETag"]}


def complete(s3: Any, upload: str, *parts: dict[str, Any], key: str = "k", **more: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket="bkt", Key=key, UploadId=upload, MultipartUpload={"Parts": list(parts)}, **more
    )


@dataclass(frozen=True)
class Rows:
    """The rows of one file: called with a sentence, it takes down the check below as what the sentence says."""

    checks: list[tuple[str, Check]] = field(default_factory=list)

    def __call__(self, text: str) -> Callable[[Check], Check]:
        def keep(check: Check) -> Check:
            self.checks.append((text, check))
            return check

        return keep

    def params(self) -> list[Any]:
        return [pytest.param(check, id=text) for text, check in self.checks]


@dataclass(frozen=True)
class Stand:
    """An emulator with its server and a client, for a whole file."""

    emulator: S3
    client: Any
    empty: Any

    def emptied(self) -> Any:
        """The client, and nothing but an empty bucket."""
        self.emulator.restore(self.empty)
        return self.client


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    """Serve an emulator with one empty bucket, ``bkt``."""
    emulator = EMULATOR(Blobs(), False)
    with serve(emulator) as server:
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.client("s3", endpoint_url=server.url, config=config, **CREDENTIALS)
        client.create_bucket(Bucket="bkt")
        yield Stand(emulator, client, emulator.snapshot())
