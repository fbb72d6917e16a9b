#: loaded = true
from airflow.providers.amazon.aws.operators.emr import EmrCreateJobFlowOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.google.cloud.operators.dataproc import DataprocCreateClusterOperator, DataprocSubmitJobOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

RUN = "python -m pipeline --runner=DataflowRunner --region=europe-west1"
PINS = " --worker_machine_type=n2-standard-4 --disk_size_gb=250 --experiments=shuffle_mode=appliance"
CLUSTER = {"software_config": {"image_version": "2.2"}, "worker_config": {"machine_type_uri": "n2-standard-4"}}
FLOW = {"ReleaseLabel": "emr-7.5.0", "Instances": {"InstanceGroups": []}}

with DAG("d", schedule=None):
    BashOperator(task_id="pinned", bash_command=RUN + PINS)
    BashOperator(task_id="on_this_machine", bash_command="python -m pipeline --runner=DirectRunner")
    GlueJobOperator(task_id="job_is_there", job_name="x")
    GlueJobOperator(
        task_id="glue_pinned",
        job_name="x",
        script_location="s3://jobs/x.py",
        create_job_kwargs={"GlueVersion": "5.0", "WorkerType": "G.1X", "NumberOfWorkers": 2},
    )
    DataprocSubmitJobOperator(task_id="on_a_cluster", project_id="p", region="r", job={})
    DataprocCreateClusterOperator(
        task_id="cluster_pinned", project_id="p", region="r", cluster_name="c", cluster_config=CLUSTER
    )
    EmrCreateJobFlowOperator(task_id="emr_pinned", job_flow_overrides=FLOW)
    BashOperator(task_id="dataflow", bash_command=RUN)  # flag
    BashOperator(task_id="half", bash_command=RUN + " --worker_machine_type=n2-standard-4 --disk_size_gb=250")  # flag
    GlueJobOperator(task_id="glue", job_name="x", script_location="s3://jobs/x.py")  # flag
    DataprocCreateClusterOperator(task_id="cluster", project_id="p", region="r", cluster_name="c")  # flag
    EmrCreateJobFlowOperator(task_id="emr", job_flow_overrides={"Name": "x"})  # flag
