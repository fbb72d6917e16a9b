"""Versions of providers that nothing pins."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagguard.engine.facts import installed
from pytest_dagguard.model.rule import Repository, Subject
from pytest_dagguard.rules.packaging import unpinned_providers


def found(root: Path, **files: str) -> list[tuple[str, int]]:
    for name, text in files.items():
        (root / name.replace("_txt", ".txt").replace("_lock", ".lock")).write_text(text)
    subject = Subject(Repository(root, environment=installed(root)))
    return [(each.resource, each.line) for each in unpinned_providers(subject)]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"requirements_txt": "pandas\nrequests>=2\n"},
        {"requirements_txt": "apache-airflow-providers-google==22.8.0\n"},
        {"requirements_txt": "apache-airflow-providers-google\n", "uv_lock": "version = 1\n"},
        {"requirements_txt": "-c https://example.com/constraints.txt\napache-airflow\n"},
        {"requirements_txt": "apache-airflow @ https://example.com/airflow.whl\n"},
    ],
    ids=["nothing", "others", "pinned", "lock file", "constraints", "by address"],
)
def test_near_misses(tmp_path: Path, files: dict[str, str]) -> None:
    assert found(tmp_path, **files) == []


def test_a_provider_without_a_version(tmp_path: Path) -> None:
    text = "pandas==2.2\napache-airflow-providers-google>=10\n# apache-airflow\napache-airflow[celery]\n"
    assert found(tmp_path, requirements_txt=text) == [("apache-airflow-providers-google", 2), ("apache-airflow", 4)]
