"""Tasks that keep something in AWS beside S3: parameters and secrets, judged as they deserve."""

from __future__ import annotations

import pytest

from laboratory import Laboratory, classes, said
from pytest_dagguard.model.seed import Seed

SLOW = pytest.mark.slow
SEED = Seed(parameters={"/etl/n": "3"}, secrets={"prod/db": '{"password": "old"}'})
HEAD = """
    import json, uuid, boto3

    def client(name, region="eu-west-1"):
        return boto3.client(name, region_name=region)

    def say(*what): print("SAID", json.dumps(what))
"""
ROTATES = """
    value = json.dumps({"password": uuid.uuid4().hex})
    client("secretsmanager").put_secret_value(SecretId="prod/db", SecretString=value)
"""
ROTATES_ONCE = """
    value, token = json.dumps({"password": f"of {run_id}"}), (run_id * 3)[:60].replace("+", "-")
    client("secretsmanager").put_secret_value(SecretId="prod/db", SecretString=value, ClientRequestToken=token)
"""
WRITES_ANEW = """
    client("secretsmanager").put_secret_value(SecretId="prod/db", SecretString="the same each time")
    client("ssm").put_parameter(Name="/etl/day", Value=ds, Type="String", Overwrite=True)
"""
COUNTS = """
    ssm = client("ssm")
    n = int(ssm.get_parameter(Name="/etl/n")["Parameter"]["Value"])
    ssm.put_parameter(Name="/etl/n", Value=str(n + 1), Overwrite=True)
"""
CREATES = 'client("ssm").put_parameter(Name="/etl/day", Value=ds, Type="String")'


@pytest.mark.parametrize(
    ("body", "parameters", "scenario", "found"),
    [
        (ROTATES, "", "twice", ["changed"]),
        pytest.param(ROTATES, "", "killed", ["changed"], marks=SLOW),
        (ROTATES_ONCE, "run_id=None", "killed", []),
        (WRITES_ANEW, "ds=None", "twice", []),
        pytest.param(COUNTS, "", "killed", ["changed"], marks=SLOW),
        pytest.param(CREATES, "ds=None", "killed", ["cannot-finish"], marks=SLOW),
    ],
)
def test_what_a_second_attempt_does_to_parameters_and_secrets(
    lab: Laboratory, body: str, parameters: str, scenario: str, found: list[str]
) -> None:
    verdict = lab.check(lab.task(body, head=HEAD, retries=1, parameters=parameters), scenario, seed=SEED)
    assert verdict.verdict != "inconclusive", verdict.reason
    assert classes(verdict) == found


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('client("ssm").get_parameter(Name="/etl/none")', "'/etl/none' in SSM; add it to tests/dagguard/ssm.json"),
        ('client("ssm").get_parameters(Names=["a", "b"])["Parameters"][0]', "'a' in SSM; add it to"),
        ('client("ssm").get_parameters_by_path(Path="/x")["Parameters"][0]', "'/x/*' in SSM"),
        (
            'client("secretsmanager").get_secret_value(SecretId="none")',
            "'none'; add it to tests/dagguard/secretsmanager.json",
        ),
    ],
)
def test_what_the_seed_lacks_is_named_with_its_file(lab: Laboratory, body: str, wanted: str) -> None:
    verdict = lab.check(lab.task(body, head=HEAD), "twice", seed=SEED)
    assert (verdict.verdict, verdict.group) == ("inconclusive", "lack seed data")
    assert wanted in str(verdict.reason)


BACKENDS = """
    from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend
    from airflow.providers.amazon.aws.secrets.systems_manager import SystemsManagerParameterStoreBackend

    secrets, parameters = SecretsManagerBackend(), SystemsManagerParameterStoreBackend()
    say(secrets.get_variable("region"), secrets.get_variable("none"), parameters.get_variable("region"))
    say(secrets.get_connection("db").host)
"""


def test_airflows_secrets_backends_find_what_the_seed_has(lab: Laboratory) -> None:
    seed = Seed(
        parameters={"/airflow/variables/region": "south"},
        secrets={"airflow/variables/region": "north", "airflow/connections/db": '{"conn_type": "mysql", "host": "h"}'},
    )
    outcome = lab.attempt(BACKENDS, head=HEAD, seed=seed)
    assert not outcome.unreachable
    assert outcome.last.succeeded, outcome.last.log
    assert said(outcome) == [["north", None, "south"], ["h"]]


def test_a_command_on_machines_is_refused_by_name(lab: Laboratory) -> None:
    outcome = lab.attempt('client("ssm").send_command(DocumentName="AWS-RunShellScript")', head=HEAD)
    assert "ssm SendCommand" in outcome.unreachable
    assert outcome.group == "need SSM"


