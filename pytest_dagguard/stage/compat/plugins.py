"""The repository's plugins folder, which the serializer looks into for timetables and weight strategies."""

from __future__ import annotations

import os


def use(root: str) -> None:
    """Have Airflow load the repository's plugins, where it is going to load any.

    Its own setting goes first. To be called in a process that ends after the load of a DAG file.
    """
    folder = os.path.join(root, "plugins")
    if os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER") or not os.path.isdir(folder):
        return
    from airflow import settings

    settings.PLUGINS_FOLDER = folder
