from datetime import date


def day_of_run(ds):
    return f"day={ds}"


def today_as_folder():
    return f"day={date.today()}"  # flag for clock-in-task
