"""AWS and a cluster to test with; whatever the cluster answered is checked against the published schemas in the end."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from kubernetes import client

import s3_rows
import s3_server
from airflow_client import Airflow
from aws_stand import Stand
from gcs_server import Front, listening
from kubernetes_server import Site, serve
from pytest_dagguard.cloud.emulator import Blobs
from pytest_dagguard.cloud.gcs import EMULATOR as gcs_emulator
from pytest_dagguard.cloud.gcs import Gcs
from pytest_dagguard.cloud.s3 import EMULATOR as s3_emulator
from pytest_dagguard.cloud.s3 import S3
from pytest_dagguard.model.seed import Seed

RELEASE = "1.32"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in an answer; items of a list one by one."""
    if not isinstance(value, dict) or "kind" not in value:
        return
    if isinstance(value.get("items"), list):
        for each in value["items"]:
            yield from objects(each)
    elif value["kind"] == "Table":
        for each in value["rows"]:
            yield from objects(each.get("object"))
    else:
        yield value


@functools.cache
def meta_schema(part: str) -> jsonschema.Draft202012Validator:
    """The published schema of one of the types that no kind has for itself."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{RELEASE}.0-local-strict"
    text = (folder / "_definitions.json").read_text(encoding="utf-8").replace("_definitions.json#", "#")
    reference = f"#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.{part}"
    return jsonschema.Draft202012Validator({**json.loads(text), "$ref": reference})


def check_schema(value: dict[str, Any]) -> None:
    """Fail where an object is not as the published schema of its kind says."""
    if value["kind"] in ("Status", "PartialObjectMetadata"):
        part = "Status" if value["kind"] == "Status" else "ObjectMeta"
        meta_schema(part).validate(value if part == "Status" else value["metadata"])
    elif "." not in value["apiVersion"].partition("/")[0] or value["apiVersion"].partition("/")[0].endswith(".k8s.io"):
        kubernetes_validate.validate(value, RELEASE, strict=True)


@pytest.fixture
def kube(tmp_path: Path) -> Iterator[Site]:
    """A cluster of its own."""
    with serve(tmp_path) as site:
        yield site
    seen: set[str] = set()
    for request, answer in site.answers:
        assert answer.status < 500, (request.method, request.path, answer.body)
        if answer.body[:1] != b"{" or request.path.startswith(("/openapi", "/api/v1/namespaces/default/pods/log")):
            continue
        for each in objects(json.loads(answer.body)):
            text = json.dumps({**each, "metadata": {**each.get("metadata", {}), "resourceVersion": "1"}})
            if text not in seen and each["kind"] not in ("APIVersions", "APIGroupList", "APIResourceList", "APIGroup"):
                check_schema(each)
            seen.add(text)


@pytest.fixture
def core(kube: Site) -> client.CoreV1Api:
    """The official client's core API."""
    configuration = client.Configuration()
    configuration.host = kube.url
    return client.CoreV1Api(client.ApiClient(configuration))


@pytest.fixture
def batch(core: client.CoreV1Api) -> client.BatchV1Api:
    """The official client's batch API."""
    return client.BatchV1Api(core.api_client)


@pytest.fixture(scope="module")
def served_aws() -> Iterator[Stand]:
    """AWS beside S3, for a whole module."""
    stand = Stand()
    with s3_server.serve(stand.emulator) as server:
        stand.url, stand.operations, stand.refused = server.url, server.operations, server.refused
        yield stand


@pytest.fixture
def aws(served_aws: Stand) -> Stand:
    """AWS beside S3, empty."""
    served_aws.emulator.restore(served_aws.empty)
    served_aws.clock.restore((0.0, 0, ()))
    for each in (served_aws.said, served_aws.operations, served_aws.refused):
        each.clear()
    return served_aws


@pytest.fixture(scope="module")
def served_s3() -> Iterator[s3_rows.Stand]:
    """S3 and a client, for a whole module."""
    with s3_rows.stand() as made:
        yield made


@pytest.fixture
def s3_client(served_s3: s3_rows.Stand) -> Any:
    """A client of an S3 with one empty bucket, ``bkt``."""
    return served_s3.emptied()


@pytest.fixture
def blobs() -> Blobs:
    """The content that emulators keep, by digest."""
    return Blobs()


@pytest.fixture
def gcs(blobs: Blobs) -> Gcs:
    """A GCS emulator with two empty buckets."""
    made = gcs_emulator(blobs, False)
    made.seed(Seed(gcs={"bkt": {}, "other": {}}))
    return made


@pytest.fixture
def gcs_front(gcs: Gcs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """That emulator behind a port, and the test's own environment as an attempt's."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with listening(gcs) as found:
        for name, text in gcs.environment(found.url).items():
            monkeypatch.setenv(name, text)
        yield found


@pytest.fixture
def s3(blobs: Blobs) -> S3:
    """An S3 emulator with a seed."""
    made = s3_emulator(blobs, True)
    made.seed(Seed(s3={"bkt": {"in/a": b"aaa", "in/b c": b"bbb"}, "empty": {}}))
    return made


@pytest.fixture
def s3_front(s3: S3) -> Iterator[Any]:
    """That emulator behind a port."""
    with s3_server.serve(s3) as running:
        yield running


@pytest.fixture
def airflow() -> Airflow:
    """The Execution API, with a run of a DAG."""
    return Airflow()
