"""Objects of the emulated cluster, as the official Python client sees them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.rest import ApiException
from multidict import CIMultiDict

from kubernetes_server import Site, job, pod
from pytest_dagguard.cloud.emulator import Caller, Request
from pytest_dagguard.model.operation import touches


def refused(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    """Status code and reason of what must not work."""
    with pytest.raises(ApiException) as caught:
        call(*arguments, **named)
    return caught.value.status, json.loads(caught.value.body)["reason"]


def names(listed: Any) -> list[str]:
    return [each.metadata.name for each in listed.items]


def config_map(name: str = "c", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **more}, "data": {"a": "1"}}


def test_what_is_made_has_an_identity(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_config_map("default", config_map())
    assert made.metadata.uid
    assert made.metadata.creation_timestamp
    assert int(made.metadata.resource_version) > 0
    assert core.read_namespaced_config_map("c", "default").data == {"a": "1"}


def test_a_name_is_taken_once(core: client.CoreV1Api) -> None:
    core.create_namespaced_config_map("default", config_map())
    assert refused(core.create_namespaced_config_map, "default", config_map()) == (409, "AlreadyExists")


def test_what_is_not_there_is_not_found(core: client.CoreV1Api) -> None:
    assert refused(core.read_namespaced_config_map, "c", "default") == (404, "NotFound")
    assert refused(core.delete_namespaced_config_map, "c", "default") == (404, "NotFound")
    assert refused(core.patch_namespaced_config_map, "c", "default", {}) == (404, "NotFound")


def test_a_name_can_be_generated(core: client.CoreV1Api) -> None:
    body = {"metadata": {"generateName": "c-"}}
    made = {core.create_namespaced_config_map("default", body).metadata.name for _ in range(20)}
    assert len(made) == 20
    assert all(each.startswith("c-") and len(each) == 7 for each in made)


@pytest.mark.parametrize("name", ["", "Upper", "a_b", "-a", "a/b", "x" * 254])
def test_a_name_has_to_be_one(core: client.CoreV1Api, name: str) -> None:
    assert refused(core.create_namespaced_config_map, "default", config_map(name)) == (422, "Invalid")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("app=x", ["a"]),
        ("app==x", ["a"]),
        ("app!=x", ["b", "c"]),
        ("app", ["a", "b"]),
        ("!app", ["c"]),
        ("app in (x, y)", ["a", "b"]),
        ("app notin (x)", ["b", "c"]),
        ("app=x,tier=1", ["a"]),
        ("app=x,!tier", []),
        ("tier>0", ["a"]),
        ("tier<1", []),
        ("app in (x,y),already_checked!=True,!airflow-worker", ["a", "b"]),
    ],
)
def test_labels_select(core: client.CoreV1Api, selector: str, expected: list[str]) -> None:
    for name, labels in {"a": {"app": "x", "tier": "1"}, "b": {"app": "y"}, "c": {}}.items():
        core.create_namespaced_config_map("other", config_map(name, labels=labels))
    assert names(core.list_namespaced_config_map("other", label_selector=selector)) == expected


def test_a_selector_that_is_none_is_a_bad_request(core: client.CoreV1Api) -> None:
    assert refused(core.list_namespaced_config_map, "default", label_selector="a=b=c")[0] == 400
    assert refused(core.list_namespaced_config_map, "default", field_selector="spec.color=red")[0] == 400


def test_fields_select(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod("a"))
    core.create_namespaced_pod("default", pod("b"))
    kube.wait(0)
    assert names(core.list_namespaced_pod("default", field_selector="metadata.name=b")) == ["b"]
    assert names(core.list_namespaced_pod("default", field_selector="status.phase!=Running")) == []
    events = core.list_namespaced_event("default", field_selector="involvedObject.name=a").items
    assert {each.reason for each in events} == {"Scheduled", "Pulled", "Created", "Started"}


def test_a_long_list_comes_in_parts(core: client.CoreV1Api) -> None:
    for number in range(7):
        core.create_namespaced_config_map("other", config_map(f"c{number}"))
    found: list[str] = []
    token = None
    while True:
        part = core.list_namespaced_config_map("other", limit=3, _continue=token)
        found += names(part)
        token = part.metadata._continue
        if not token:
            break
    assert found == [f"c{number}" for number in range(7)]


def test_all_namespaces_are_listed_together(core: client.CoreV1Api) -> None:
    for space in ("one", "two"):
        core.create_namespaced_config_map(space, config_map())
    found = core.list_config_map_for_all_namespaces().items
    assert [each.metadata.namespace for each in found] == ["one", "two"]


def test_a_replacement_of_what_was_changed_meanwhile_is_refused(core: client.CoreV1Api) -> None:
    old = core.create_namespaced_config_map("default", config_map())
    core.patch_namespaced_config_map("c", "default", {"data": {"b": "2"}})
    old.data = {}
    assert refused(core.replace_namespaced_config_map, "c", "default", old) == (409, "Conflict")
    old.metadata.resource_version = None
    assert not core.replace_namespaced_config_map("c", "default", old).data


def test_a_change_that_changes_nothing_is_no_new_revision(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_config_map("default", config_map())
    again = core.patch_namespaced_config_map("c", "default", {"data": {"a": "1"}})
    assert again.metadata.resource_version == made.metadata.resource_version


def test_a_clients_word_on_what_is_the_servers_is_ignored(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_config_map("default", config_map(uid="mine"))
    assert made.metadata.uid != "mine"
    body = {"metadata": {"name": "c", "creationTimestamp": "2001-01-01T00:00:00Z", "resourceVersion": ""}}
    changed = core.replace_namespaced_config_map("c", "default", body)
    assert changed.metadata.creation_timestamp == made.metadata.creation_timestamp


def test_a_dry_run_changes_nothing(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", config_map(), dry_run="All")
    assert names(core.list_namespaced_config_map("default")) == []
    assert kube.tap.history[0].operation.writes == frozenset()


def test_a_status_has_a_path_of_its_own(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod("default", pod(image="forever"))
    core.patch_namespaced_pod("p", "default", {"status": {"phase": "Failed"}})
    assert core.read_namespaced_pod_status("p", "default").status.phase == "Pending"
    core.patch_namespaced_pod_status("p", "default", {"status": {"phase": "Failed"}})
    assert core.read_namespaced_pod("p", "default").status.phase == "Failed"


def test_a_pods_spec_does_not_change(core: client.CoreV1Api) -> None:
    core.create_namespaced_pod("default", pod())
    changed = {"spec": {"containers": [{"name": "base", "command": ["other"]}]}}
    assert refused(core.patch_namespaced_pod, "p", "default", changed) == (422, "Invalid")


def test_many_are_deleted_by_selector(core: client.CoreV1Api) -> None:
    for name in ("a", "b", "c"):
        core.create_namespaced_config_map("default", config_map(name, labels={"keep": str(name == "b")}))
    core.delete_collection_namespaced_config_map("default", label_selector="keep=False")
    assert names(core.list_namespaced_config_map("default")) == ["b"]


def test_a_deletion_may_name_the_object_that_it_means(core: client.CoreV1Api) -> None:
    core.create_namespaced_config_map("default", config_map())
    options = {"preconditions": {"uid": "another"}}
    assert refused(core.delete_namespaced_config_map, "c", "default", body=options) == (409, "Conflict")
    assert core.delete_namespaced_config_map("c", "default").status == "Success"


def test_a_finalizer_keeps_what_is_deleted(core: client.CoreV1Api) -> None:
    core.create_namespaced_config_map("default", config_map(finalizers=["example.com/mine"]))
    core.delete_namespaced_config_map("c", "default")
    assert core.read_namespaced_config_map("c", "default").metadata.deletion_timestamp
    core.patch_namespaced_config_map("c", "default", {"metadata": {"finalizers": None}})
    assert names(core.list_namespaced_config_map("default")) == []


def test_what_is_owned_goes_with_its_owner(core: client.CoreV1Api) -> None:
    owner = core.create_namespaced_config_map("default", config_map("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}
    core.create_namespaced_config_map("default", config_map("owned", ownerReferences=[reference]))
    core.delete_namespaced_config_map("owner", "default")
    assert names(core.list_namespaced_config_map("default")) == []


def test_a_namespace_takes_everything_with_it(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("other", pod(namespace="other", image="fn"))
    kube.wait(0)
    core.delete_namespace("other")
    assert names(core.list_namespaced_pod("other")) == []
    assert kube.world.killed == ["pod other/p#1"]


def test_a_secrets_plain_texts_are_coded(core: client.CoreV1Api) -> None:
    made = core.create_namespaced_secret("default", {"metadata": {"name": "s"}, "stringData": {"a": "b"}})
    assert made.data == {"a": "Yg=="}


def test_custom_objects_are_kept_as_they_are(core: client.CoreV1Api) -> None:
    custom = client.CustomObjectsApi(core.api_client)
    body = {"apiVersion": "acme.com/v1", "kind": "Train", "metadata": {"name": "t"}, "spec": {"cars": 3}}
    custom.create_namespaced_custom_object("acme.com", "v1", "default", "trains", body)
    custom.patch_namespaced_custom_object_status("acme.com", "v1", "default", "trains", "t", {"status": {"at": "home"}})
    found = custom.get_namespaced_custom_object("acme.com", "v1", "default", "trains", "t")
    assert (found["spec"], found["status"]) == ({"cars": 3}, {"at": "home"})
    assert len(custom.list_namespaced_custom_object("acme.com", "v1", "default", "trains")["items"]) == 1


@pytest.mark.parametrize("path", ["/api/v2/pods", "/nonsense", "/apis/acme.com", "/api/v1/namespaces/default/pods/p/x"])
def test_what_no_cluster_has_is_not_found(core: client.CoreV1Api, path: str) -> None:
    assert refused(core.api_client.call_api, path, "GET", _preload_content=False)[0] == 404


def test_operations_are_named_in_the_services_own_words(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod())
    core.list_namespaced_pod("default", label_selector="app=p")
    core.read_namespaced_pod("p", "default")
    core.delete_namespaced_pod("p", "default")
    assert kube.lines == [
        "create pods k8s://default/pods/p",
        "list pods k8s://default/pods/*",
        "get pods k8s://default/pods/p",
        "delete pods k8s://default/pods/p",
    ]
    create, listing, read, delete = [each.operation for each in kube.tap.history]
    assert touches(create.writes, listing.reads)
    assert touches(delete.writes, read.reads)
    assert not listing.writes
    assert not read.writes


def test_a_jobs_operation_writes_its_pods_too(batch: client.BatchV1Api, kube: Site) -> None:
    batch.create_namespaced_job("default", job())
    batch.delete_namespaced_job("j", "default", propagation_policy="Background")
    changed = [sorted(each.split("/")[3] for each, _ in event.changed) for event in kube.tap.history]
    assert changed == [["jobs.batch", "pods"], ["jobs.batch", "pods"]]


def test_two_objects_that_differ_by_try_and_time_are_the_same_to_the_oracle(core: client.CoreV1Api, kube: Site) -> None:
    digests = []
    for number in (1, 2):
        body = pod()
        body["metadata"]["labels"]["try_number"] = str(number)
        core.create_namespaced_pod("default", body)
        kube.wait(31)
        digests.append(kube.do(lambda: kube.emulator.entries())["k8s://default/pods/p"])
        core.delete_namespaced_pod("p", "default")
    assert digests[0].digest == digests[1].digest
    assert digests[0].version != digests[1].version
    assert digests[0].kind == "pod"


def test_what_is_there_by_itself_is_no_state(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("brand-new", pod(namespace="brand-new"))
    kube.wait(0)
    assert list(kube.do(lambda: kube.emulator.entries())) == ["k8s://brand-new/pods/p"]


def test_a_state_that_is_kept_comes_back_whole(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_pod("default", pod())
    kept = kube.do(lambda: (kube.emulator.snapshot(), kube.world.clock.snapshot(), kube.emulator.entries()))
    for _ in range(2):
        kube.wait(60)
        assert core.read_namespaced_pod("p", "default").status.phase == "Succeeded"
        core.delete_namespaced_pod("p", "default")
        core.create_namespaced_config_map("default", config_map())
        kube.do(lambda: (kube.emulator.restore(kept[0]), kube.world.clock.restore(kept[1])))
        assert kube.do(lambda: kube.emulator.entries()) == kept[2]
        assert core.read_namespaced_pod("p", "default").status.phase == "Pending"


def test_time_on_the_clusters_clocks_is_virtual(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", config_map("early"))
    kube.wait(3 * 86400)
    late = core.create_namespaced_config_map("default", config_map("late"))
    assert late.metadata.creation_timestamp.timestamp() - time.time() > 2.9 * 86400


def test_an_image_of_which_nothing_is_said_is_refused_by_name(core: client.CoreV1Api, kube: Site) -> None:
    with pytest.raises(ApiException) as caught:
        core.create_namespaced_pod("default", pod(image="acme/train:7"))
    assert caught.value.status == 501
    assert "acme/train:7" in str(caught.value.body)
    assert "[tool.dagguard.images]" in str(caught.value.body)
    assert [(each.what, each.defect) for each in kube.tap.refusals] == [("create pods with image acme/train:7", False)]
    kube.answers.clear()


def test_a_kind_without_its_controller_is_refused_by_name(core: client.CoreV1Api, kube: Site) -> None:
    apps = client.AppsV1Api(core.api_client)
    with pytest.raises(ApiException) as caught:
        apps.create_namespaced_deployment("default", {"metadata": {"name": "d"}})
    assert caught.value.status == 501
    assert apps.list_namespaced_deployment("default").items == []
    assert [each.what for each in kube.tap.refusals] == ["create deployments.apps"]
    kube.answers.clear()


def test_a_pod_whose_containers_are_no_list_is_refused(kube: Site) -> None:
    body = json.dumps({"metadata": {"name": "a"}, "spec": {"containers": True}}).encode()
    path = "/api/v1/namespaces/default/pods"
    request = Request("POST", "h", path, "", CIMultiDict({"Content-Type": "application/json"}), body)
    kube.do(lambda: kube.emulator.classify(request))
    assert kube.do(lambda: kube.emulator.apply(request, Caller("attempt 1", {}))).status == 422
