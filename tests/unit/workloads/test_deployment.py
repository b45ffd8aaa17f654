"""From the status of a Deployment to a phase: the table of what the Deployment controller really writes."""

from typing import Any

import pytest

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT
from jira_deployment_operator.workloads.deployment import observe
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from tests.unit.samples import CREATED, UID, deployment, pod_template

STATUSES: dict[str, tuple[dict[str, Any], Phase]] = {
    "created a moment ago: no status at all": (
        {**deployment(generation=1), "status": {}},
        Phase.PROGRESSING,
    ),
    "created a moment ago: status is null": (
        {**deployment(generation=1), "status": None},
        Phase.PROGRESSING,
    ),
    "new template, not observed: the old status says complete": (
        deployment(
            generation=3,
            observed=2,
            progressing="NewReplicaSetAvailable",
            updatedReplicas=3,
            availableReplicas=3,
            replicas_now=3,
        ),
        Phase.UNOBSERVED,
    ),
    "new template, not observed: the old status says failed": (
        deployment(generation=3, observed=2, progressing="ProgressDeadlineExceeded", updatedReplicas=1),
        Phase.UNOBSERVED,
    ),
    "new template and paused, not observed": (
        deployment(generation=3, observed=2, paused=True, updatedReplicas=3, availableReplicas=3),
        Phase.PAUSED,
    ),
    "first pods of the new ReplicaSet": (
        deployment(progressing="NewReplicaSetCreated", updatedReplicas=1, availableReplicas=3),
        Phase.PROGRESSING,
    ),
    "all updated, an old pod still ends": (
        deployment(progressing="ReplicaSetUpdated", updatedReplicas=3, availableReplicas=3, replicas_now=4),
        Phase.PROGRESSING,
    ),
    "all updated, one not yet available": (
        deployment(progressing="ReplicaSetUpdated", updatedReplicas=3, availableReplicas=2, replicas_now=3),
        Phase.PROGRESSING,
    ),
    "complete": (
        deployment(progressing="NewReplicaSetAvailable", updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "complete by the counts, the reason lags behind": (
        deployment(progressing="ReplicaSetUpdated", updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "replicas 0: nothing to wait for": (
        deployment(replicas=0, progressing="NewReplicaSetAvailable"),
        Phase.COMPLETE,
    ),
    "scaled to 0, pods still end": (
        deployment(replicas=0, progressing="NewReplicaSetAvailable", updatedReplicas=3, replicas_now=3),
        Phase.SCALING,
    ),
    "no progress deadline, moving": (
        deployment(updatedReplicas=1, availableReplicas=3, replicas_now=4),
        Phase.PROGRESSING,
    ),
    "no progress deadline, complete": (
        deployment(updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "Recreate: the old pods are gone, the new ones to come": (
        deployment(progressing="ReplicaSetUpdated"),
        Phase.PROGRESSING,
    ),
    "Recreate: 0 pods and the reason of the last rollout": (
        deployment(progressing="NewReplicaSetAvailable"),
        Phase.PROGRESSING,
    ),
    "start of a rollback: the reason is the old NewReplicaSetAvailable, no pod moved": (
        deployment(progressing="NewReplicaSetAvailable", availableReplicas=3, replicas_now=3),
        Phase.PROGRESSING,
    ),
    "start of a rollback: the reason is the old NewReplicaSetAvailable, the first pod came": (
        deployment(progressing="NewReplicaSetAvailable", updatedReplicas=1, availableReplicas=3, replicas_now=4),
        Phase.PROGRESSING,
    ),
    "paused midway": (
        deployment(paused=True, progressing="DeploymentPaused", updatedReplicas=1, availableReplicas=3, replicas_now=4),
        Phase.PAUSED,
    ),
    "resumed midway": (
        deployment(progressing="DeploymentResumed", updatedReplicas=1, availableReplicas=3, replicas_now=4),
        Phase.PROGRESSING,
    ),
    "paused with a new template: no ReplicaSet of it": (
        deployment(paused=True, progressing="DeploymentPaused", availableReplicas=3, replicas_now=3),
        Phase.PAUSED,
    ),
    "paused with a new template at 0 replicas: kubectl would say done": (
        deployment(paused=True, replicas=0, progressing="DeploymentPaused"),
        Phase.PAUSED,
    ),
    "paused before its first pod": (
        deployment(paused=True, progressing="DeploymentPaused"),
        Phase.PAUSED,
    ),
    "paused after completion": (
        deployment(paused=True, progressing="DeploymentPaused", updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "resumed after completion": (
        deployment(progressing="DeploymentResumed", updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "paused after completion, then a pod is lost": (
        deployment(paused=True, progressing="DeploymentPaused", updatedReplicas=3, availableReplicas=2, replicas_now=3),
        Phase.PAUSED,
    ),
    "deadline exceeded": (
        deployment(progressing="ProgressDeadlineExceeded", updatedReplicas=1, availableReplicas=3, replicas_now=4),
        Phase.FAILED,
    ),
    "deadline exceeded, then paused": (
        deployment(
            paused=True,
            progressing="ProgressDeadlineExceeded",
            updatedReplicas=1,
            availableReplicas=3,
            replicas_now=4,
        ),
        Phase.FAILED,
    ),
    "deadline exceeded, then the last pod came": (
        deployment(progressing="ProgressDeadlineExceeded", updatedReplicas=3, availableReplicas=3, replicas_now=3),
        Phase.COMPLETE,
    ),
    "no ReplicaSet can be made": (
        deployment(progressing="ReplicaSetCreateError", availableReplicas=3, replicas_now=3),
        Phase.PROGRESSING,
    ),
    "R4 scaling up": (
        deployment(
            replicas=5, progressing="NewReplicaSetAvailable", updatedReplicas=3, availableReplicas=3, replicas_now=3
        ),
        Phase.SCALING,
    ),
    "R4 scaling down": (
        deployment(
            replicas=1, progressing="NewReplicaSetAvailable", updatedReplicas=3, availableReplicas=2, replicas_now=3
        ),
        Phase.SCALING,
    ),
    "R4 pods lost after completion": (
        deployment(progressing="NewReplicaSetAvailable", updatedReplicas=3, availableReplicas=1, replicas_now=3),
        Phase.SCALING,
    ),
}


def with_real_names(body: dict[str, Any]) -> dict[str, Any]:
    """`replicas` is a count of the spec and of the status; the table calls the latter `replicas_now`."""
    status = dict(body["status"] or {})
    if "replicas_now" in status:
        status["replicas"] = status.pop("replicas_now")
    return {**body, "status": status or body["status"]}


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_the_phase_of_a_status(body: dict[str, Any], phase: Phase) -> None:
    assert observe(with_real_names(body)).phase is phase


def test_reason_and_message_are_the_controllers_own_words() -> None:
    seen = observe(deployment(progressing="ProgressDeadlineExceeded"))

    assert (seen.reason, seen.message) == ("ProgressDeadlineExceeded", "said with ProgressDeadlineExceeded")


@pytest.mark.parametrize(("body", "phase"), STATUSES.values(), ids=STATUSES.keys())
def test_there_is_always_a_reason(body: dict[str, Any], phase: Phase) -> None:
    assert observe(with_real_names(body)).reason


def container(image: str | None) -> dict[str, Any]:
    return pod_template(spec={"containers": [{"name": "web", "image": image}]})


@pytest.mark.parametrize(
    ("template", "labels", "label"),
    [
        pytest.param(container("web:1.0"), {}, "1.0", id="tag"),
        pytest.param(container("registry:5000/shop/web:1.0"), {}, "1.0", id="tag-behind-a-port"),
        pytest.param(container("registry:5000/shop/web"), {}, None, id="a-port-is-no-tag"),
        pytest.param(container("web:1.0@sha256:abc"), {}, "1.0", id="tag-and-digest"),
        pytest.param(container("web@sha256:abc"), {}, "sha256:abc", id="digest"),
        pytest.param(container("web"), {}, None, id="neither"),
        pytest.param(container(None), {}, None, id="no-image"),
        pytest.param({"spec": {"containers": []}}, {}, None, id="no-containers"),
        pytest.param({}, {}, None, id="empty-template"),
        pytest.param(container("web:1.0"), {"app.kubernetes.io/version": "2.0"}, "2.0", id="workload-label-over-tag"),
        pytest.param(container("web:1.0"), {"app.kubernetes.io/version": ""}, "1.0", id="empty-label"),
        pytest.param(
            pod_template(metadata={"labels": {"app.kubernetes.io/version": "3.0"}}),
            {"app.kubernetes.io/version": "2.0"},
            "3.0",
            id="template-label-over-workload-label",
        ),
    ],
)
def test_the_label_is_the_version_as_people_call_it(
    template: dict[str, Any], labels: dict[str, str], label: str | None
) -> None:
    body = deployment(labels=labels)
    body["spec"]["template"] = template

    assert observe(body).label == label


def test_annotations_are_ours_only_and_it_shows_where_they_stand() -> None:
    template = pod_template(metadata={"annotations": {ISSUE_KEYS: "SHOP-2", "prometheus.io/scrape": "true"}})
    seen = observe(
        deployment(template=template, annotations={REPORT: "true", ISSUE_KEYS: "SHOP-1", "kubernetes.io/x": "y"})
    )

    assert seen.annotations == {REPORT: "true", ISSUE_KEYS: "SHOP-1"}
    assert seen.template_annotations == {ISSUE_KEYS: "SHOP-2"}


def test_labels_are_the_workloads_own() -> None:
    template = pod_template(metadata={"labels": {"app": "web", "tier": "front"}})

    assert observe(deployment(template=template, labels={"team": "shop"})).labels == {"team": "shop"}


@pytest.mark.parametrize("missing", ["annotations", "labels"])
def test_metadata_may_be_missing(missing: str) -> None:
    body = deployment(template={"spec": {"containers": []}})
    del body["metadata"][missing]

    seen = observe(body)

    assert (seen.annotations, seen.labels, seen.template_annotations) == ({}, {}, {})


def test_the_look_names_its_object() -> None:
    seen = observe(deployment())

    assert (seen.workload, seen.uid, seen.created_at) == (WorkloadKey("Deployment", "shop", "web"), UID, CREATED)
    assert str(seen.workload) == "deployment/web in namespace shop"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"replicas": 7}, id="R4-replicas"),
        pytest.param({"annotations": {"deployment.kubernetes.io/revision": "9"}}, id="R4-revision"),
        pytest.param({"labels": {"team": "x"}}, id="R4-labels-of-the-workload"),
        pytest.param({"paused": True}, id="R4-a-pause"),
        pytest.param({"generation": 40}, id="R4-generation"),
    ],
)
def test_r4_the_version_is_the_pod_templates_alone(change: dict[str, Any]) -> None:
    assert observe(deployment(**change)).version == observe(deployment()).version
