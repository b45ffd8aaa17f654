"""The record of a rollout that begins. Pure."""

from typing import Final

from jira_deployment_operator.api import conditions
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.record import JiraDeployment, Opening, Spec, Workload
from jira_deployment_operator.ledger.names import record_name
from jira_deployment_operator.linking.target import Target
from jira_deployment_operator.tracking.numbers import deployment_sequence_number
from jira_deployment_operator.tracking.rollouts import Baseline, Open
from jira_deployment_operator.tracking.transitions import timestamp
from jira_deployment_operator.workloads.observation import Observation

FIRST_ORDINAL: Final = 1


def new_record(
    seen: Observation,
    target: Target,
    step: Open | Baseline,
    *,
    ordinal: int,
    cluster: str,
    last: int,
    now_ms: int,
    gate: GateTerms | None = None,
) -> JiraDeployment:
    """Return the record of the rollout that `seen` begins.

    `last` is the highest deploymentSequenceNumber given out for the target's pipeline and environment, `now_ms` is
    epoch milliseconds; `gate` are the terms under which the rollout waits, or has gone on without.
    """
    workload = seen.workload
    number = deployment_sequence_number(
        started_ms=now_ms,
        identity=f"{cluster}/{workload.namespace}/{workload.kind}/{workload.name}",
        last=last,
    )
    return JiraDeployment(
        namespace=workload.namespace,
        name=record_name(workload, ordinal),
        spec=Spec(
            workload=Workload(kind=workload.kind, name=workload.name, uid=seen.uid),
            version=seen.version,
            ordinal=ordinal,
            baseline=isinstance(step, Baseline),
            site=target.site,
            pipeline=target.pipeline,
            environment=target.environment,
            deployment_sequence_number=number,
            started_at=timestamp(now_ms),
            commit_time=target.commit_time,
            display_name=target.display_name,
            description=target.description,
            label=target.label,
            url=target.url,
            associations=target.associations,
            link=target.link,
            deletion_policy=target.deletion_policy,
            opening=_opening(step) if isinstance(step, Open) else None,
            gate=gate,
        ),
    )


def _opening(step: Open) -> Opening:
    return Opening(
        state=step.state,
        reason=step.reason[: conditions.REASON_MAX],
        message=step.message[: conditions.MESSAGE_MAX],
    )
