"""Patches on plain values: which fields they reach, and whose they are afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_dagguard.cloud.kubernetes_api import apply, patch
from pytest_dagguard.cloud.kubernetes_api.failure import Refused
from pytest_dagguard.cloud.kubernetes_api.kinds import KINDS

CONFIG_MAP = next(each for each in KINDS if each.name == "ConfigMap")


def test_a_merge_patch_replaces_lists_and_a_null_removes() -> None:
    assert patch.merge({"a": [1, 2], "b": {"c": 1, "d": 2}}, {"a": [3], "b": {"c": None}}) == {"a": [3], "b": {"d": 2}}


def test_a_strategic_patch_merges_containers_by_name() -> None:
    old = {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}
    new = {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]}
    merged = patch.strategic(old, new)
    assert [each["name"] for each in merged["containers"]] == ["a", "b"]
    assert merged["containers"][0]["image"] == "1"
    assert [each["name"] for each in merged["containers"][0]["env"]] == ["X", "Y"]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"volumes": [{"name": "a", "$patch": "delete"}]}, {"volumes": [{"name": "b"}]}),
        ({"volumes": [{"name": "c"}, {"$patch": "replace"}]}, {"volumes": [{"name": "c"}]}),
        ({"$patch": "replace", "x": 1}, {"x": 1}),
        ({"$setElementOrder/volumes": [{"name": "b"}, {"name": "a"}]}, {"volumes": [{"name": "b"}, {"name": "a"}]}),
    ],
)
def test_a_strategic_patch_follows_its_directives(new: dict[str, Any], expected: dict[str, Any]) -> None:
    assert patch.strategic({"volumes": [{"name": "a"}, {"name": "b"}]}, new) == expected


def test_finalizers_are_a_set() -> None:
    old = {"finalizers": ["a", "b"]}
    assert patch.strategic(old, {"finalizers": ["b", "c"]})["finalizers"] == ["a", "b", "c"]
    assert patch.strategic(old, {"$deleteFromPrimitiveList/finalizers": ["a"]})["finalizers"] == ["b"]


@pytest.mark.parametrize("wrong", [{}, [{"op": "fly"}], [{"op": "remove", "path": "/nope"}], [3], "x"])
def test_a_json_patch_that_cannot_be_is_refused(wrong: Any) -> None:
    with pytest.raises(Refused) as caught:
        patch.json_patch({"a": 1}, wrong)
    assert caught.value.code in (400, 422)


def test_nothing_is_changed_in_place() -> None:
    old = {"metadata": {"labels": {"a": "1"}}, "containers": [{"name": "a"}]}
    patch.strategic(old, {"metadata": {"labels": {"a": None}}, "containers": [{"name": "a", "image": "x"}]})
    patch.merge(old, {"metadata": {"labels": {"a": "2"}}})
    assert old == {"metadata": {"labels": {"a": "1"}}, "containers": [{"name": "a"}]}


def applied(current: dict[str, Any], data: dict[str, str], manager: str, force: bool = False) -> dict[str, Any]:
    return apply.apply(CONFIG_MAP, current, {"metadata": {}, "data": data}, manager, force, "2024-01-01T00:00:00Z")


def test_an_applier_loses_what_it_names_no_more_and_others_keep_theirs() -> None:
    value = applied({"metadata": {}}, {"a": "1", "b": "1"}, "one")
    value = applied(value, {"b": "1", "c": "1"}, "two")
    value = applied(value, {}, "one")
    assert value["data"] == {"b": "1", "c": "1"}


def test_another_value_for_anothers_field_is_a_conflict_that_force_wins() -> None:
    value = applied({"metadata": {}}, {"a": "1"}, "one")
    with pytest.raises(Refused) as caught:
        applied(value, {"a": "2"}, "two")
    assert caught.value.code == 409
    forced = applied(value, {"a": "2"}, "two", force=True)
    assert forced["data"] == {"a": "2"}
    assert [each["manager"] for each in forced["metadata"]["managedFields"]] == ["two"]


def test_the_fields_of_a_record_are_read_as_they_were_written() -> None:
    value = {
        "metadata": {"labels": {"a": "1"}},
        "spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]},
    }
    found = set(apply.paths(value))
    assert apply.from_tree(apply.to_tree(found)) == found
