"""Names of services as people know them, for counting what a repository's tasks need."""

from __future__ import annotations

import re

_AWS = {
    "appflow": "AppFlow",
    "athena": "Athena",
    "batch": "AWS Batch",
    "bedrock": "Bedrock",
    "bedrock-agent": "Bedrock",
    "bedrock-runtime": "Bedrock",
    "cloudformation": "CloudFormation",
    "comprehend": "Comprehend",
    "databrew": "Glue DataBrew",
    "dms": "AWS DMS",
    "dynamodb": "DynamoDB",
    "ec2": "EC2",
    "ecs": "ECS",
    "eks": "EKS",
    "elasticmapreduce": "EMR",
    "emr-containers": "EMR on EKS",
    "emr-serverless": "EMR Serverless",
    "events": "EventBridge",
    "glue": "Glue",
    "iam": "IAM",
    "kinesis": "Kinesis",
    "kinesisanalytics": "Kinesis Analytics",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "rds": "RDS",
    "redshift": "Redshift",
    "redshift-data": "Redshift",
    "sagemaker": "SageMaker",
    "secretsmanager": "Secrets Manager",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "states": "Step Functions",
}

_GOOGLE = {
    "aiplatform": "Vertex AI",
    "alloydb": "AlloyDB",
    "bigquery": "BigQuery",
    "bigquerydatatransfer": "BigQuery Data Transfer",
    "bigtable": "Bigtable",
    "bigtableadmin": "Bigtable",
    "cloudbuild": "Cloud Build",
    "cloudfunctions": "Cloud Functions",
    "cloudresourcemanager": "Resource Manager",
    "cloudtasks": "Cloud Tasks",
    "composer": "Cloud Composer",
    "compute": "Compute Engine",
    "container": "GKE",
    "dataflow": "Dataflow",
    "dataform": "Dataform",
    "datafusion": "Data Fusion",
    "dataplex": "Dataplex",
    "dataproc": "Dataproc",
    "datastore": "Datastore",
    "dlp": "Cloud DLP",
    "drive": "Google Drive",
    "iam": "Google IAM",
    "iamcredentials": "Google IAM",
    "language": "Natural Language",
    "logging": "Cloud Logging",
    "managedkafka": "Managed Kafka",
    "memcache": "Memorystore",
    "metastore": "Dataproc Metastore",
    "monitoring": "Cloud Monitoring",
    "pubsub": "Pub/Sub",
    "redis": "Memorystore",
    "run": "Cloud Run",
    "secretmanager": "Secret Manager",
    "sheets": "Google Sheets",
    "spanner": "Spanner",
    "speech": "Speech-to-Text",
    "sqladmin": "Cloud SQL",
    "storagetransfer": "Storage Transfer",
    "texttospeech": "Text-to-Speech",
    "translate": "Cloud Translation",
    "videointelligence": "Video Intelligence",
    "vision": "Cloud Vision",
    "workflows": "Workflows",
    "workflowexecutions": "Workflows",
}

_PORTS = {
    "21": "FTP",
    "22": "SSH or SFTP",
    "25": "SMTP",
    "465": "SMTP",
    "587": "SMTP",
    "1433": "SQL Server",
    "1521": "Oracle",
    "3306": "MySQL",
    "5432": "PostgreSQL",
    "5439": "Redshift",
    "6379": "Redis",
    "9092": "Kafka",
    "27017": "MongoDB",
}


def of_aws(service: str) -> str:
    """A service by the name that requests to it are signed with, or that its emulator has."""
    return _AWS.get(service) or _GOOGLE.get(service, service)


def of_destination(destination: str) -> str:
    """A service by the ``host:port`` that a client wanted to connect to."""
    host, _, port = destination.rpartition(":") if re.search(r":\d+$", destination) else (destination, "", "")
    if host.endswith(".googleapis.com"):
        # regional endpoints: us-central1-dataproc.googleapis.com, aiplatform.europe-west4.rep.googleapis.com
        name = re.sub(r"\.[\w-]+\.rep$", "", host.removesuffix(".googleapis.com")).split(".")[-1]
        name = re.sub(r"^[a-z]+-[a-z]+\d+-", "", name)
        return _GOOGLE.get(name, name if name != "www" else "Google APIs")
    if host.endswith(".amazonaws.com"):
        return of_aws(host.split(".")[0])
    if "redis" in host.lower():
        return "Redis"
    return _PORTS.get(port, host)
