"""The clock in tasks, and beside them."""

import logging
import time
from datetime import date, datetime, timedelta

import pendulum
from acme_lib.dates import day_of_run, today_as_folder
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task

log = logging.getLogger(__name__)

# Near misses


@task
def says_when():
    log.info("began at %s", datetime.now())
    print("it is", pendulum.now())


@task
def measures():
    began = time.time()
    work()
    log.info("took %.1f s", time.time() - began)
    stats.timing("work", datetime.now() - pendulum.parse("2024-01-01"))


@task
def waits_until(client):
    deadline = time.time() + 600
    while time.time() < deadline:
        if client.is_ready():
            break
        time.sleep(5)


@task
def notes_beside_the_data(rows):
    loaded_at = datetime.utcnow().isoformat()
    for row in rows:
        row["loaded_at"] = loaded_at
    table.insert({"id": 1, "created_at": datetime.now()})
    table.write(rows, updated_at=datetime.now())
    store.set("submitted_at", datetime.now().isoformat())


@task
def of_the_run(ds=None, logical_date=None):
    yesterday = logical_date - timedelta(days=1)
    copy(f"raw/{ds}.csv", f"clean/{yesterday}.csv")
    copy(day_of_run(ds), "x")


@task
def a_temporary_table(hook):
    temp_table = f"enriched_{int(time.time())}"
    hook.run(f"CREATE TABLE {temp_table} (n int)")


def when_it_failed(context):
    notify(f"failed at {datetime.now()}")


def nobody_runs_this():
    return date.today()


# Flagged


@task
def of_today():
    day = datetime.now().strftime("%Y-%m-%d")  # flag
    copy(f"raw/{day}.csv", f"clean/{day}.csv")


@task.branch
def by_weekday():
    if date.today().weekday() == 0:  # flag
        return "weekly"
    return "daily"


def yesterdays_folder():
    return f"day={date.today() - timedelta(days=1)}/"  # flag


def reaches_it():
    return list_objects(yesterdays_folder())


@task
def hands_it_over():
    return {"until": pendulum.now().subtract(hours=1)}  # flag


@task
def asks_for_the_last_hour(client):
    return client.get(StartTime=datetime.utcnow() - timedelta(hours=1), run_date="x")  # flag


@task
def in_another_module():
    copy("raw", today_as_folder())


with DAG("clock", schedule="@daily", on_failure_callback=when_it_failed):
    PythonOperator(task_id="reaches", python_callable=reaches_it)
    PythonOperator(task_id="lambda", python_callable=lambda: copy("a", f"b/{datetime.now():%F}"))  # flag
    BashOperator(task_id="says", bash_command="echo $(date) && cp /mnt/a /mnt/b")
    BashOperator(task_id="of_the_run", bash_command="cp /mnt/{{ ds }} /mnt/$(date -d '{{ ds }}' +%F)")
    BashOperator(task_id="shell", bash_command="cp /mnt/a /mnt/$(date +%F)")  # flag
    BashOperator(task_id="template", bash_command="load {{ macros.datetime.now() }}")  # flag
