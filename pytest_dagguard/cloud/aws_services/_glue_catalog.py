"""The catalog of AWS Glue: databases, tables, partitions, crawlers. A crawl runs as a job does, and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timezone
from typing import Any

from pytest_dagguard.cloud.aws_services.service import (
    FAILED,
    FOUND,
    LIVE,
    STOPPED,
    SUCCEEDED,
    Body,
    Footprint,
    Holding,
    JobRun,
    Refusal,
    Wanted,
)

DATABASES = frozenset({"CreateDatabase", "DeleteDatabase", "GetDatabase", "GetDatabases", "UpdateDatabase"})
TABLES = frozenset({"BatchDeleteTable", "CreateTable", "DeleteTable", "GetTable", "GetTables", "UpdateTable"})
PARTITIONS = frozenset(
    {
        "BatchCreatePartition",
        "BatchDeletePartition",
        "BatchGetPartition",
        "BatchUpdatePartition",
        "CreatePartition",
        "DeletePartition",
        "GetPartition",
        "GetPartitions",
        "UpdatePartition",
    }
)
CRAWLERS = frozenset(
    {
        "CreateCrawler",
        "DeleteCrawler",
        "GetCrawler",
        "GetCrawlerMetrics",
        "GetCrawlers",
        "ListCrawlers",
        "UpdateCrawler",
    }
)
START = "StartCrawler"
VERBS = DATABASES | TABLES | PARTITIONS | CRAWLERS | {START}

_STATES = {"RUNNING": LIVE, "STOPPING": LIVE, "COMPLETED": SUCCEEDED, "FAILED": FAILED, "STOPPED": STOPPED}
_WORDS = {SUCCEEDED: "COMPLETED", FAILED: "FAILED", STOPPED: "STOPPED"}
_CRAWL = 600.0
"""Seconds that a crawl is said to have taken."""


def crawls(backend: Any) -> Iterator[JobRun]:
    """Every run of a crawler. One more leaves the catalog as the one before did."""
    for crawler in backend.crawlers.values():
        for crawl in crawler.crawls:

            def end(state: str, crawl: Any = crawl) -> None:
                crawl.status = _WORDS[state]

            state = _STATES.get(crawl._status, LIVE)
            group = f"crawlers/{crawler.name}"
            yield JobRun(crawl.crawl_id, crawler.name, {}, state, end, float("inf"), group=group, same="crawl")


def holds(backend: Any, wanted: Wanted) -> Iterator[Holding]:
    """All that is in the catalog."""
    for database in list(backend.databases.values()):
        if not getattr(database, FOUND, False):
            yield _holding(f"glue://{database.name}", database.input)
        for table in list(database.tables.values()):
            version = str(table._current_version)
            yield _holding(f"glue://{database.name}/{table.name}", table.get_version(version), version)
            for each in list(table.partitions.values()):
                yield _holding(_partition(database.name, table.name, each.values), each.partition_input)
    for crawler in list(backend.crawlers.values()):
        if not getattr(crawler, FOUND, False):
            kept = {name: getattr(crawler, field) for name, field in _FIELDS.items() if getattr(crawler, field)}
            yield _holding(f"glue://crawlers/{crawler.name}", kept)


_FIELDS = {
    "Role": "role",
    "DatabaseName": "database_name",
    "Description": "description",
    "Targets": "targets",
    "Schedule": "schedule",
    "TablePrefix": "table_prefix",
    "Configuration": "configuration",
}


def _holding(name: str, kept: Mapping[str, Any], version: str = "") -> Holding:
    return Holding(name, "catalog", json.dumps(kept, sort_keys=True, default=str).encode(), version)


def _partition(database: str, table: str, values: Iterable[Any]) -> str:
    return "/".join([f"glue://{database}/{table}", *(str(each) for each in values)])


def footprint(backend: Any, action: str, body: Body) -> Footprint | None:
    """What an action of the catalog is about; None for one of jobs, or that starts a crawl."""
    changes = not action.startswith(("Get", "List", "BatchGet"))
    if action in CRAWLERS:
        named = body.get("Name") or next(iter(body.get("CrawlerNameList") or ()), "*")
        crawler = frozenset({f"glue://crawlers/{named}"})
        runs = {f"job://glue/crawlers/{named}#runs"} if named != "*" else {"job://glue/crawlers/*"}
        return Footprint(min(crawler), crawler | runs, crawler if changes else frozenset())
    database = str(body.get("DatabaseName") or "")
    if action in DATABASES:
        database = str(body.get("Name") or (body.get("DatabaseInput") or {}).get("Name") or "*")
        touched = {f"glue://{database}"} | ({f"glue://{database}/*"} if action == "DeleteDatabase" else set())
    elif action in TABLES:
        one = body.get("Name") or (body.get("TableInput") or {}).get("Name")
        names = [str(each) for each in body.get("TablesToDelete") or ([one] if one else ["*"])]
        touched = {f"glue://{database}/{each}" for each in names}
        touched |= {f"glue://{database}/{each}/*" for each in names if "Delete" in action}
    elif action in PARTITIONS:
        touched = _partitions(database, str(body.get("TableName")), body)
    else:
        return None
    found = frozenset(touched)
    reads = found | {f"glue://{database}"} | ({f"glue://{database}/{body.get('TableName')}"} if changes else set())
    return Footprint(min(found, key=len), reads, found if changes else frozenset())


def _partitions(database: str, table: str, body: Body) -> set[str]:
    """The partitions that a request names; all of the table where it names none."""
    values = [body.get("Values"), body.get("PartitionValues"), body.get("PartitionValueList")]
    named = [each for each in values if isinstance(each, list) and each]
    inputs = [body.get("PartitionInput"), *(body.get("PartitionInputList") or ())]
    inputs += [each.get("PartitionInput") for each in body.get("Entries") or ()]
    inputs += [*(body.get("PartitionsToDelete") or ()), *(body.get("PartitionsToGet") or ())]
    named += [each["Values"] for each in inputs if isinstance(each, dict) and each.get("Values")]
    return {_partition(database, table, each) for each in named} or {f"glue://{database}/{table}/*"}


def prepare(backend: Any, action: str, body: Body) -> None:
    """Have a database that is named be there, and a crawler that is started."""
    if action == START and body.get("Name") not in backend.crawlers:
        name = str(body.get("Name"))
        backend.create_crawler(name, "dagguard", "", "", {}, "", [], "", {}, {}, {}, "", "", {})
        setattr(backend.crawlers[name], FOUND, True)
    database = body.get("DatabaseName") if action in TABLES | PARTITIONS else None
    if action == "GetDatabase":
        database = body.get("Name")
    if database and database not in backend.databases:
        setattr(backend.create_database(database, {"Name": database}), FOUND, True)


def get(backend: Any, body: Body) -> Body:
    """``GetCrawler``: moto has other words for how the last crawl ended, and takes one that runs for the last."""
    return {"Crawler": _described(backend.get_crawler(str(body.get("Name"))))}


def get_all(backend: Any, body: Body) -> Body:
    """``GetCrawlers``, in the same words."""
    return {"Crawlers": [_described(each) for each in backend.crawlers.values()]}


_LAST = {"COMPLETED": "SUCCEEDED", "FAILED": "FAILED", "STOPPED": "CANCELLED"}


def _described(crawler: Any) -> dict[str, Any]:
    told = {name: value for name, value in crawler.as_dict().items() if name != "LastCrawl"}
    ended = [each for each in crawler.crawls if each._status in _LAST]
    if ended:
        last = ended[-1]
        told["LastCrawl"] = {
            "Status": _LAST[last._status],
            "LogGroup": last.log_group,
            "LogStream": last.log_stream,
            "MessagePrefix": last.message_prefix,
            "StartTime": last.start_time,
        }
    found: dict[str, Any] = json.loads(json.dumps(told, default=_seconds))
    return {name: value for name, value in found.items() if value is not None}


def _seconds(value: Any) -> float:
    """A time as this protocol has it; moto's times are UTC and do not say so."""
    return float(value.replace(tzinfo=timezone.utc).timestamp())


