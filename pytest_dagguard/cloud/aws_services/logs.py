"""Amazon CloudWatch Logs, as whoever waits for a job reads them: no job has logged anything yet."""

from __future__ import annotations

from pytest_dagguard.cloud.aws_services.service import Service

SERVICE = Service(
    signing="logs",
    host="logs",
    verbs=frozenset({"DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"}),
)
