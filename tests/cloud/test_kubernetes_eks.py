"""Where a cluster of EKS is, asked as boto3 asks: at the port of S3, signed for EKS."""

from __future__ import annotations

import base64
import json

import pytest
from multidict import CIMultiDict

from pytest_dagguard.cloud.emulator import Blobs, Caller, Request
from pytest_dagguard.cloud.kubernetes import EMULATOR
from pytest_dagguard.model.errors import NotEmulated

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=testing/20240101/eu-west-1/eks/aws4_request, Signature=x"}
CALLER = Caller("attempt 1", {"kubernetes-tls": "https://127.0.0.1:1234"})


def request(method: str, path: str) -> Request:
    return Request(method, "127.0.0.1", path, "", CIMultiDict(SIGNED), b"")


def test_a_cluster_of_any_name_is_the_one_that_is_emulated():
    emulator = EMULATOR(Blobs(), True)
    operation = emulator.classify(request("GET", "/clusters/production"))
    assert (operation.service, operation.verb, operation.resource) == ("eks", "DescribeCluster", "eks://production")
    assert not operation.writes
    found = json.loads(emulator.apply(request("GET", "/clusters/production"), CALLER).body)["cluster"]
    assert (found["name"], found["endpoint"], found["status"]) == ("production", "https://127.0.0.1:1234", "ACTIVE")
    assert base64.b64decode(found["certificateAuthority"]["data"]) == emulator.authority.certificate


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/clusters"), ("GET", "/clusters"), ("GET", "/clusters/a/addons")]
)
def test_clusters_are_not_made_or_looked_into(method: str, path: str):
    with pytest.raises(NotEmulated, match="DescribeCluster is emulated"):
        EMULATOR(Blobs(), True).classify(request(method, path))
