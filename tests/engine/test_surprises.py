"""Which sources ask for the time or for chance while they load."""

from __future__ import annotations

import pytest

from pytest_dagguard.engine.surprises import surprising

PLAIN = {
    "nothing of the kind": "x = 1",
    "a time of day": "from datetime import time\nAT = time(3, 0)",
    "a date": "from datetime import datetime\nSTART = datetime(2024, 1, 1).strftime('%d')",
    "in a task": "@task\ndef t():\n    return datetime.now()",
    "in a task with arguments": "@task(retries=1)\ndef t():\n    return uuid.uuid4()",
    "in a task in a DAG": "@dag()\ndef d():\n    @task.branch\n    def t():\n        return random.choice([1])\n    t()",
    "in the callable of an operator": "def run():\n    return time.time()\nPythonOperator(python_callable=run)",
    "in a call-back": "def tell(context):\n    return datetime.now()\nDAG(on_failure_callback=tell)",
    "a word in a text": "x = 'now'",
    "only imported": "import random, uuid\nfrom time import time_ns",
    "a pause": "import time\ntime.sleep(0)",
}
SURPRISES = {
    "the time": "from datetime import datetime\nSTART = datetime.now()",
    "the day": "import pendulum\nSTART = pendulum.today('UTC').add(days=-1)",
    "the clock": "import time\nN = time.time()",
    "the clock by its own name": "from time import time\nN = time()",
    "an id": "import uuid\nN = uuid.uuid4()",
    "chance": "import random\nN = random.random()",
    "chance by its own name": "from random import choice as pick\nN = pick([1, 2])",
    "in a function that is called": "def start():\n    return datetime.now()\nSTART = start()",
    "in a callable that is called too": "def run():\n    return time.time()\nPythonOperator(python_callable=run)\nrun()",
    "in a DAG": "@dag()\ndef d():\n    start = datetime.now()",
    "in a group": "@task_group\ndef g():\n    start = datetime.now()",
    "in the default of a task": "@task\ndef t(at=datetime.now()):\n    return at",
    "in the decorator of a task": "@task(task_id=str(uuid.uuid4()))\ndef t():\n    return 1",
    "in a lambda": "START = (lambda: datetime.now())()",
    "in a class": "class A:\n    at = datetime.now()",
    "in a function that others may call": "def start():\n    return datetime.now()",
    "in a method": "class A:\n    def start(self):\n        return datetime.now()",
    "the machine": "import platform\nN = platform.node()",
    "no Python": "now = (",
}


@pytest.mark.parametrize("name", PLAIN)
def test_no_surprise(name: str) -> None:
    assert not surprising(PLAIN[name])


@pytest.mark.parametrize("name", SURPRISES)
def test_a_surprise(name: str) -> None:
    assert surprising(SURPRISES[name])
