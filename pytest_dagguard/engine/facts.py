"""Facts about the installation that rules may ask for. Read from what is installed; nothing of it is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

PLUGIN_GROUP = "airflow.plugins"
"""Entry points of this group are loaded by Airflow as plugins."""
_PINS = ("requirements*.txt", "constraints*.txt", "*.lock", "pylock*.toml", "requirements/*.txt", "constraints/*.txt")


class Facts(Mapping[str, Any]):
    """Facts about the installation, found out when a rule first asks for one."""

    def __init__(self, find: Callable[[], Mapping[str, Any]]) -> None:
        self._find = find
        self._found: Mapping[str, Any] | None = None

    def _all(self) -> Mapping[str, Any]:
        if self._found is None:
            self._found = self._find()
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def is_airflow_2() -> bool:
    """Say whether the Airflow that is installed is one before 3."""
    try:
        return int(metadata.version("apache-airflow").split(".")[0]) < 3
    except (metadata.PackageNotFoundError, ValueError):
        return False


def installed(root: Path) -> dict[str, Any]:
    """What is installed beside Airflow.

    :returns: ``plugins``: name, object and distribution of each entry point that Airflow loads as a plugin;
        ``providers``: distribution -> version; ``plugins_folders``: where Airflow looks for plugins, those that exist;
        ``pins``: files of the repository that may pin versions, relative to the root
    """
    plugins = [
        {"name": each.name, "value": each.value, "distribution": each.dist.name if each.dist else ""}
        for each in metadata.entry_points(group=PLUGIN_GROUP)
    ]
    providers = {
        name: each.version
        for each in metadata.distributions()
        if (name := str(each.metadata["Name"] or "")).startswith("apache-airflow-providers-")
    }
    configured = os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER", "")
    folders = [root / "plugins", root / "airflow" / "plugins", *([root / configured] if configured else [])]
    pins = sorted({str(path.relative_to(root)) for pattern in _PINS for path in root.glob(pattern)})
    return {
        "plugins": plugins,
        "providers": providers,
        "plugins_folders": [str(each) for each in dict.fromkeys(folders) if each.is_dir()],
        "pins": pins,
    }
