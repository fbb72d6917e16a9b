#: loaded = true
from airflow.sdk import DAG, task

with DAG("d", schedule=None):

    @task  # dagguard: ignore[missing-retries] the API charges for each call
    def used(): ...

    # dagguard: ignore[missing-retries] the one on the line before it
    @task
    def used_above(): ...

    @task(
        pool="x",  # dagguard: ignore[missing-retries] somewhere in the statement
    )
    def used_within(): ...

    @task(retries=1)  # dagguard: ignore[missing-retries] it has some by now # flag
    def mended(): ...

    @task  # dagguard: ignore[mising-retries] there is no such rule # flag
    def mistyped(): ...

    used(), used_above(), used_within(), mended(), mistyped()
