from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

KubernetesPodOperator(task_id="x", image="registry.acme.com/train:1.4", name="in-every-file", label="acme-everywhere-2")
