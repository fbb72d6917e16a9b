"""Airflow's metadata database."""

from airflow import settings
from airflow.sdk import DAG, task
from airflow.settings import Session as AirflowSession
from airflow.utils.session import create_session, provide_session
from sqlalchemy.orm import Session

# Near misses


@task
def another_database(engine):
    with Session(engine) as session:
        session.execute("SELECT 1")


@task
def by_the_sdk(ti=None):
    return ti.get_dr_count(dag_id="sales", states=["running"])


FOLDER = settings.DAGS_FOLDER

# Flagged


@task
def counts_runs():
    with create_session() as session:  # flag
        return session.query(1).count()


@provide_session  # flag
def of_the_old_days(session=None):
    return session


@task
def by_settings():
    session = settings.Session()  # flag
    return session, settings.Session  # said once for a function


@task
def by_another_name():
    return AirflowSession()  # flag
