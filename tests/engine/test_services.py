"""What people call the services that tasks connect to."""

from __future__ import annotations

import pytest

from pytest_dagguard.engine import services


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("bigquery.googleapis.com:443", "BigQuery"),
        ("us-central1-dataproc.googleapis.com:443", "Dataproc"),
        ("europe-west4-aiplatform.googleapis.com", "Vertex AI"),
        ("aiplatform.europe-west4.rep.googleapis.com:443", "Vertex AI"),
        ("www.googleapis.com:443", "Google APIs"),
        ("newthing.googleapis.com:443", "newthing"),
        ("glue.eu-west-1.amazonaws.com:443", "Glue"),
        ("sftp.example.com:22", "SSH or SFTP"),
        ("db.example.com:5432", "PostgreSQL"),
        ("api.example.com:443", "api.example.com"),
        ("api.example.com", "api.example.com"),
    ],
)
def test_of_destination(destination: str, name: str) -> None:
    assert services.of_destination(destination) == name


def test_of_aws() -> None:
    assert services.of_aws("elasticmapreduce") == "EMR"
    assert services.of_aws("unheard-of") == "unheard-of"
