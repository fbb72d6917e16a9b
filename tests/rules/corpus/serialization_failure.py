#: loaded = true
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.simple import OnceTimetable


class OurTimetable(OnceTimetable):
    """No plugin brings it, so Airflow cannot find it again."""


class Strange:
    """What JSON does not know."""


with DAG("plain", schedule="@daily", params={"day": [1, 2]}):
    BashOperator(task_id="a", bash_command="true", params={"n": 1})
with DAG("airflows_own_timetable", schedule=OnceTimetable()):
    BashOperator(task_id="a", bash_command="true")
with DAG("object_in_the_environment", schedule=None):
    BashOperator(task_id="a", bash_command="true", env={"x": Strange()})
with DAG("our_timetable", schedule=OurTimetable()):  # flag
    BashOperator(task_id="a", bash_command="true")
