from airflow.sdk import dag


@dag(schedule=None)
def called(): ...


called()
