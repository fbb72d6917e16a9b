#: loaded = true
import contextlib
import socket
import subprocess

from airflow.sdk import DAG, task


def fetch():
    return socket.create_connection(("example.com", 80), timeout=1)


with DAG("d", schedule=None):

    @task
    def in_the_task():
        return fetch(), subprocess.run(["date"], check=True)

    in_the_task()

socket.socket().close()
subprocess.run(["true"], check=True)  # flag
with contextlib.suppress(OSError):
    socket.create_connection(("example.com", 80), timeout=1)  # flag
