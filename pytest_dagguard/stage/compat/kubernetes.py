"""Kubernetes clients that were imported before the attempt: where they look was fixed at their import."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

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
        settings = sys.modules.get(f"{client}.client.configuration")
        if settings is not None:
            heed_no_proxy(settings.Configuration)


def heed_no_proxy(kind: Any) -> None:
    """Have a client heed ``NO_PROXY``, which version 35.0 (of the time of Airflow 3.2) reads and forgets at once.

    It would ask the proxy for the emulator, and the proxy leads nowhere.

    :param kind: the client's class ``Configuration``
    """
    made = kind.__init__
    if hasattr(made, "__wrapped__"):
        return

    @functools.wraps(made)
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        if getattr(self, "proxy", None) and not getattr(self, "no_proxy", None):
            self.no_proxy = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")

    kind.__init__ = make
