"""Amazon CloudWatch Logs, as whoever waits for a job reads them: no job has logged anything yet."""

from __future__ import annotations

from pytest_dagguard.cloud.aws_services.service import Service, nothing_to_make

SERVICE = Service(
    signing="logs",
    host="logs",
    runs=lambda backend: (),
    groups=lambda backend, action, body: (),
    run_ids=lambda action, body: (),
    prepare=nothing_to_make,
    verbs=frozenset({"DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"}),
)
