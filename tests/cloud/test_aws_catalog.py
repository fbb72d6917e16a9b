"""The catalog of Glue with real clients: tables and partitions are part of the state, and one crawl runs at a time."""

from __future__ import annotations

from typing import Any

import pytest

from aws_stand import Stand, code
from pytest_dagguard.model.operation import conflicts

TABLE: dict[str, Any] = {
    "Name": "sales",
    "PartitionKeys": [{"Name": "day", "Type": "string"}],
    "StorageDescriptor": {"Location": "s3://lake/sales"},
}
OF = {"DatabaseName": "lake", "TableName": "sales"}
DAY = {"Values": ["2024-01-01"], "StorageDescriptor": {"Location": "s3://lake/sales/day=2024-01-01"}}


@pytest.fixture
def glue(aws: Stand) -> Any:
    return aws.client("glue")


def names(aws: Stand) -> list[str]:
    return sorted(aws.emulator.entries())


def test_a_database_that_is_named_is_there_and_tables_and_partitions_are_kept(aws: Stand, glue: Any) -> None:
    assert glue.get_database(Name="lake")["Database"]["Name"] == "lake"
    assert names(aws) == []
    assert code(lambda: glue.get_table(DatabaseName="lake", Name="sales")) == "EntityNotFoundException"
    glue.create_table(DatabaseName="lake", TableInput=TABLE)
    again = code(lambda: glue.create_table(DatabaseName="lake", TableInput=TABLE))
    assert again == "AlreadyExistsException"
    glue.create_partition(**OF, PartitionInput=DAY)
    assert code(lambda: glue.create_partition(**OF, PartitionInput=DAY)) == "AlreadyExistsException"
    errors = glue.batch_create_partition(**OF, PartitionInputList=[DAY, {**DAY, "Values": ["2024-01-02"]}])["Errors"]
    assert [each["ErrorDetail"]["ErrorCode"] for each in errors] == ["AlreadyExistsException"]
    table = "glue://lake/sales"
    assert names(aws) == [table, f"{table}/2024-01-01", f"{table}/2024-01-02"]
    found = glue.get_partitions(**OF, Expression="day = '2024-01-02'")["Partitions"]
    assert [each["Values"] for each in found] == [["2024-01-02"]]
    kept = aws.emulator.snapshot()
    glue.delete_table(DatabaseName="lake", Name="sales")
    assert names(aws) == []
    aws.emulator.restore(kept)
    assert len(names(aws)) == 3


def test_a_table_that_is_updated_to_the_same_differs_in_its_version_alone(aws: Stand, glue: Any) -> None:
    glue.create_database(DatabaseInput={"Name": "mine"})
    glue.create_table(DatabaseName="mine", TableInput=TABLE)
    before = aws.emulator.entries()["glue://mine/sales"]
    glue.update_table(DatabaseName="mine", TableInput=TABLE)
    after = aws.emulator.entries()["glue://mine/sales"]
    assert (before.digest, before.version) != (after.digest, after.version)
    assert before.digest == after.digest
    assert "glue://mine" in names(aws)
    glue.delete_database(Name="mine")
    assert names(aws) == []


def test_one_crawl_runs_at_a_time_and_another_one_leaves_the_same(aws: Stand, glue: Any) -> None:
    def state() -> str:
        return str(glue.get_crawler(Name="nightly")["Crawler"]["State"])

    glue.start_crawler(Name="nightly")
    assert [state() for _ in range(3)] == ["RUNNING"] * 3
    assert code(lambda: glue.start_crawler(Name="nightly")) == "CrawlerRunningException"
    assert code(lambda: glue.delete_crawler(Name="nightly")) == "CrawlerRunningException"
    assert "LastCrawl" not in glue.get_crawler(Name="nightly")["Crawler"]
    aws.pass_time()
    assert state() == "READY"
    assert [each["LastCrawl"]["Status"] for each in glue.get_crawlers()["Crawlers"]] == ["SUCCEEDED"]
    once = aws.emulator.entries()
    assert list(once) == ["job://glue/crawlers/nightly/crawl"]
    glue.start_crawler(Name="nightly")
    aws.pass_time()
    assert aws.emulator.entries() == once
    assert glue.get_crawler_metrics(CrawlerNameList=["nightly"])["CrawlerMetricsList"][0]["LastRuntimeSeconds"] == 600


def test_a_crawler_is_made_changed_and_deleted(aws: Stand, glue: Any) -> None:
    given = {"Name": "c", "Role": "r", "DatabaseName": "lake", "Targets": {"S3Targets": [{"Path": "s3://lake"}]}}
    assert code(lambda: glue.get_crawler(Name="c")) == "EntityNotFoundException"
    glue.create_crawler(**given)
    assert code(lambda: glue.create_crawler(**given)) == "AlreadyExistsException"
    assert names(aws) == ["glue://crawlers/c"]
    glue.update_crawler(**{**given, "DatabaseName": "other"})
    assert glue.get_crawler(Name="c")["Crawler"]["DatabaseName"] == "other"
    glue.delete_crawler(Name="c")
    assert names(aws) == []


def test_who_writes_one_partition_meets_who_reads_all_and_not_who_writes_another(aws: Stand, glue: Any) -> None:
    glue.create_table(DatabaseName="lake", TableInput=TABLE)
    aws.operations.clear()
    glue.create_partition(**OF, PartitionInput=DAY)
    glue.create_partition(**OF, PartitionInput={**DAY, "Values": ["2024-01-02"]})
    glue.get_partitions(**OF)
    glue.start_crawler(Name="c")
    glue.get_crawler(Name="c")
    one, other, every, start, look = aws.operations
    assert one.resource == "glue://lake/sales/2024-01-01"
    assert conflicts(one, every)
    assert not conflicts(one, other)
    assert conflicts(start, look)
    assert not conflicts(start, one)
