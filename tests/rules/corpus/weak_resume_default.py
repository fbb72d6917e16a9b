#: loaded = true
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.sdk import DAG

ECS = {"cluster": "c", "task_definition": "t", "overrides": {}}

with DAG("d", schedule=None, default_args={"retries": 2}):
    EcsRunTaskOperator(task_id="reattaches", **ECS, reattach=True)
    EcsRunTaskOperator(task_id="once", **ECS, retries=0)
    BigQueryInsertJobOperator(task_id="takes_up", configuration={}, force_rerun=False, durable=False)
    BigQueryInsertJobOperator(task_id="durable", configuration={}, durable=True)
    EcsRunTaskOperator(task_id="second_task", **ECS)  # flag
    BigQueryInsertJobOperator(task_id="again", configuration={}, durable=False)  # flag
