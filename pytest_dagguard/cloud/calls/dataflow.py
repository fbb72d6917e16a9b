"""What of Dataflow is asked over gRPC: by the triggers of deferred tasks, and by google-cloud-dataflow-client."""

from __future__ import annotations

from pytest_dagguard.cloud.calls.transcoding import Interface, Rpc

_PACKAGE = "google.dataflow.v1beta3"
_PLACE = "/v1b3/projects/{projectId}/locations/{location}"


def _rpc(method: str, path: str, request: str, answer: str, body: str = "") -> Rpc:
    return Rpc(method, _PLACE + path, f"{_PACKAGE}.{request}", f"{_PACKAGE}.{answer}", body)


_RPCS = {
    "JobsV1Beta3/CreateJob": _rpc("POST", "/jobs", "CreateJobRequest", "Job", "job"),
    "JobsV1Beta3/GetJob": _rpc("GET", "/jobs/{jobId}", "GetJobRequest", "Job"),
    "JobsV1Beta3/UpdateJob": _rpc("PUT", "/jobs/{jobId}", "UpdateJobRequest", "Job", "job"),
    "JobsV1Beta3/ListJobs": _rpc("GET", "/jobs", "ListJobsRequest", "ListJobsResponse"),
    "JobsV1Beta3/AggregatedListJobs": Rpc(
        "GET",
        "/v1b3/projects/{projectId}/jobs:aggregated",
        f"{_PACKAGE}.ListJobsRequest",
        f"{_PACKAGE}.ListJobsResponse",
    ),
    "MessagesV1Beta3/ListJobMessages": _rpc(
        "GET", "/jobs/{jobId}/messages", "ListJobMessagesRequest", "ListJobMessagesResponse"
    ),
    "MetricsV1Beta3/GetJobMetrics": _rpc("GET", "/jobs/{jobId}/metrics", "GetJobMetricsRequest", "JobMetrics"),
    "TemplatesService/LaunchTemplate": _rpc(
        "POST", "/templates:launch", "LaunchTemplateRequest", "LaunchTemplateResponse", "launchParameters"
    ),
    "FlexTemplatesService/LaunchFlexTemplate": _rpc(
        "POST", "/flexTemplates:launch", "LaunchFlexTemplateRequest", "LaunchFlexTemplateResponse", "*"
    ),
}

INTERFACE = Interface(
    "google-cloud-dataflow-client",
    ("google.cloud.dataflow_v1beta3.types",),
    {f"/{_PACKAGE}.{name}": each for name, each in _RPCS.items()},
)
