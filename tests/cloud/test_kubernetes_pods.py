"""Pods and what becomes of them by the virtual clock; their logs, and commands executed in them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

from kubernetes_server import Site, pod
from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.life import Death
from pytest_dagguard.model.seed import Seed

SIDECAR = "airflow-xcom-sidecar"


def with_sidecar(image: str = "fn") -> dict[str, Any]:
    """A pod as Airflow's operator makes it to have its XCom."""
    body = pod(image=image)
    body["spec"]["containers"].append({"name": SIDECAR, "image": "alpine:3", "command": ["sh", "-c", "sleep"]})
    return body


def phase(core: client.CoreV1Api, name: str = "p") -> str:
    return str(core.read_namespaced_pod(name, "default").status.phase)


def codes(core: client.CoreV1Api) -> dict[str, int | None]:
    statuses = core.read_namespaced_pod("p", "default").status.container_statuses
    return {each.name: each.state.terminated and each.state.terminated.exit_code for each in statuses}


def log(core: client.CoreV1Api, **options: Any) -> str:
    answer = core.read_namespaced_pod_log("p", "default", _preload_content=False, **options)
    return str(answer.data.decode())


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    with pytest.raises(ApiException) as caught:
        call(*arguments, **named)
    body = caught.value.body
    return caught.value.status, json.loads(body)["message"] if body else str(caught.value)


@pytest.mark.parametrize(("image", "end", "code"), [("ok", "Succeeded", 0), ("bad", "Failed", 1)])
def test_a_canned_outcome_takes_its_time(core: client.CoreV1Api, kube: Site, image: str, end: str, code: int) -> None:
    assert core.create_namespaced_pod("default", pod(image=image)).status.phase == "Pending"
    kube.wait(0)
    assert phase(core) == "Running"
    kube.wait(29)
    assert phase(core) == "Running"
    kube.wait(1)
    assert phase(core) == end
    assert codes(core) == {"base": code}


def test_a_pod_that_never_ends_does_not(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="forever"))
    kube.wait(10 * 86400)
    assert phase(core) == "Running"


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


def test_the_name_of_a_process_is_the_same_when_it_is_repeated(core: client.CoreV1Api, kube: Site) -> None:
    origin = kube.do(lambda: (kube.emulator.snapshot(), kube.world.clock.snapshot()))
    for name in ("train-a1b2c3d4", "train-x9y8z7w6"):
        kube.do(lambda: (kube.emulator.restore(origin[0]), kube.world.clock.restore(origin[1])))
        core.create_namespaced_pod("default", pod(name, image="fn"))
        kube.wait(0)
    assert [each.actor for each in kube.world.births] == ["pod default/train#1"] * 2


