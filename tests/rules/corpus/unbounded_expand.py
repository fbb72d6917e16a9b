#: loaded = true
from airflow.sdk import DAG, task

with DAG("d", schedule=None):

    @task
    def keys():
        return ["a", "b"]

    @task(max_active_tis_per_dagrun=4)
    def bounded(key): ...

    @task(pool="small")
    def pooled(key): ...

    @task
    def known(key): ...

    @task
    def plain(key): ...

    @task
    def load(key): ...  # flag

    @task
    def pairs(a, b): ...  # flag

    found = keys()
    bounded.expand(key=found)
    pooled.expand(key=found)
    known.expand(key=["a", "b", "c"])
    plain(found)
    load.expand(key=found)
    pairs.expand(a=["x", "y"], b=found.map(str.upper))
