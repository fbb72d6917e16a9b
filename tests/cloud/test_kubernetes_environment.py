"""The files that Kubernetes clients read are what they should be for each actor, whoever had them before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_dagguard.cloud.kubernetes_api import environment


@pytest.mark.parametrize("change", [lambda path: path.write_text("mine"), lambda path: path.unlink(), lambda _: None])
def test_what_a_client_has_changed_is_as_it_was_for_the_next(tmp_path: Path, change: object) -> None:
    folder, authority = environment.Folder(str(tmp_path)), environment.Authority()
    first = environment.inside(folder, authority, "https://127.0.0.1:1")
    token = Path(first[environment.ACCOUNT], "token")
    assert callable(change)
    change(token)
    second = environment.inside(folder, authority, "https://127.0.0.1:2")
    assert token.read_text() == "testing"
    assert Path(second[environment.ACCOUNT], "ca.crt").read_bytes() == authority.certificate
    assert second["KUBERNETES_SERVICE_PORT"] == "2"


def test_each_port_has_a_configuration_of_its_own(tmp_path: Path) -> None:
    folder = environment.Folder(str(tmp_path))
    paths = [environment.environment(folder, f"http://127.0.0.1:{port}")["KUBECONFIG"] for port in (1, 2)]
    servers = [json.loads(Path(each).read_text())["clusters"][0]["cluster"]["server"] for each in paths]
    assert servers == ["http://127.0.0.1:1", "http://127.0.0.1:2"]
