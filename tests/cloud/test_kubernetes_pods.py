"""Pods and what becomes of them by the virtual clock."""

from __future__ import annotations

import time

import pytest
from kubernetes import client

from kubernetes_server import Site, codes, log, phase, pod, refused
from pytest_dagguard.model.errors import DagguardError
from pytest_dagguard.model.life import Death


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


def test_a_pod_has_a_deadline(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="forever", activeDeadlineSeconds=60))
    kube.wait(60)
    status = core.read_namespaced_pod("p", "default").status
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")


def test_until_when_a_pod_may_run_does_not_go_with_the_clocks_of_attempts(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod(image="forever", activeDeadlineSeconds=60))
    core.create_namespaced_pod("default", pod("q", image="forever"))
    kube.wait(10)
    kube.emulator.tell_time(lambda: time.time() + 86400.0 + kube.world.clock.now)
    found = {name.rpartition("/")[2]: until for name, until in kube.do(kube.emulator.running).items()}
    assert found == {"p": 60.0, "q": float("inf")}


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
