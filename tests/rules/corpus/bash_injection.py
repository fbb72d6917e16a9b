"""Values of whoever triggers the DAG in shell commands."""

from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# Near misses

with DAG("shell_fine", schedule=None):
    BashOperator(task_id="variable", bash_command='cp "$NAME" /mnt', env={"NAME": "{{ params.name }}"})
    BashOperator(task_id="quoted", bash_command="cp '{{ params.name }}' /mnt")
    BashOperator(task_id="double", bash_command='cp "{{ dag_run.conf["name"] }}" /mnt')
    BashOperator(task_id="filter", bash_command="head -n {{ params.count | int }} /mnt/x")
    BashOperator(task_id="of_the_run", bash_command="load {{ ds }} {{ parameters }}")

# Flagged

with DAG("shell", schedule=None):
    BashOperator(task_id="params", bash_command="cp {{ params.name }} /mnt")  # flag
    BashOperator(task_id="conf", bash_command="cp {{ dag_run.conf['name'] }} /mnt")  # flag
    BashOperator(task_id="get", bash_command="echo 'it is' {{ dag_run.conf.get('name', 'x') }}")  # flag
    SSHOperator(task_id="ssh", command="rm -f /mnt/{{ params.name }}")  # flag
