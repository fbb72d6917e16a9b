"""A repository of many DAG files, of the kinds that repositories have."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "pyproject.toml": "[tool.dagguard]\n",
    "dags/shared/__init__.py": "",
    "dags/shared/names.py": 'BUCKET = "clean"\n\n\ndef key(day, n):\n    return f"sales/{day}/{n}.csv"\n',
}
SALES = '''
"""Sales of region {n}."""

from datetime import datetime, timedelta

from airflow.sdk import dag, task
from shared.names import BUCKET, key


@dag(
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={{"retries": 2, "retry_delay": timedelta(minutes=5)}},
)
def sales_{n}():
    @task
    def extract(ds=None):
        return [{{"day": ds, "amount": each}} for each in range(10)]

    @task
    def clean(rows):
        return [row for row in rows if row["amount"]]

    @task
    def load(rows, ds=None):
        import boto3

        body = "\\n".join(str(row["amount"]) for row in rows)
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key(ds, {n}), Body=body.encode())

    load(clean(extract()))


sales_{n}()
'''
PARTNER = '''
"""Files of partner {n}."""

from datetime import datetime, timedelta

from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

DAY = "{{{{ ds }}}}"

with DAG(
    "partner_{n}",
    schedule="0 3 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={{"retries": 3, "execution_timeout": timedelta(hours=1)}},
):
    start = EmptyOperator(task_id="start")
    wait = S3KeySensor(
        task_id="wait", bucket_name="inbox", bucket_key=f"{n}/{{DAY}}/done", mode="reschedule", timeout=3600
    )
    copies = [
        S3CopyObjectOperator(
            task_id=f"copy_{{number}}",
            source_bucket_name="inbox",
            source_bucket_key=f"{n}/{{DAY}}/{{number}}.csv",
            dest_bucket_name="lake",
            dest_bucket_key=f"partner={n}/ds={{DAY}}/{{number}}.csv",
        )
        for number in range(3)
    ]
    tidy = BashOperator(task_id="tidy", bash_command=f"echo {{DAY}} {n}")
    start >> wait >> copies >> tidy
'''
REPORT = '''
"""Report {n}: one pod a day."""

from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, task
from kubernetes.client import models as k8s

SMALL = k8s.V1ResourceRequirements(requests={{"cpu": "1", "memory": "1Gi"}}, limits={{"cpu": "1", "memory": "1Gi"}})

with DAG(
    "report_{n}",
    schedule=timedelta(days=1),
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={{"retries": 1}},
):

    @task
    def choose(ds=None):
        return f"reports/{{ds}}"

    make = KubernetesPodOperator(
        task_id="make",
        name="make-{n}",
        image="acme/report:1.2",
        arguments=["--day", "{{{{ ds }}}}"],
        container_resources=SMALL,
        execution_timeout=timedelta(hours=2),
        active_deadline_seconds=7200,
    )

    @task
    def check(folder):
        import boto3

        boto3.client("s3").head_object(Bucket="reports", Key=f"{{folder}}/_SUCCESS")

    chosen = choose()
    chosen >> make >> check(chosen)
'''
KINDS = (SALES, PARTNER, REPORT)


def make(root: Path, files: int) -> Path:
    """Write that many DAG files, a third of each kind; returns their folder."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for number in range(files):
        text = KINDS[number % len(KINDS)].format(n=number)
        (root / "dags" / f"generated_{number:04}.py").write_text(text.lstrip())
    return root / "dags"
