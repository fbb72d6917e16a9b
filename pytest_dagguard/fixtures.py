"""The face for hand-written tests: thin, over the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_dagguard.engine.bench import Bench, Bucket, Dags, Keys


@pytest.fixture
def dagguard(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Emulated S3, GCS and Redis, and scenarios to try on a task. Attempts are forked from the test's own process."""
    from pytest_dagguard.collection import start
    from pytest_dagguard.engine import bench

    session, lab = start.local_lab(request.config)
    made = bench.Bench(session, lab)
    yield made
    made.close()


@pytest.fixture
def dagguard_s3(dagguard: Bench) -> Bucket:
    """Emulated S3: ``put("bucket/key", b"...")``, ``get``, ``list``."""
    return dagguard.s3


@pytest.fixture
def dagguard_gcs(dagguard: Bench) -> Bucket:
    """Emulated GCS: ``put("bucket/name", b"...")``, ``get``, ``list``."""
    return dagguard.gcs


@pytest.fixture
def dagguard_redis(dagguard: Bench) -> Keys:
    """Emulated Redis: ``put("key", "value")``, ``get``, ``list``."""
    return dagguard.redis


@pytest.fixture
def dagguard_dags(dagguard: Bench) -> Dags:
    """The DAGs of the repository: ``dagguard_dags["sales"]``."""
    return dagguard.dags
