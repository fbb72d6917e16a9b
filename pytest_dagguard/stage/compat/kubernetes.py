"""Kubernetes clients that were imported before the attempt: where they look was fixed at their import."""

from __future__ import annotations

import os
import sys

_ACCOUNT = "DAGGUARD_SERVICE_ACCOUNT"
"""Names the folder with what a pod has below ``/var/run/secrets/kubernetes.io/serviceaccount``."""


def find() -> None:
    """Have the clients that are there look where the environment of this process says."""
    config, account = os.environ.get("KUBECONFIG"), os.environ.get(_ACCOUNT)
    for client in ("kubernetes", "kubernetes_asyncio"):
        outside = sys.modules.get(f"{client}.config.kube_config")
        if outside is not None and config and hasattr(outside, "KUBE_CONFIG_DEFAULT_LOCATION"):
            setattr(outside, "KUBE_CONFIG_DEFAULT_LOCATION", config)  # noqa: B010 - mypy knows no such name
        inside = sys.modules.get(f"{client}.config.incluster_config")
        if inside is not None and account:
            for name, file in (("SERVICE_TOKEN_FILENAME", "token"), ("SERVICE_CERT_FILENAME", "ca.crt")):
                if hasattr(inside, name):
                    setattr(inside, name, os.path.join(account, file))
