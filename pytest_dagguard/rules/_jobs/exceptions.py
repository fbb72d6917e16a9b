"""Operators whose arguments do not say whether they wait. Read in the source of the providers.

Amazon 9.39, google 22.8, cncf-kubernetes 10.25, apache-livy 4.6, apache-spark 6.3. Everything else is derived from the
signature, see :mod:`pytest_dagguard.rules._jobs.waiting`.
"""

from __future__ import annotations

NO_SWITCH = frozenset(
    {
        "CloudComposerTriggerDAGRunOperator",
        "DataflowRunPipelineOperator",
        "DataprepRunJobGroupOperator",
        "DmsStartTaskOperator",
        "GlacierCreateJobOperator",
        "MwaaServerlessStartWorkflowRunOperator",
        "WorkflowsCreateExecutionOperator",
    }
)
"""They submit and return, and have no argument to change that."""

RETURNS_UNLESS_DEFERRED = frozenset(
    {
        "BatchCreateComputeEnvironmentOperator",
        "CloudDataTransferServiceRunJobOperator",
        "StepFunctionStartExecutionOperator",
    }
)
"""``deferrable`` is their only argument, and without it they return at once."""

POLLING_INTERVAL_ZERO = frozenset({"LivyOperator"})
"""They return at once where ``polling_interval`` is 0."""

SYNC = frozenset({"sync", "synchronous"})
"""Arguments that are a wait switch under another name (Vertex AutoML, Campaign Manager)."""

NOT_JOBS = frozenset(
    {
        "BigQueryGetDataOperator",
        "GenericTransfer",
        "HttpOperator",
        "PubSubPullOperator",
        "SimpleHttpOperator",
    }
)
"""They can be deferred, and start nothing that goes on without them."""

STREAMING_RETURNS = frozenset({"DataflowStartFlexTemplateOperator", "DataflowTemplatedJobStartOperator"})
"""``wait_until_finished=None`` waits for a batch job and not for a streaming one, which only the service knows."""
