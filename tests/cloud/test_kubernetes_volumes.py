"""What lies in volumes: with its pod, or for the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from kubernetes_server import Site, pod

CLAIM = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
HOST = {"name": "v", "hostPath": {"path": "/mnt/data"}}
OWN: dict[str, Any] = {"name": "v", "emptyDir": {}}


def begin(core: client.CoreV1Api, kube: Site, volume: dict[str, Any], name: str = "p") -> Path:
    """Start a pod and return the folder of its volume."""
    body = pod(name, image="fn", volumes=[volume])
    body["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/data"}]
    core.create_namespaced_pod("default", body)
    kube.wait(1)
    return Path(kube.world.births[-1].facts["mounts"]["/data"])


def names(kube: Site) -> list[str]:
    return [name for name in kube.emulator.entries() if name.startswith("k8s-volume://")]


def test_a_volume_of_its_own_goes_with_its_pod(core: client.CoreV1Api, kube: Site) -> None:
    folder = begin(core, kube, OWN)
    (folder / "a").write_text("1")
    assert names(kube) == []
    core.delete_namespaced_pod("p", "default")
    assert not folder.exists()


@pytest.mark.parametrize("volume", [CLAIM, HOST])
def test_a_claim_and_a_host_have_it_for_the_next_pod_and_it_is_state(
    core: client.CoreV1Api, kube: Site, volume: dict[str, Any]
) -> None:
    folder = begin(core, kube, volume)
    (folder / "sub").mkdir()
    (folder / "sub" / "a").write_text("1")
    core.delete_namespaced_pod("p", "default")
    assert begin(core, kube, volume, "q") == folder
    (name,) = names(kube)
    assert name.endswith("/sub/a")
    assert kube.emulator.blobs.contents[kube.emulator.entries()[name].digest] == b"1"


def test_a_state_that_is_brought_back_has_its_files_and_no_others(core: client.CoreV1Api, kube: Site) -> None:
    nothing = kube.emulator.snapshot()
    folder = begin(core, kube, CLAIM)
    (folder / "a").write_text("1")
    own = begin(core, kube, OWN, "q")
    one = kube.do(kube.emulator.snapshot)
    (folder / "a").write_text("2")
    (folder / "b").write_text("3")
    kube.do(lambda: kube.emulator.restore(one))
    assert {each.name: each.read_text() for each in folder.iterdir()} == {"a": "1"}
    assert own.exists()
    kube.do(lambda: kube.emulator.restore(nothing))
    assert names(kube) == []
    assert not own.exists()
