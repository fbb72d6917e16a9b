"""The Airflow side: loads DAG files and runs attempts, each in a fork. The only place that imports Airflow."""
