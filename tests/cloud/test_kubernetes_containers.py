"""What a container is given, what it waits for, and what it answers to who executes a command in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

from kubernetes_server import SIDECAR, Site, codes, phase, pod, with_sidecar
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.seed import Seed


def test_a_function_is_begun_with_what_the_container_has(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", {"metadata": {"name": "c"}, "data": {"COLOUR": "red", "f.txt": "x"}})
    core.create_namespaced_secret("default", {"metadata": {"name": "s"}, "stringData": {"key": "secret"}})
    body = pod("train-abcde", image="fn")
    body["spec"]["volumes"] = [{"name": "work", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "c"}}]
    body["spec"]["containers"][0] |= {
        "command": ["python", "-c"],
        "args": ["$(GREETING) $(UNKNOWN) $$(X)"],
        "env": [
            {"name": "GREETING", "value": "hello $(COLOUR)"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "key"}}},
            {"name": "MINE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "key", "optional": True}}},
        ],
        "envFrom": [{"configMapRef": {"name": "c"}}],
        "volumeMounts": [{"name": "work", "mountPath": "/work"}, {"name": "conf", "mountPath": "/etc/conf"}],
    }
    core.create_namespaced_pod("default", body)
    kube.wait(0)
    (birth,) = kube.world.births
    assert (birth.actor, birth.kind, birth.behaviour) == ("pod default/train#1", "pod", "tests.fakes:fn")
    facts = birth.facts
    assert (facts["name"], facts["namespace"], facts["container"]) == ("train-abcde", "default", "base")
    assert facts["args"] == ["hello red $(UNKNOWN) $(X)"]
    assert {name: facts["env"].get(name) for name in ("GREETING", "KEY", "MINE", "GONE", "COLOUR")} == {
        "GREETING": "hello red",
        "KEY": "secret",
        "MINE": "train-abcde",
        "GONE": None,
        "COLOUR": "red",
    }
    with open(facts["mounts"]["/etc/conf"] + "/f.txt", encoding="utf-8") as file:
        assert file.read() == "x"
    assert facts["mounts"]["/work"] != facts["mounts"]["/etc/conf"]


def test_binary_data_of_a_config_map_reaches_a_volume(core: client.CoreV1Api, kube: Site) -> None:
    coded = base64.b64encode(b"\x00\xff").decode()
    core.create_namespaced_config_map("default", {"metadata": {"name": "c"}, "binaryData": {"b": coded}})
    body = pod(image="fn", volumes=[{"name": "v", "configMap": {"name": "c"}}])
    body["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    core.create_namespaced_pod("default", body)
    kube.wait(0)
    with open(kube.world.births[0].facts["mounts"]["/v"] + "/b", "rb") as file:
        assert file.read() == b"\x00\xff"


def test_the_name_of_a_process_is_the_same_when_it_is_repeated(core: client.CoreV1Api, kube: Site) -> None:
    origin = kube.do(lambda: (kube.emulator.snapshot(), kube.world.clock.snapshot()))
    for name in ("train-a1b2c3d4", "train-x9y8z7w6"):
        kube.do(lambda: (kube.emulator.restore(origin[0]), kube.world.clock.restore(origin[1])))
        core.create_namespaced_pod("default", pod(name, image="fn"))
        kube.wait(0)
    assert [each.actor for each in kube.world.births] == ["pod default/train#1"] * 2


SECRET = {"metadata": {"name": "db"}, "stringData": {"PASSWORD": "x"}}


NEEDS: list[tuple[dict[str, Any], str]] = [
    ({"envFrom": [{"secretRef": {"name": "db"}}]}, 'secret "db" not found'),
    (
        {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "PASSWORD"}}}]},
        'secret "db" not found',
    ),
]


@pytest.mark.parametrize(("needs", "why"), NEEDS)
def test_a_container_waits_for_the_secret_that_it_needs(
    core: client.CoreV1Api, kube: Site, needs: dict[str, Any], why: str
) -> None:
    body = pod(image="fn")
    body["spec"]["containers"][0].update(needs)
    core.create_namespaced_pod("default", body)
    kube.wait(1)
    waiting = core.read_namespaced_pod("p", "default").status.container_statuses[0].state.waiting
    assert (phase(core), waiting.reason) == ("Pending", "CreateContainerConfigError")
    assert why in waiting.message
    assert "kubernetes.json" in waiting.message
    core.create_namespaced_secret("default", SECRET)
    assert phase(core) == "Running"
    assert "x" in kube.world.births[0].facts["env"].values()


def test_a_key_that_a_secret_has_not_is_missing_too_and_what_is_optional_never_is(
    core: client.CoreV1Api, kube: Site
) -> None:
    core.create_namespaced_secret("default", SECRET)
    for name, optional in (("p", False), ("q", True)):
        source = {"secretKeyRef": {"name": "db", "key": "USER", "optional": optional}}
        body = pod(name, image="fn")
        body["spec"]["containers"][0]["env"] = [{"name": "U", "valueFrom": source}]
        core.create_namespaced_pod("default", body)
    kube.wait(1)
    waiting = core.read_namespaced_pod("p", "default").status.container_statuses[0].state.waiting
    assert waiting.message == "couldn't find key USER in Secret default/db"
    assert phase(core, "q") == "Running"


def test_a_pod_whose_config_map_cannot_be_mounted_does_not_start(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn", volumes=[{"name": "v", "configMap": {"name": "c"}}]))
    kube.wait(1)
    assert phase(core) == "Pending"
    assert "FailedMount" in [each.reason for each in core.list_namespaced_event("default").items]
    core.create_namespaced_config_map("default", {"metadata": {"name": "c"}})
    assert phase(core) == "Running"


def test_the_seed_has_config_maps_and_secrets(core: client.CoreV1Api, kube: Site) -> None:
    rows = {"configmaps": {"c": {"A": "1"}}, "secrets": {"db": {"PASSWORD": "x"}}}
    kube.do(lambda: kube.emulator.seed(Seed(kubernetes={"team": rows})))
    assert core.read_namespaced_config_map("c", "team").data == {"A": "1"}
    assert core.read_namespaced_secret("db", "team").data == {"PASSWORD": "eA=="}


def execute(core: client.CoreV1Api, container: str, command: list[str], stdin: bool = False) -> Any:
    return stream(
        core.connect_get_namespaced_pod_exec, "p", "default", container=container, command=command,
        stdin=stdin, stdout=True, stderr=True, tty=False, _preload_content=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"), [('{"rows": 3}', '{"rows": 3}'), (None, "__airflow_xcom_result_empty__\n")]
)
def test_the_xcom_sidecar_gives_what_the_container_gave_and_goes_when_told(
    core: client.CoreV1Api, kube: Site, given: str | None, expected: str
) -> None:
    core.create_namespaced_pod("default", with_sidecar())
    kube.wait(0)
    kube.end(death=Death(0, (), given))
    assert (phase(core), codes(core)) == ("Running", {"base": 0, SIDECAR: None})
    asked = execute(core, SIDECAR, ["/bin/sh", "-c", "if [ -s x ]; then cat x; fi"])
    asked.run_forever(timeout=5)
    assert asked.returncode == 0
    assert asked.read_all() == expected
    told = execute(core, SIDECAR, ["/bin/sh"], stdin=True)
    told.write_stdin("kill -2 $(pgrep -u $(id -u) -f 'sh')\n")
    told.run_forever(timeout=5)
    assert not told.is_open()
    assert (phase(core), codes(core)) == ("Succeeded", {"base": 0, SIDECAR: 0})
    assert [str(each.operation.verb) for each in kube.tap.history if each.changed][-1] == "get pods/exec"


def test_a_pod_whose_sidecar_nobody_ends_stays(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", with_sidecar("ok"))
    kube.wait(86400)
    assert (phase(core), codes(core)) == ("Running", {"base": 0, SIDECAR: None})


def test_a_command_is_never_run_and_answered_as_was_said(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("exec", pattern="psql *", stdout="1 row", stderr="slow", code=3)
    core.create_namespaced_pod("default", pod(image="forever"))
    kube.wait(0)
    asked = execute(core, "base", ["psql", "-c", "select"])
    asked.run_forever(timeout=5)
    assert asked.returncode == 3
    assert (asked.read_stdout(), asked.read_stderr()) == ("1 row", "slow")


def test_a_command_of_which_nothing_was_said_is_refused_by_name(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="forever"))
    kube.wait(0)
    with pytest.raises((ApiException, AttributeError)):  # the client stumbles over a refusal without a body
        execute(core, "base", ["rm", "-rf", "/"])
    assert [each.what for each in kube.tap.refusals] == ["exec of 'rm -rf /' in a pod"]
    kube.answers.clear()


def test_a_kubeconfig_leads_here_by_http_and_the_account_by_https(core: client.CoreV1Api, kube: Site) -> None:
    from kubernetes import config
    from kubernetes.config.incluster_config import InClusterConfigLoader

    outside = client.Configuration()
    config.load_kube_config(kube.emulator.environment(kube.url)["KUBECONFIG"], client_configuration=outside)
    inside = client.Configuration()
    variables = kube.emulator.secure(kube.secure)
    account = variables["DAGGUARD_SERVICE_ACCOUNT"]
    InClusterConfigLoader(f"{account}/token", f"{account}/ca.crt", environ=variables).load_and_set(inside)
    assert (outside.host, inside.host) == (kube.url, kube.secure)
    for each in (outside, inside):
        found = client.CoreV1Api(client.ApiClient(each)).list_namespace().items
        assert "default" in [space.metadata.name for space in found]


def test_a_connection_loses_what_leads_elsewhere(kube: Site) -> None:
    extra = {"in_cluster": True, "kube_config": "{}", "extra__kubernetes__kube_config_path": "/x", "namespace": "team"}
    given = {"conn_id": "k", "conn_type": "kubernetes", "host": "h", "extra": json.dumps(extra)}
    changed = kube.emulator.connection(given, kube.url)
    assert changed is not None
    assert json.loads(changed["extra"]) == {"namespace": "team"}
    assert changed["host"] is None
    assert kube.emulator.connection({"conn_type": "aws"}, kube.url) is None
