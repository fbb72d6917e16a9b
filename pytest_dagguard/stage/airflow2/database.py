"""The metadata database of an attempt: in memory, empty, made once in the stage and inherited by each fork.

The tables are made from the models, as ``airflow db migrate`` does for a new database. That takes 40 ms, where a
migrated file takes ten seconds and a copy for each attempt; and nothing is written, so nothing needs a cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow import settings
from airflow.models.base import Base
from airflow.utils.db import import_all_models
from sqlalchemy import Column, Integer, Table, create_engine
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

_made: list[Any] = []


class _Kept(sqlite3.Connection):
    """One that stays: Airflow lets go of its connections before a task, and with them would go the database."""

    def close(self) -> None:
        """Do nothing."""


def make() -> Any:
    """Make the database, unless that is done; returns its engine."""
    if not _made:
        import_all_models()
        if "ab_user" not in Base.metadata.tables:  # of the web server's own models, and referred to
            Table("ab_user", Base.metadata, Column("id", Integer, primary_key=True))
        kept = sqlite3.connect(":memory:", factory=_Kept, check_same_thread=False)
        engine = create_engine("sqlite://", creator=lambda: kept, poolclass=StaticPool, future=True)
        Base.metadata.create_all(engine)
        _made.append(engine)
    return _made[0]


def use() -> Any:
    """Have Airflow use the database in this process, from now on; returns its engine."""
    engine = make()
    if settings.engine is not engine:
        settings.engine = engine
        # as Airflow's own, but for the engine
        settings.Session = scoped_session(
            sessionmaker(autocommit=False, autoflush=False, bind=engine, expire_on_commit=False)
        )
    return engine


@contextmanager
def in_use() -> Iterator[Any]:
    """Have Airflow use the database within the block; gives its engine. The process may be somebody else's."""
    before = settings.engine, settings.Session
    try:
        yield use()
    finally:
        settings.engine, settings.Session = before