def test_how_its_process_ends_is_how_the_container_ends(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    kube.end(death=Death(3, ("one", "two")))
    assert (phase(core), codes(core), log(core)) == ("Failed", {"base": 3}, "one\ntwo\n")


def test_state_and_phase_come_together(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod())
    kube.wait(31)
    kinds = [each for each in kube.emulator.cluster.store.changes if each.place == ("pods", "default", "p")]
    last, before = kinds[-1].object["status"], kinds[-2].object["status"]
    assert (last["phase"], list(last["containerStatuses"][0]["state"])) == ("Succeeded", ["terminated"])
    assert (before["phase"], list(before["containerStatuses"][0]["state"])) == ("Running", ["running"])


def test_deleting_a_pod_ends_its_process(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    gone = core.delete_namespaced_pod("p", "default")
    assert gone.metadata.deletion_timestamp
    assert kube.world.killed == ["pod default/p#1"]
    assert core.list_namespaced_pod("default").items == []
    kube.end(death=Death(0))  # too late: nobody is there to be told


@pytest.mark.parametrize(("grace", "lingers"), [(None, 20.0), (5, 5.0), (0, 0.0)])
def test_a_container_that_is_slow_to_end_has_its_grace(
    core: client.CoreV1Api, kube: Site, grace: int | None, lingers: float
) -> None:
    kube.command("pods", termination=20.0)
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    core.delete_namespaced_pod("p", "default", grace_period_seconds=grace)
    if lingers:
        kube.wait(lingers - 1)
        assert core.read_namespaced_pod("p", "default").metadata.deletion_timestamp
        assert kube.world.killed == []
        kube.wait(1)
    assert kube.world.killed == ["pod default/p#1"]
    assert refused(core.read_namespaced_pod, "p", "default")[0] == 404


def test_a_pod_may_stay_pending(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("pods", pattern="p*", start=500.0)
    core.create_namespaced_pod("default", pod())
    kube.wait(499)
    assert phase(core) == "Pending"
    kube.wait(1)
    assert phase(core) == "Running"


def test_a_pod_may_stay_pending_for_ever_and_an_event_says_why(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("pods", start=None)
    core.create_namespaced_pod("default", pod())
    kube.wait(86400)
    assert phase(core) == "Pending"
    assert [each.reason for each in core.list_namespaced_event("default").items] == ["FailedScheduling"]


def test_an_evicted_pod_has_failed_and_is_still_there(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("pods", fate="evicted", after=10.0)
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(10)
    status = core.read_namespaced_pod("p", "default").status
    assert (status.phase, status.reason) == ("Failed", "Evicted")
    assert kube.world.killed == ["pod default/p#1"]


def test_a_pod_that_is_killed_for_its_memory_says_so(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("pods", fate="oom-killed", after=10.0)
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(10)
    ended = core.read_namespaced_pod("p", "default").status.container_statuses[0].state.terminated
    assert (ended.exit_code, ended.reason) == (137, "OOMKilled")
    assert phase(core) == "Failed"
    assert kube.world.killed == ["pod default/p#1"]


def test_a_pod_whose_node_is_lost_runs_on_paper_until_it_is_gone(core: client.CoreV1Api, kube: Site) -> None:
    kube.command("pods", fate="node-lost", after=10.0)
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(10)
    status = core.read_namespaced_pod("p", "default").status
    assert (status.phase, status.reason) == ("Running", "NodeLost")
    assert kube.world.killed == ["pod default/p#1"]
    kube.wait(300)
    assert refused(core.read_namespaced_pod, "p", "default")[0] == 404


def test_a_fate_may_be_for_the_first_pod_alone_and_fall_before_it_works(core: client.CoreV1Api, kube: Site) -> None:
    kept = kube.emulator.snapshot()
    for _ in range(2):  # restoring brings it back to where nothing was said
        kube.command("pods", first=1, fate="evicted", after=0.0)
        for name in ("first", "second"):
            core.create_namespaced_pod("default", pod(name, image="fn"))
        kube.wait(1)
        assert (phase(core, "first"), phase(core, "second")) == ("Failed", "Running")
        kube.do(lambda: kube.emulator.restore(kept))
    core.create_namespaced_pod("default", pod("first", image="fn"))
    kube.wait(1)
    assert phase(core, "first") == "Running"


def test_something_befalls_the_pod_in_which_a_process_runs(core: client.CoreV1Api, kube: Site) -> None:
    for name in ("p", "q"):
        core.create_namespaced_pod("default", pod(name, image="fn"))
    kube.wait(1)
    kube.command("befall", actor="pod default/q#1", fate="evicted")
    assert (phase(core), phase(core, "q")) == ("Running", "Failed")
    assert kube.world.killed == ["pod default/q#1"]


def test_a_fate_that_there_is_not_is_refused(kube: Site) -> None:
    with pytest.raises(DagguardError, match=r"no pod has the fate 'struck'.*evicted, node-lost, oom-killed"):
        kube.command("pods", fate="struck")
    with pytest.raises(DagguardError, match="it has befall, compact, exec, pods"):
        kube.command("nonsense")
    with pytest.raises(DagguardError, match="colour"):
        kube.command("pods", colour="red")


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


def test_a_pod_has_a_deadline(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="forever", activeDeadlineSeconds=60))
    kube.wait(60)
    status = core.read_namespaced_pod("p", "default").status
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")


def test_init_containers_come_first_and_one_by_one(core: client.CoreV1Api, kube: Site) -> None:
    first = [{"name": "one", "image": "ok"}, {"name": "two", "image": "ok"}]
    core.create_namespaced_pod("default", pod(initContainers=first))
    running = []
    for seconds in (0, 30, 30):
        kube.wait(seconds)
        status = core.read_namespaced_pod("p", "default").status
        both = [*status.init_container_statuses, *status.container_statuses]
        running.append((status.phase, [each.name for each in both if each.state.running]))
    assert running == [("Pending", ["one"]), ("Pending", ["two"]), ("Running", ["base"])]


def test_an_init_container_that_fails_ends_the_pod(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(initContainers=[{"name": "one", "image": "bad"}]))
    kube.wait(100)
    assert phase(core) == "Failed"
    assert codes(core) == {"base": None}


def test_a_container_that_is_to_be_restarted_is(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="bad", restartPolicy="OnFailure"))
    kube.wait(30)
    status = core.read_namespaced_pod("p", "default").status.container_statuses[0]
    assert (status.restart_count, status.state.waiting.reason) == (1, "CrashLoopBackOff")
    kube.wait(10)
    assert core.read_namespaced_pod("p", "default").status.container_statuses[0].state.running


def test_a_log_of_a_pod_that_has_not_started_is_a_bad_request(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod())
    code, message = refused(core.read_namespaced_pod_log, "p", "default")
    assert (code, message) == (400, 'container "base" in pod "p" is waiting to start: ContainerCreating')


def test_a_log_can_be_had_in_parts(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    kube.end(death=Death(0, tuple("abc")))
    assert log(core, tail_lines=2) == "b\nc\n"
    assert log(core, limit_bytes=3) == "a\nb"
    assert log(core, since_seconds=60) == "a\nb\nc\n"
    kube.wait(100)
    assert log(core, since_seconds=60) == ""
    stamped = log(core, timestamps=True).splitlines()
    assert [each.partition(" ")[2] for each in stamped] == ["a", "b", "c"]
    times = [each.partition(" ")[0] for each in stamped]
    assert times == sorted(set(times))


def test_whose_log_has_to_be_clear(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", with_sidecar())
    kube.wait(0)
    code, message = refused(core.read_namespaced_pod_log, "p", "default")
    assert (code, message) == (400, f"a container name must be specified for pod p, choose one of: [base {SIDECAR}]")
    assert refused(core.read_namespaced_pod_log, "p", "default", container="x")[0] == 400


def test_a_log_that_is_followed_ends_with_the_container(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="fn"))
    kube.wait(0)
    answer = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False)
    (follower,) = kube.emulator.logs.followers
    assert follower.feed.waiting
    kube.end(death=Death(0, ("one", "two")))
    assert answer.read().decode() == "one\ntwo\n"
    assert follower.feed.closed
    assert kube.emulator.logs.followers == []


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


def test_binary_data_of_a_config_map_reaches_a_volume(core: client.CoreV1Api, kube: Site) -> None:
    coded = base64.b64encode(b"\x00\xff").decode()
    core.create_namespaced_config_map("default", {"metadata": {"name": "c"}, "binaryData": {"b": coded}})
    body = pod(image="fn", volumes=[{"name": "v", "configMap": {"name": "c"}}])
    body["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    core.create_namespaced_pod("default", body)
    kube.wait(0)
    with open(kube.world.births[0].facts["mounts"]["/v"] + "/b", "rb") as file:
        assert file.read() == b"\x00\xff"
