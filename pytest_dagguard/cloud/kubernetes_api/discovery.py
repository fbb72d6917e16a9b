"""What the API server says of itself: versions, groups, resources, and the little of OpenAPI that kubectl needs."""

from __future__ import annotations

from typing import Any

from pytest_dagguard.cloud.kubernetes_api.kinds import GROUPS, KINDS, Kind, Object

VERSION = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.4",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2025-04-22T16:02:27Z",
    "goVersion": "go1.23.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_HEALTH = ("/healthz", "/livez", "/readyz")


def answer(path: str) -> Object | str | None:
    """What is at a path that is none of an object; text where it is no object, None where there is nothing."""
    path = "/" + path.strip("/")
    if path in _HEALTH:
        return "ok"
    if path == "/version":
        return VERSION
    if path == "/api":
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    if path == "/apis":
        names = dict.fromkeys(group for group, _ in GROUPS if group)
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in names]}
    if path == "/openapi/v3":
        roots = dict.fromkeys(each.root for each in KINDS)
        return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}"} for root in roots}}
    if path.startswith("/openapi/v3/"):
        return _openapi(path.removeprefix("/openapi/v3/"))
    steps = path.strip("/").split("/")
    if steps[0] == "apis" and len(steps) == 2 and any(group == steps[1] for group, _ in GROUPS):
        return {**_group(steps[1]), "kind": "APIGroup", "apiVersion": "v1"}
    found = GROUPS.get(("", steps[1])) if steps[0] == "api" and len(steps) == 2 else None
    if steps[0] == "apis" and len(steps) == 3:
        found = GROUPS.get((steps[1], steps[2]))
    return _resources(found) if found else None


def _group(name: str) -> Object:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version} for group, version in GROUPS if group == name
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(kinds: tuple[Kind, ...]) -> Object:
    listed: list[Object] = []
    for kind in kinds:
        entry: Object = {
            "name": kind.plural,
            "singularName": kind.name.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": _VERBS,
        }
        if kind.short:
            entry["shortNames"] = list(kind.short)
        if kind.everyday:
            entry["categories"] = ["all"]
        listed.append(entry)
        for sub in kind.subresources:
            verbs = ["get", "patch", "update"] if sub in ("status", "finalize") else ["create", "get"]
            name = f"{kind.plural}/{sub}"
            inner = {"name": name, "singularName": "", "namespaced": kind.namespaced, "kind": kind.name, "verbs": verbs}
            if sub == "eviction":
                inner |= {"group": "policy", "version": "v1", "kind": "Eviction"}
            listed.append(inner)
    version = kinds[0].api_version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}


def _openapi(root: str) -> Object | None:
    """One group's description: that its kinds exist, and that the server checks fields by itself."""
    kinds = [each for each in KINDS if each.root == root]
    if not kinds:
        return None
    paths: dict[str, Any] = {}
    for kind in kinds:
        base = f"/{root}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"/{root}/{kind.plural}"
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.name}
        names = ("dryRun", "fieldManager", "fieldValidation")
        parameters = [{"name": each, "in": "query", "schema": {"type": "string"}} for each in names]
        operation = {
            "parameters": parameters,
            "x-kubernetes-group-version-kind": gvk,
            "responses": {"200": {"description": "OK"}},
        }
        paths[base] = {"post": {**operation, "x-kubernetes-action": "post"}}
        paths[f"{base}/{{name}}"] = {
            "put": {**operation, "x-kubernetes-action": "put"},
            "patch": {**operation, "x-kubernetes-action": "patch"},
        }
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}
