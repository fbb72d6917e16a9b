"""Pointing Kubernetes clients at the emulator: a kubeconfig, a service account's files, and Airflow connections."""

from __future__ import annotations

import json
import shutil
import ssl
import tempfile
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

ACCOUNT = "DAGGUARD_SERVICE_ACCOUNT"
"""The variable that names the folder with ``token``, ``ca.crt`` and ``namespace``, as a pod has them below
``/var/run/secrets/kubernetes.io/serviceaccount``."""

# What a connection can carry that leads to another cluster, or to credentials for one.
_ELSEWHERE = frozenset(
    {"in_cluster", "kube_config", "kube_config_path", "cluster_context", "disable_verify_ssl", "disable_tcp_keepalive"}
)


class Folder:
    """Where the files are that clients are to read."""

    def __init__(self, path: str = "") -> None:
        """
        :param path: an existing folder; a temporary one is made, and removed in the end, where there is none
        """
        if not path:
            path = tempfile.mkdtemp(prefix="dagguard-kubernetes-")
            self._finalizer = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
        self.path = Path(path)

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file and return where it is."""
        path = self.path / name
        content = text.encode() if isinstance(text, str) else text
        # to look whether it is there already takes a tenth of the time; clients may have changed it
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return str(path)


class Authority:
    """The certificate authority of the cluster. It is made for this process and known to nobody else."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        issued = self._ca.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(self.context)

    @property
    def certificate(self) -> bytes:
        """Its certificate, as PEM."""
        return self._ca.cert_pem.bytes()


def kubeconfig(url: str) -> str:
    """A kubeconfig file's content, for one cluster at ``url``. It is JSON, which is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "dagguard", "cluster": {"server": url}}],
            "users": [{"name": "dagguard", "user": {"token": "testing"}}],
            "contexts": [
                {"name": "dagguard", "context": {"cluster": "dagguard", "user": "dagguard", "namespace": "default"}}
            ],
            "current-context": "dagguard",
        }
    )


def environment(folder: Folder, url: str) -> dict[str, str]:
    """Variables that point clients outside of the cluster at ``url``."""
    name = f"kubernetes/{urlsplit(url).port}.config"
    return {"KUBECONFIG": folder.write(name, kubeconfig(url))}


def inside(folder: Folder, authority: Authority, url: str) -> dict[str, str]:
    """Variables that make a client believe that it runs in the cluster, whose API server is at ``url``.

    Clients look for the account's files in a folder that is fixed: whoever starts the client brings them there from
    the folder that :data:`ACCOUNT` names.
    """
    port = str(urlsplit(url).port)
    place = Path(folder.write("kubernetes/account/ca.crt", authority.certificate)).parent
    folder.write("kubernetes/account/token", "testing")
    folder.write("kubernetes/account/namespace", "default")
    return {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
        ACCOUNT: str(place),
    }


def redirect(connection: dict[str, Any]) -> dict[str, Any] | None:
    """Have a ``kubernetes`` connection lead to the cluster of the environment.

    Nothing is put in its place: a connection with a configuration of its own beside ``KUBECONFIG`` is an error to the
    operators' triggers.
    """
    if connection.get("conn_type") != "kubernetes":
        return None
    text = connection.get("extra")
    try:
        extra = json.loads(text) if isinstance(text, str) and text else text
    except ValueError:
        extra = {}
    extra = extra if isinstance(extra, dict) else {}
    kept = {name: value for name, value in extra.items() if name.removeprefix("extra__kubernetes__") not in _ELSEWHERE}
    return {**connection, "host": None, "login": None, "password": None, "extra": json.dumps(kept)}