def update(backend: Any, body: Body) -> Body:
    """``UpdateCrawler``, which moto does not have."""
    crawler = backend.get_crawler(str(body.get("Name")))
    for given, field in _FIELDS.items():
        if given in body:
            setattr(crawler, field, body[given])
    crawler.version += 1
    return {}


def delete(backend: Any, body: Body) -> Refusal | None:
    """``DeleteCrawler``: moto would also delete one that runs."""
    crawler = backend.crawlers.get(str(body.get("Name")))
    if crawler is not None and crawler.crawls and crawler.crawls[-1]._status == "RUNNING":
        return Refusal("CrawlerRunningException", f"Crawler with name {crawler.name} is running")
    return None


def metrics(backend: Any, body: Body) -> Body:
    """``GetCrawlerMetrics``, which moto does not have."""
    known = [backend.get_crawler(str(each)) for each in body.get("CrawlerNameList") or backend.crawlers]
    took = {"LastRuntimeSeconds": _CRAWL, "MedianRuntimeSeconds": _CRAWL, "TimeLeftSeconds": 0.0}
    none = {"TablesCreated": 0, "TablesUpdated": 0, "TablesDeleted": 0, "StillEstimating": False}
    return {"CrawlerMetricsList": [{"CrawlerName": each.name, **took, **none} for each in known]}
