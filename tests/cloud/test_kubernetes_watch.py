"""Watching the emulated cluster, with both official clients."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import kubernetes_asyncio
import pytest
from kubernetes import client, watch
from kubernetes.client.rest import ApiException

from kubernetes_server import Site, pod
from pytest_dagguard.model.life import Death


class Watcher:
    """A watch in a thread of its own."""

    def __init__(self, site: Site, call: Any, *arguments: Any, **options: Any) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.error: Exception | None = None
        before = site.emulator.watches.count

        def run() -> None:
            try:
                for each in watch.Watch().stream(call, *arguments, **options):
                    meta = each["raw_object"]["metadata"]
                    self.events.append((each["type"], meta.get("name", ""), meta["resourceVersion"]))
            except Exception as error:  # noqa: BLE001 - told to the test
                self.error = error

        self.thread = threading.Thread(target=run)
        self.thread.start()
        self.site = site
        while site.emulator.watches.count == before and self.thread.is_alive():
            self.thread.join(0.001)

    def seen(self, seconds: float = 1800) -> list[tuple[str, str]]:
        """What it saw until its time was up."""
        self.site.wait(seconds)
        self.thread.join(10)
        assert not self.thread.is_alive()
        return [each[:2] for each in self.events]


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def test_a_watch_begins_with_what_is_there_and_goes_on(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", config_map("old"))
    watcher = Watcher(kube, core.list_namespaced_config_map, "default", timeout_seconds=60)
    core.create_namespaced_config_map("default", config_map("new"))
    core.patch_namespaced_config_map("new", "default", {"data": {"a": "b"}})
    core.delete_namespaced_config_map("old", "default")
    core.create_namespaced_config_map("elsewhere", config_map("other"))
    assert watcher.seen(60) == [("ADDED", "old"), ("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "old")]
    assert watcher.error is None


def test_a_watch_from_a_revision_has_what_came_after_it(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", config_map("one"))
    revision = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", config_map("two"))
    options = {"timeout_seconds": 1, "resource_version": revision}
    assert Watcher(kube, core.list_namespaced_config_map, "default", **options).seen(1) == [("ADDED", "two")]


def test_who_comes_into_a_selection_is_added_and_who_leaves_it_is_deleted(core: client.CoreV1Api, kube: Site) -> None:
    core.create_namespaced_config_map("default", config_map("c"))
    watcher = Watcher(kube, core.list_namespaced_config_map, "default", label_selector="a=b", timeout_seconds=9)
    for value in ("b", "c"):
        core.patch_namespaced_config_map("c", "default", {"metadata": {"labels": {"a": value}}})
    assert watcher.seen(9) == [("ADDED", "c"), ("DELETED", "c")]


def test_a_revision_of_long_ago_is_gone(core: client.CoreV1Api, kube: Site) -> None:
    revision = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", config_map("c"))
    kube.command("compact")
    with pytest.raises(ApiException) as caught:
        list(
            watch.Watch().stream(
                core.list_namespaced_config_map, "default", resource_version=revision, timeout_seconds=1
            )
        )
    assert caught.value.status == 410


def test_a_bookmark_says_how_far_a_watch_has_come(core: client.CoreV1Api, kube: Site) -> None:
    watcher = Watcher(kube, core.list_namespaced_config_map, "default", timeout_seconds=5, allow_watch_bookmarks=True)
    core.create_namespaced_config_map("elsewhere", config_map("c"))
    assert [each for each, _ in watcher.seen(5)] == ["BOOKMARK"]
    assert watcher.events[0][2] == core.list_namespaced_config_map("default").metadata.resource_version


def test_a_watch_that_says_nothing_of_its_time_ends_as_well(core: client.CoreV1Api, kube: Site) -> None:
    answer = core.list_namespaced_config_map("default", watch=True, _preload_content=False)
    kube.wait(1799)
    (under_way,) = kube.emulator.watches.open
    assert under_way.feed.waiting
    kube.wait(1)
    assert answer.read() == b""


def test_who_hangs_up_is_told_no_more(core: client.CoreV1Api, kube: Site) -> None:
    answer = core.list_namespaced_config_map("default", watch=True, _preload_content=False)
    (under_way,) = kube.emulator.watches.open
    answer.close()
    answer.release_conn()
    core.api_client.rest_client.pool_manager.clear()
    for _ in range(1000):
        if under_way.feed.closed:
            break
        core.read_namespace("default")
    assert under_way.feed.closed


def test_a_restored_cluster_has_no_watchers(core: client.CoreV1Api, kube: Site) -> None:
    kept = kube.do(kube.emulator.snapshot)
    answer = core.list_namespaced_config_map("default", watch=True, _preload_content=False)
    kube.do(lambda: kube.emulator.restore(kept))
    assert answer.read() == b""
    assert kube.emulator.watches.open == []


def test_the_asynchronous_client_sees_a_pod_live_and_reads_its_log(kube: Site) -> None:
    async def test() -> tuple[list[str], str]:
        configuration = kubernetes_asyncio.client.Configuration()
        configuration.host = kube.url
        phases = []
        async with kubernetes_asyncio.client.ApiClient(configuration) as api:
            core = kubernetes_asyncio.client.CoreV1Api(api)
            await core.create_namespaced_pod("default", pod(image="fn"))
            async with kubernetes_asyncio.watch.Watch().stream(
                core.list_namespaced_pod, "default", timeout_seconds=0.5
            ) as stream:
                async for each in stream:
                    phases.append(each["raw_object"]["status"]["phase"])
                    if phases == ["Pending"]:
                        await asyncio.to_thread(kube.wait, 0.1)
                    elif phases[-1] == "Running":
                        await asyncio.to_thread(kube.end, -1, Death(0, ("done",)))
                    elif phases[-1] == "Succeeded":
                        break
            log = await core.read_namespaced_pod_log("p", "default")
        return phases, log

    phases, log = asyncio.run(test())
    assert list(dict.fromkeys(phases)) == ["Pending", "Running", "Succeeded"]
    assert log == "done\n"


def test_a_watch_equals_a_list(core: client.CoreV1Api, kube: Site) -> None:
    answer = core.list_namespaced_pod("default", watch=True, timeout_seconds=99, _preload_content=False)
    for name in ("a", "b", "c"):
        core.create_namespaced_pod("default", pod(name))
    kube.wait(31)
    core.delete_namespaced_pod("b", "default")
    kube.wait(99)
    held: dict[str, Any] = {}
    for line in answer.read().decode().splitlines():
        event = json.loads(line)
        name = event["object"]["metadata"]["name"]
        if event["type"] == "DELETED":
            del held[name]
        else:
            held[name] = event["object"]
    listed = json.loads(core.list_namespaced_pod("default", _preload_content=False).data)["items"]
    assert list(held.values()) == listed