SENDS = """
    client("sqs").send_message(QueueUrl=client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"], MessageBody=ds)
"""
SENDS_ONCE = """
    given = {"MessageBody": ds, "MessageGroupId": "g", "MessageDeduplicationId": ds}
    client("sqs").send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/jobs.fifo", **given)
"""
PUBLISHES = """
    client("sns").publish(TopicArn="arn:aws:sns:eu-west-1:111122223333:done", Message=f"{ds} {uuid.uuid4()}")
"""
TAKES = """
    sqs, queue = client("sqs"), "https://sqs.eu-west-1.amazonaws.com/1/jobs"
    for found in sqs.receive_message(QueueUrl=queue).get("Messages", ()):
        BEFORE
        client("s3").put_object(Bucket="out", Key="done", Body=found["Body"])
        AFTER
"""
DELETE = 'sqs.delete_message(QueueUrl=queue, ReceiptHandle=found["ReceiptHandle"])'


@pytest.mark.parametrize(
    ("body", "decorator", "scenario", "found"),
    [
        (SENDS, "@task", "killed", ["duplicate"]),
        (PUBLISHES, "@task", "twice", ["duplicate"]),
        # a queue forgets after five minutes, which is the delay of a retry where none is said
        pytest.param(SENDS_ONCE, "@task", "killed", ["duplicate"], marks=SLOW),
        pytest.param(SENDS_ONCE, "@task(retry_delay=timedelta(seconds=60))", "killed", [], marks=SLOW),
    ],
)
def test_a_message_that_is_sent_twice_is_a_duplicate(
    lab: Laboratory, body: str, decorator: str, scenario: str, found: list[str]
) -> None:
    path = lab.task(
        body, head=HEAD + "    from datetime import timedelta\n", retries=1, parameters="ds=None", decorator=decorator
    )
    verdict = lab.check(path, scenario)
    assert verdict.verdict != "inconclusive", verdict.reason
    assert classes(verdict) == found


@SLOW
@pytest.mark.parametrize(("before", "after", "found"), [(DELETE, "", ["lost"]), ("", DELETE, [])])
def test_a_message_that_is_deleted_before_the_work_is_done_is_lost(
    lab: Laboratory, before: str, after: str, found: list[str]
) -> None:
    send = "@task\ndef send(ds=None):\n" + "    " + SENDS.strip()
    body = TAKES.replace("BEFORE", before).replace("AFTER", after)
    take = "@task\ndef take():\n" + body.strip("\n")
    path = lab.file(send, take, head=HEAD, retries=1, order="send() >> take()")
    verdict = lab.check(path, "killed", "take")
    assert verdict.verdict != "inconclusive", verdict.reason
    assert sorted(set(classes(verdict))) == found
    assert not found or "s3://out" in verdict.findings[0].message


TABLES = Seed(tables={"orders": {"key": {"id": "S"}, "items": [{"id": "a", "n": 1}]}})
TABLE = 'table = boto3.resource("dynamodb", region_name="eu-west-1").Table("orders")\n'


@pytest.mark.parametrize(
    ("body", "scenario", "found"),
    [
        ('table.put_item(Item={"id": str(uuid.uuid4()), "day": ds})', "twice", ["duplicate"]),
        ('table.put_item(Item={"id": ds, "loaded": str(uuid.uuid4())})', "twice", []),
        (
            'table.update_item(Key={"id": "a"}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1})',
            "killed",
            ["changed"],
        ),
        pytest.param(
            'table.put_item(Item={"id": ds}, ConditionExpression="attribute_not_exists(id)")',
            "killed",
            ["cannot-finish"],
            marks=SLOW,
        ),
        ("with table.batch_writer() as batch:\n    batch.put_item(Item={'id': ds})", "killed", []),
    ],
)
def test_what_a_second_attempt_does_to_a_table(lab: Laboratory, body: str, scenario: str, found: list[str]) -> None:
    path = lab.task(TABLE + body, head=HEAD, retries=1, parameters="ds=None")
    verdict = lab.check(path, scenario, seed=TABLES)
    assert verdict.verdict != "inconclusive", verdict.reason
    assert classes(verdict) == found


def test_a_table_that_the_seed_lacks_is_named_with_its_file(lab: Laboratory) -> None:
    verdict = lab.check(lab.task(TABLE + "table.put_item(Item={'id': 'x'})", head=HEAD), "twice")
    assert (verdict.verdict, verdict.group) == ("inconclusive", "lack seed data")
    assert "'orders' in DynamoDB; add it, with its key, to tests/dagguard/dynamodb.json" in str(verdict.reason)


CRAWLS = """
    from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerRunOperator
    from airflow.sdk import DAG

    with DAG("d", schedule=None, default_args={"retries": 1}):
        GlueCrawlerRunOperator(task_id="t", crawler_name="nightly")
        GlueCrawlerRunOperator(task_id="again", crawler_name="nightly", fail_on_already_running=False)
"""


@SLOW
@pytest.mark.parametrize(("task_id", "found"), [("t", ["cannot-finish"]), ("again", [])])
def test_a_crawl_that_runs_on_refuses_the_retry_where_that_is_not_provided_for(
    lab: Laboratory, task_id: str, found: list[str]
) -> None:
    verdict = lab.check(lab.write(CRAWLS), "killed", task_id)
    assert verdict.verdict != "inconclusive", verdict.reason
    assert classes(verdict) == found
