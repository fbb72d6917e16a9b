from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.interval import CronDataIntervalTimetable


class Workdays(CronDataIntervalTimetable):
    def __init__(self):
        super().__init__("0 0 * * 1-5", timezone="UTC")

    def serialize(self):
        return {}

    @classmethod
    def deserialize(cls, data):
        return cls()


class WorkdaysPlugin(AirflowPlugin):
    name = "workdays"
    timetables = [Workdays]  # noqa: RUF012 - as Airflow has it
