"""Amazon EKS as far as somebody asks where a cluster is. Whatever its name, it is the one that is emulated."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import unquote

from pytest_dagguard.cloud.emulator import Request, Response
from pytest_dagguard.cloud.s3_address import scope
from pytest_dagguard.model.errors import NotEmulated
from pytest_dagguard.model.operation import Operation

SIGNING = "eks"
"""The name that its requests are signed with: they arrive at the port of S3."""

_CLUSTER = re.compile(r"/clusters/([^/]+)")
_ACCOUNT = "123456789012"


def is_asked(request: Request) -> bool:
    """Say whether a request is for EKS and not for a cluster."""
    return scope(request)[1] == SIGNING


def classify(request: Request) -> Operation:
    """Name the operation.

    :raises NotEmulated: another one than DescribeCluster: clusters are not made or changed here
    """
    return Operation(SIGNING, "DescribeCluster", f"eks://{_cluster(request)}")


def answer(request: Request, url: str, certificate: bytes) -> Response:
    """Say where the cluster is.

    :param url: of the caller's own port with https
    :param certificate: of the authority, as PEM
    :raises NotEmulated: as :func:`classify`
    """
    name, region = _cluster(request), scope(request)[0] or "us-east-1"
    cluster = {
        "name": name,
        "arn": f"arn:aws:eks:{region}:{_ACCOUNT}:cluster/{name}",
        "endpoint": url,
        "certificateAuthority": {"data": base64.b64encode(certificate).decode()},
        "status": "ACTIVE",
        "version": "1.32",
        "roleArn": f"arn:aws:iam::{_ACCOUNT}:role/testing",
        "resourcesVpcConfig": {"endpointPublicAccess": True, "endpointPrivateAccess": False},
    }
    return Response(200, (("Content-Type", "application/json"),), json.dumps({"cluster": cluster}).encode())


def _cluster(request: Request) -> str:
    found = _CLUSTER.fullmatch(request.path)
    if request.method != "GET" or found is None:
        what = f"{request.method} {request.path}"
        raise NotEmulated(SIGNING, what, "of EKS, DescribeCluster is emulated: the one cluster has any name")
    return unquote(found.group(1))
