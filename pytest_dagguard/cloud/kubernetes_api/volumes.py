"""The volumes of pods, as folders: a pod's own, which go with it, and those that outlive it and are state.

What lies in a claim, on a host or on a server is there for the next pod: it is compared and brought back like objects.
A process writes into the folder itself, so that no single write is an operation.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_dagguard.cloud.kubernetes_api.kinds import Object

_OWN = frozenset({"emptyDir", "configMap", "secret", "projected", "downwardAPI", "ephemeral"})
"""Kinds of volumes that begin and end with their pod."""

Files = dict[str, bytes]
"""Path below the folder -> content."""


@dataclass(slots=True)
class Volumes:
    """The folders of one cluster.

    :param root: gives the folder below which they are; called when the first is needed
    """

    root: Callable[[], Path]
    _shared: set[str] = field(default_factory=set)
    _made: bool = False

    def path(self, pod: Object, volume: Object) -> Path:
        """The folder of a pod's volume. It need not exist yet."""
        self._made = True
        name = _safe(str(volume.get("name")))
        if shared := _outlives(pod, volume):
            self._shared.add(shared)
            return self.root() / "shared" / shared
        return self.root() / "own" / str(pod["metadata"]["uid"]) / name

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        if self._made:
            shutil.rmtree(self.root() / "own" / uid, ignore_errors=True)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """What lies in the volumes that outlive their pods: ``namespace/claim/path`` and content."""
        for shared in sorted(self._shared):
            for name, content in _read(self.root() / "shared" / shared).items():
                yield f"{shared}/{name}", content

    def snapshot(self) -> Mapping[str, Files]:
        """A value for :meth:`restore`."""
        return {shared: _read(self.root() / "shared" / shared) for shared in self._shared}

    def restore(self, kept: Mapping[str, Files], pods: Collection[str]) -> None:
        """Bring back what was in the shared ones.

        :param pods: uids of the pods that there are; volumes of others are removed
        """
        if not self._made:
            return
        for folder in (self.root() / "own").glob("*"):
            if folder.name not in pods:
                shutil.rmtree(folder, ignore_errors=True)
        for shared in self._shared | kept.keys():
            folder = self.root() / "shared" / shared
            if _read(folder) != kept.get(shared, {}):
                shutil.rmtree(folder, ignore_errors=True)
                for name, content in kept.get(shared, {}).items():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(content)
        self._shared = set(kept)


def _outlives(pod: Object, volume: Object) -> str:
    """What a volume that outlives its pod is known by, ``namespace/claim``; empty for the pod's own."""
    kinds = [each for each in volume if each != "name"]
    if not kinds or kinds[0] in _OWN:
        return ""
    kind, source = kinds[0], volume[kinds[0]]
    if kind == "persistentVolumeClaim" and isinstance(source, dict):
        return f"{pod['metadata']['namespace']}/{_safe(str(source.get('claimName')))}"
    digest = hashlib.blake2b(json.dumps(source, sort_keys=True, default=str).encode(), digest_size=4).hexdigest()
    where = source.get("path") if isinstance(source, dict) else ""
    return f"{kind}/{_safe(str(where or kind))}-{digest}"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".") or "volume"


def _read(folder: Path) -> Files:
    files = (each for each in sorted(folder.rglob("*")) if each.is_file() and not each.is_symlink())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}
