"""What several DAG files write out; the others are in shared_lib."""

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

# Near misses

OWNER = "in-every-file"
PAIR = "s3://acme-in-two-files/x"
PUBLIC_BUCKET = "example-bucket"
bucket = "{{ var.value.bucket }}"

# Flagged

bucket_name = "acme-everywhere"  # flag
KubernetesPodOperator(task_id="x", image="registry.acme.com/train:1.4")  # flag
