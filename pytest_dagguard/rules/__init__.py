"""The rules, a file for each family: pure functions over what loading a DAG file told. No Airflow, no processes."""
