"""All that a DAG can be made of."""

from __future__ import annotations

import os
import sys
import urllib.request
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param, setup, task, task_group, teardown


def put(path, body):
    url = os.environ["AWS_ENDPOINT_URL"] + "/" + path
    urllib.request.urlopen(urllib.request.Request(url, body.encode(), method="PUT")).read()


def told(context):
    put("clean/told", "x")


@task.branch
def choose():
    return "left"


@task
def left():
    put("clean/left", "x")


@task
def right():
    put("clean/right", "x")


@task(trigger_rule="none_failed_min_one_success")
def join():
    put("clean/join", "x")


@task(trigger_rule="all_done")
def after_all():
    put("clean/after", "x")


@task.short_circuit
def goes_on():
    return True


@task.short_circuit
def stops():
    return False


@task
def never():
    put("clean/never", "x")


@task
def names():
    return ["a", "b", "c"]


@task
def each(name):
    put(f"clean/each-{name}", name)
    return name


@task
def literal(number):
    put(f"clean/literal-{number}", str(number))


@task
def total(found):
    put("clean/total", ",".join(found))


@setup
@task
def open_it():
    put("clean/opened", "x")


@task
def use_it():
    put("clean/used", "x")


@teardown
@task
def close_it():
    put("clean/closed", "x")


@task.bash
def shell():
    return "echo from {{ ds }}"


@task.virtualenv(requirements=[], system_site_packages=True)
def in_a_virtualenv():
    return 1


@task.external_python(python=sys.executable)
def elsewhere():
    return 2


@task.sensor(poke_interval=60, timeout=3600)
def there():
    return True


@task
def parameters(params=None):
    put("clean/params", str(params["size"]))


@task_group
def group(value):
    @task
    def first(value):
        put(f"clean/group-{value}", str(value))
        return value

    @task
    def second(value):
        put(f"clean/group-second-{value}", str(value))

    second(first(value))


with DAG(
    "whole",
    schedule=[Asset("s3://clean/there")],
    start_date=datetime(2024, 1, 1),
    params={"size": Param(5, type="integer")},
    on_success_callback=told,
    on_failure_callback=told,
):
    one, other = left(), right()
    choose() >> [one, other] >> join()
    [one, other] >> after_all()
    goes_on() >> shell()
    stops() >> never()
    total(each.expand(name=names()))
    literal.expand(number=[1, 2])
    o = open_it()
    o >> use_it() >> close_it().as_teardown(setups=o)
    in_a_virtualenv()
    elsewhere()
    there() >> parameters()
    group(1)
    group.expand(value=[1, 2])
    BashOperator(task_id="bash", bash_command="echo {{ params.size }}")
