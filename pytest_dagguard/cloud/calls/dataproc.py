"""Dataproc's interfaces over gRPC, which Google's own client and Airflow's hook speak and nothing else."""

from __future__ import annotations

from pytest_dagguard.cloud.calls.transcoding import Interface, Rpc

_PACKAGE = "google.cloud.dataproc.v1"
_PLACE = "/v1/projects/{projectId}/regions/{region}"
_LRO = "google.longrunning.Operation"
_EMPTY = "google.protobuf.Empty"


def _rpc(method: str, path: str, request: str, answer: str, body: str = "") -> Rpc:
    whole = answer if answer.startswith("google.") else f"{_PACKAGE}.{answer}"
    return Rpc(method, path, f"{_PACKAGE}.{request}", whole, body)


_CLUSTER = _PLACE + "/clusters/{clusterName}"
_TEMPLATES = "WorkflowTemplateService"
_RPCS = {
    "JobController/SubmitJob": _rpc("POST", f"{_PLACE}/jobs:submit", "SubmitJobRequest", "Job", "*"),
    "JobController/SubmitJobAsOperation": _rpc(
        "POST", f"{_PLACE}/jobs:submitAsOperation", "SubmitJobRequest", _LRO, "*"
    ),
    "JobController/GetJob": _rpc("GET", _PLACE + "/jobs/{jobId}", "GetJobRequest", "Job"),
    "JobController/ListJobs": _rpc("GET", f"{_PLACE}/jobs", "ListJobsRequest", "ListJobsResponse"),
    "JobController/CancelJob": _rpc("POST", _PLACE + "/jobs/{jobId}:cancel", "CancelJobRequest", "Job", "*"),
    "JobController/DeleteJob": _rpc("DELETE", _PLACE + "/jobs/{jobId}", "DeleteJobRequest", _EMPTY),
    "ClusterController/CreateCluster": _rpc("POST", f"{_PLACE}/clusters", "CreateClusterRequest", _LRO, "cluster"),
    "ClusterController/UpdateCluster": _rpc("PATCH", _CLUSTER, "UpdateClusterRequest", _LRO, "cluster"),
    "ClusterController/DeleteCluster": _rpc("DELETE", _CLUSTER, "DeleteClusterRequest", _LRO),
    "ClusterController/StartCluster": _rpc("POST", f"{_CLUSTER}:start", "StartClusterRequest", _LRO, "*"),
    "ClusterController/StopCluster": _rpc("POST", f"{_CLUSTER}:stop", "StopClusterRequest", _LRO, "*"),
    "ClusterController/GetCluster": _rpc("GET", _CLUSTER, "GetClusterRequest", "Cluster"),
    "ClusterController/ListClusters": _rpc("GET", f"{_PLACE}/clusters", "ListClustersRequest", "ListClustersResponse"),
    "BatchController/CreateBatch": _rpc("POST", "/v1/{parent}/batches", "CreateBatchRequest", _LRO, "batch"),
    "BatchController/GetBatch": _rpc("GET", "/v1/{name}", "GetBatchRequest", "Batch"),
    "BatchController/ListBatches": _rpc("GET", "/v1/{parent}/batches", "ListBatchesRequest", "ListBatchesResponse"),
    "BatchController/DeleteBatch": _rpc("DELETE", "/v1/{name}", "DeleteBatchRequest", _EMPTY),
    f"{_TEMPLATES}/CreateWorkflowTemplate": _rpc(
        "POST", "/v1/{parent}/workflowTemplates", "CreateWorkflowTemplateRequest", "WorkflowTemplate", "template"
    ),
    f"{_TEMPLATES}/GetWorkflowTemplate": _rpc("GET", "/v1/{name}", "GetWorkflowTemplateRequest", "WorkflowTemplate"),
    f"{_TEMPLATES}/DeleteWorkflowTemplate": _rpc("DELETE", "/v1/{name}", "DeleteWorkflowTemplateRequest", _EMPTY),
    f"{_TEMPLATES}/ListWorkflowTemplates": _rpc(
        "GET", "/v1/{parent}/workflowTemplates", "ListWorkflowTemplatesRequest", "ListWorkflowTemplatesResponse"
    ),
    f"{_TEMPLATES}/InstantiateWorkflowTemplate": _rpc(
        "POST", "/v1/{name}:instantiate", "InstantiateWorkflowTemplateRequest", _LRO, "*"
    ),
    f"{_TEMPLATES}/InstantiateInlineWorkflowTemplate": _rpc(
        "POST",
        "/v1/{parent}/workflowTemplates:instantiateInline",
        "InstantiateInlineWorkflowTemplateRequest",
        _LRO,
        "template",
    ),
}
_OPERATIONS = {
    "GetOperation": Rpc("GET", "/v1/{name}", "google.longrunning.GetOperationRequest", _LRO),
    "CancelOperation": Rpc("POST", "/v1/{name}:cancel", "google.longrunning.CancelOperationRequest", _EMPTY),
}

INTERFACE = Interface(
    "google-cloud-dataproc",
    ("google.cloud.dataproc_v1.types", "google.longrunning.operations_pb2", "google.protobuf.empty_pb2"),
    {
        **{f"/{_PACKAGE}.{name}": each for name, each in _RPCS.items()},
        **{f"/google.longrunning.Operations/{name}": each for name, each in _OPERATIONS.items()},
    },
)
