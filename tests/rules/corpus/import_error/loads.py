from airflow.sdk import DAG

try:
    import no_such_module_anywhere
except ImportError:
    no_such_module_anywhere = None

with DAG("loads", schedule=None):
    pass
