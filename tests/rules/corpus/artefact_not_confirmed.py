#: loaded = true
from airflow.providers.google.cloud.sensors.gcs import GCSObjectExistenceSensor
from airflow.providers.google.cloud.transfers.gcs_to_gcs import GCSToGCSOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, task

MODEL = {"source_bucket": "tmp", "source_object": "model.pkl", "destination_bucket": "models"}

with DAG("d", schedule=None):
    sensed = GCSToGCSOperator(task_id="sensed", **MODEL, move_object=True)
    sensed >> GCSObjectExistenceSensor(task_id="is_there", bucket="models", object="model.pkl", timeout=60)

    @task
    def verify_model(): ...

    BashOperator(task_id="verified", bash_command="gsutil mv gs://tmp/m gs://models/m") >> verify_model()
    BashOperator(task_id="looks", bash_command="gsutil mv gs://tmp/m gs://models/m && gsutil ls gs://models/m")
    GCSToGCSOperator(task_id="copies", **MODEL)
    BashOperator(task_id="no_move", bash_command="echo removed")

    @task
    def name(): ...

    BashOperator(task_id="by_xcom", bash_command=name())
    GCSToGCSOperator(task_id="moves", **MODEL, move_object=True)  # flag
    BashOperator(task_id="in_the_shell", bash_command="gsutil mv gs://tmp/m gs://models/m")  # flag
    BashOperator(task_id="produces", bash_command="./train", outlets=[Asset("gs://models/m")])  # flag
