"""INSERTs with and without a guard."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import DAG, task

# Near misses


@task
def the_runs_rows_first(ds=None):
    hook = PostgresHook("warehouse")
    hook.run("DELETE FROM sales WHERE day = %s", parameters=[ds])
    hook.run("INSERT INTO sales SELECT * FROM raw WHERE day = %s", parameters=[ds])


@task
def talks_of_it(log):
    log.info("insert into the table what is new")
    hook.run("SELECT 'insert into x values (1)'")


with DAG("inserts_fine", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="merge", sql="MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE")
    SQLExecuteQueryOperator(task_id="file", sql="sql/upsert.sql")
    SQLExecuteQueryOperator(
        task_id="conflict",
        sql="INSERT INTO totals VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n, m = EXCLUDED.m + EXCLUDED.n",
    )
    SQLExecuteQueryOperator(task_id="nothing", sql="INSERT INTO seen VALUES (1) ON CONFLICT DO NOTHING")
    SQLExecuteQueryOperator(
        task_id="missing_rows",
        sql="INSERT INTO days SELECT * FROM raw r WHERE NOT EXISTS (SELECT 1 FROM days d WHERE d.id = r.id)",
    )
    SQLExecuteQueryOperator(
        task_id="delete_then_append",
        sql=["DELETE FROM orders WHERE day = '{{ ds }}'", "INSERT INTO orders SELECT * FROM raw WHERE day = '{{ ds }}'"],
    )
    SQLExecuteQueryOperator(task_id="whole", sql="TRUNCATE TABLE small; INSERT INTO small SELECT * FROM raw")
    SQLExecuteQueryOperator(task_id="partition", sql="INSERT OVERWRITE TABLE parts PARTITION (day='{{ ds }}') SELECT 1")
    SQLExecuteQueryOperator(task_id="temporary", sql="CREATE TEMP TABLE t1 (n int); INSERT INTO t1 VALUES (1)")
    SQLExecuteQueryOperator(task_id="staging", sql="INSERT INTO staging.sales_tmp SELECT * FROM raw")
    SQLExecuteQueryOperator(task_id="a_log", sql="INSERT INTO audit_log VALUES ('{{ run_id }}')")

# Flagged


@task
def by_a_hook(day):
    PostgresHook("warehouse").run(f"INSERT INTO visits SELECT * FROM raw WHERE day = '{day}'")  # flag


@task
def by_a_cursor(connection, rows):
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO clicks (a, b) VALUES (%s, %s)", rows)  # flag


STATEMENT = "INSERT INTO refunds SELECT * FROM raw"  # flag

with DAG("inserts", schedule="@daily"):
    SQLExecuteQueryOperator(task_id="plain", sql="INSERT INTO plain SELECT * FROM raw WHERE day = '{{ ds }}'")  # flag
    SQLExecuteQueryOperator(task_id="constant", sql=STATEMENT)
    SQLExecuteQueryOperator(task_id="from_file", sql="sql/load.sql")  # flag
    SQLExecuteQueryOperator(
        task_id="bad_rows_only",
        sql="DELETE FROM readings WHERE value < 0; INSERT INTO readings SELECT * FROM raw",  # flag
    )
    SQLExecuteQueryOperator(
        task_id="adds_up",
        sql="INSERT INTO counts VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET n = counts.n + EXCLUDED.n",  # flag
    )
    BigQueryInsertJobOperator(
        task_id="job",
        configuration={
            "query": {"query": "INSERT `acme.dwh.facts` SELECT * FROM raw", "useLegacySql": False},  # flag
        },
    )
