"""Secrets in arguments. None of them opens anything."""

from airflow.models import Connection
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.providers.http.operators.http import HttpOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from kubernetes.client import V1EnvVar

# Near misses

NOT_HANDED_OVER = {"password": "Winter-2024-blue"}

with DAG("secrets_fine", schedule="@daily"):
    BashOperator(task_id="template", bash_command="load", env={"DB_PASSWORD": "{{ conn.db.password }}"})
    BashOperator(task_id="placeholder", bash_command="load", env={"DB_PASSWORD": "changeme", "API_TOKEN": "<token>"})
    BashOperator(task_id="reference", bash_command="load", env={"PASSWORD": "$DB_PASSWORD", "SECRET": "sales-secret"})
    KubernetesPodOperator(task_id="secret", secrets=[Secret("env", "DB_PASSWORD", "warehouse", "password")])
    KubernetesPodOperator(task_id="name", env_vars={"TOKEN_SECRET": "projects/acme/secrets/token"})
    HttpOperator(task_id="connection", http_conn_id="secret_api", headers={"Content-Type": "application/json"})
    BashOperator(task_id="doc", bash_command="true", doc_md="use password=Winter-2024-blue nowhere")

# Flagged

PASSWORD = "Winter-2024-blue"  # flag

with DAG("secrets", schedule="@daily"):
    BashOperator(task_id="env", bash_command="load", env={"DB_PASSWORD": "Winter-2024-blue"})  # flag
    KubernetesPodOperator(task_id="constant", env_vars={"DB_PASSWORD": PASSWORD})
    KubernetesPodOperator(task_id="object", env_vars=[V1EnvVar(name="API_KEY", value="Zx81-Spectrum-48k")])  # flag
    BashOperator(task_id="uri", bash_command="psql postgresql://etl:Winter24blue@db.acme.com/dwh")  # flag
    BashOperator(task_id="aws", bash_command="load", env={"AWS_ACCESS_KEY_ID": "AKIAQYLPMN5HHHFPZAM2"})  # flag
