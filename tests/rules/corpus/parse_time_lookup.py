#: loaded = true
from airflow.sdk import DAG, Variable, task


def bucket():
    return Variable.get("bucket", default="raw")


with DAG("d", schedule=None):

    @task
    def in_the_task():
        return Variable.get("bucket")

    @task
    def in_a_template(name="{{ var.value.bucket }}"): ...

    in_the_task()
    in_a_template()
    in_a_template.override(task_id="through_a_function")(Variable.get("region", default="eu"))  # flag

REGION = Variable.get("region", default="eu")  # flag
