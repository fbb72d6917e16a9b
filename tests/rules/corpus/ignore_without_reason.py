#: loaded = true
from airflow.sdk import DAG, task

TEXT = "# dagguard: ignore[missing-retries]"

with DAG("d", schedule=None):

    @task  # dagguard: ignore[missing-retries] the API charges for each call
    def reason(): ...

    @task  # dagguard: ignore[missing-retries]  # flag
    def no_reason(): ...

    reason()
    no_reason()  # dagguard: ignore  # flag
