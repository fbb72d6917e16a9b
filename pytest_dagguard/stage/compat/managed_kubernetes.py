"""Operators of managed clusters (EKS, GKE): where they ask for their cluster and their token.

GKE is asked over gRPC, which no variable leads elsewhere. EKS is asked over HTTP, as everything of AWS; but for its
token each client starts a Python that imports the provider, eight seconds of which nothing comes but a signature that
nobody checks here. So both are changed where they are imported, in a process that is an attempt and nowhere else.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_dagguard.stage.compat import imported

_TOKEN = "testing"
_CREDENTIAL = (
    '{{"kind": "ExecCredential", "apiVersion": "{authentication_api_version}", "spec": {{}}, '
    '"status": {{"token": "k8s-aws-v1.testing"}}}}'
)


def lead_here() -> None:
    """Change the modules that are there, and those that come."""
    imported.change(_CHANGES)


def _eks(module: Any) -> None:
    """The command that a kubeconfig has for the token says one that is not signed."""
    if hasattr(module, "COMMAND"):
        module.COMMAND = f"printf '%s' '{_CREDENTIAL}'"


def _gke(module: Any) -> None:
    """A cluster of any name is the emulated one, and anybody may use it."""
    if hasattr(module, "GKEHook"):
        module.GKEHook.get_cluster = _get_cluster
    if hasattr(module, "GKEClusterConnection"):
        module.GKEClusterConnection._get_token = staticmethod(lambda credentials: _TOKEN)
    if hasattr(module, "GKEKubernetesAsyncHook"):
        module.GKEKubernetesAsyncHook.get_token = _get_token


def _get_cluster(self: Any, name: str, project_id: Any = None, **more: Any) -> Any:
    """As ``GKEHook.get_cluster``."""
    from google.cloud.container_v1.types import Cluster

    host = f"{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    certificate = Path(os.environ["DAGGUARD_SERVICE_ACCOUNT"], "ca.crt").read_bytes()
    found = Cluster(name=name, endpoint=host, status=Cluster.Status.RUNNING)
    found.private_cluster_config.private_endpoint = host
    found.control_plane_endpoints_config.dns_endpoint_config.endpoint = host
    found.master_auth.cluster_ca_certificate = base64.b64encode(certificate).decode()
    return found


class _Token:
    async def get(self) -> str:
        return _TOKEN


async def _get_token(self: Any) -> _Token:
    """As ``GKEKubernetesAsyncHook.get_token``."""
    return _Token()


_CHANGES: dict[str, Callable[[Any], None]] = {
    "airflow.providers.amazon.aws.hooks.eks": _eks,
    "airflow.providers.google.cloud.hooks.kubernetes_engine": _gke,
}
