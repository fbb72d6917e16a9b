import no_such_module_anywhere  # noqa: F401
from airflow.sdk import DAG

with DAG("of_a_broken_file", schedule=None):
    pass
