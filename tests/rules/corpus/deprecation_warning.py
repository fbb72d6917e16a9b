#: loaded = true
import warnings

from airflow.operators.bash import BashOperator  # flag
from airflow.sdk import DAG

warnings.warn("of our own, and about nothing of Airflow's", DeprecationWarning, stacklevel=1)

with DAG("d", schedule=None):
    BashOperator(task_id="t", bash_command="true")
