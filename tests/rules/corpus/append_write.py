"""Writes that add, and writes that replace."""

import os
import tempfile

from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.google.cloud.transfers.gcs_to_bigquery import GCSToBigQueryOperator
from airflow.sdk import DAG, task
from google.cloud import bigquery

# Near misses


@task
def replaces(frame, engine):
    frame.to_sql("sales", engine, if_exists="replace")
    frame.write.mode("overwrite").parquet("s3://clean/sales")
    with open("/mnt/out.csv", "w") as file:
        file.write("x")


@task
def a_log(frame, engine):
    frame.to_sql("run_log", engine, if_exists="append")
    with open("/var/log/acme.log", "a") as file:
        file.write("x")


@task
def a_file_of_its_own(hook, ds=None):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sales.csv")
        hook.download("raw", f"{ds}.csv", filename=path)
        with open(path, "a") as file:
            file.write("total")


@task
def delete_then_append(frame, hook, ds=None):
    hook.run("DELETE FROM daily WHERE day = %s", parameters=[ds])
    frame.to_sql("daily", hook.get_sqlalchemy_engine(), if_exists="append")


@task
def a_list(rows):
    rows.append(1)
    hook.insert_rows("t", rows, replace=True, replace_index="id")


with DAG("appends_fine", schedule="@daily"):
    GCSToBigQueryOperator(
        task_id="truncates", destination_project_dataset_table="d.t", write_disposition="WRITE_TRUNCATE"
    )
    GCSToBigQueryOperator(
        task_id="temporary", destination_project_dataset_table="d.sales_staging", write_disposition="WRITE_APPEND"
    )
    SQLExecuteQueryOperator(task_id="clear", sql="DELETE FROM d.cleared WHERE day = '{{ ds }}'")
    GCSToBigQueryOperator(
        task_id="cleared", destination_project_dataset_table="d.cleared", write_disposition="WRITE_APPEND"
    )
    S3ToRedshiftOperator(task_id="upsert", schema="s", table="t", method="UPSERT", s3_bucket="b", s3_key="k")

# Flagged


@task
def adds_rows(frame, engine):
    frame.to_sql("sales", engine, if_exists="append")  # flag
    frame.write.mode("append").parquet("s3://clean/sales")  # flag


@task
def adds_by_a_hook(hook, rows):
    hook.insert_rows("sales", rows)  # flag


@task
def adds_lines():
    with open("/mnt/out.csv", "a") as file:  # flag
        file.write("x")


@task
def a_load_job(client, rows):
    config = bigquery.LoadJobConfig(write_disposition=bigquery.WriteDisposition.WRITE_APPEND)  # flag
    client.load_table_from_json(rows, "d.t", job_config=config)
    client.insert_rows_json("d.t", rows)  # flag


APPEND = "WRITE_APPEND"

with DAG("appends", schedule="@daily"):
    GCSToBigQueryOperator(task_id="adds", destination_project_dataset_table="d.t", write_disposition="WRITE_APPEND")  # flag
    GCSToBigQueryOperator(task_id="named", destination_project_dataset_table="d.u", write_disposition=APPEND)  # flag
    S3ToRedshiftOperator(task_id="by_default", schema="s", table="t", s3_bucket="b", s3_key="k")  # flag
