#: loaded = true
#: place = "plugins/ours.py"
#: settings = { allow = ["apache-airflow"] }
from airflow.plugins_manager import AirflowPlugin as Base
from airflow.sdk import BaseOperator


class OurOperator(BaseOperator):
    """Lies in the plugins folder, and is no plugin."""


class AirflowPluginHelper:
    """Is only called so."""


class OurPlugin(Base):  # flag
    name = "ours"


class OurOtherPlugin(OurPlugin):  # flag
    name = "other"


class OurTimetables(Base):  # dagguard: ignore[no-airflow-plugins] there is no other way for a timetable
    name = "timetables"
