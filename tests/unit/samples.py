"""What tests begin with: small, valid objects, in which a test changes only what it is about."""

from typing import Any, Final

from jira_deployment_operator.api.annotations import ISSUE_KEYS, REPORT
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.record import (
    Associations,
    Environment,
    JiraDeployment,
    Pipeline,
    Spec,
    Status,
    Transition,
    Workload,
)
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey

NOW_MS: Final = 1_795_473_000_000
NOW: Final = "2026-11-23T22:30:00.000Z"
VERSION: Final = "a" * 64
OTHER_VERSION: Final = "b" * 64
UID: Final = "5d4cbe5c-2f1f-4b06-8a54-0d8c1bb41c4c"
CREATED: Final = "2026-11-20T08:00:00Z"

OPTED_IN: Final = {REPORT: "true", ISSUE_KEYS: "SHOP-1"}


def pod_template(**changes: Any) -> dict[str, Any]:
    """Return a pod template with the parts that real ones have."""
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "image": "registry.example.com/shop/web:1.0",
                    "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                    "env": [{"name": "MODE", "value": "shop"}],
                    "resources": {"requests": {"cpu": "100m"}},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5},
                }
            ],
            "terminationGracePeriodSeconds": 30,
            "automountServiceAccountToken": False,
        },
        **changes,
    }


def workload(
    api_version: str,
    kind: str,
    *,
    spec: dict[str, Any],
    status: dict[str, Any] | None,
    generation: int = 2,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return an object as the API server stores it; its pod template is the sample one unless `spec` has another."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "uid": UID,
            "creationTimestamp": CREATED,
            "generation": generation,
            "annotations": annotations or {},
            "labels": labels or {},
        },
        "spec": {"replicas": 3, "template": pod_template(), **spec},
        "status": status,
    }


def deployment(
    *,
    generation: int = 2,
    observed: int | None = None,
    replicas: int = 3,
    paused: bool = False,
    progressing: str | None = None,
    template: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    **status: int,
) -> dict[str, Any]:
    """Return a Deployment; `status` are the counts of its status, `progressing` its condition's reason."""
    conditions = [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]
    if progressing:
        message = f"said with {progressing}"
        conditions.append({"type": "Progressing", "status": "True", "reason": progressing, "message": message})
    return workload(
        "apps/v1",
        "Deployment",
        generation=generation,
        annotations=annotations,
        labels=labels,
        spec={
            "replicas": replicas,
            **({"paused": True} if paused else {}),
            "template": template or pod_template(),
        },
        status={
            "observedGeneration": generation if observed is None else observed,
            "conditions": conditions,
            **status,
        },
    )


def observation(
    phase: Phase = Phase.PROGRESSING,
    *,
    version: str = VERSION,
    uid: str = UID,
    name: str = "web",
    namespace: str = "shop",
    kind: str = "Deployment",
    label: str | None = "1.0",
    reason: str = "ReplicaSetUpdated",
    message: str = "ReplicaSet web-1 is progressing",
    created_at: str = CREATED,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    template_annotations: dict[str, str] | None = None,
    generation: int = 2,
    hold: Hold | None = None,
    can_be_held: bool = False,
    wants_pods: bool = True,
) -> Observation:
    """Return a look at a workload, which is opted in unless `annotations` say otherwise; with a `hold` it is held."""
    return Observation(
        workload=WorkloadKey(kind, namespace, name),
        uid=uid,
        version=version,
        phase=Phase.HELD if hold else phase,
        reason=reason,
        message=message,
        label=label,
        created_at=created_at,
        labels=labels or {},
        annotations=OPTED_IN if annotations is None else annotations,
        template_annotations=template_annotations or {},
        generation=generation,
        hold=hold,
        can_be_held=can_be_held,
        wants_pods=wants_pods,
    )


def spec(*, name: str = "web", ordinal: int = 1, **changes: Any) -> Spec:
    """Return what never changes about a rollout."""
    values: dict[str, Any] = {
        "workload": Workload(kind="Deployment", name=name, uid=UID),
        "version": VERSION,
        "ordinal": ordinal,
        "site": "acme",
        "pipeline": Pipeline(id=name, display_name=name, url="https://acme.example/"),
        "environment": Environment(id="east.shop", display_name="east.shop", type="unmapped"),
        "deployment_sequence_number": NOW_MS * 1000 + ordinal,
        "started_at": NOW,
        "display_name": f"{name} 1.0",
        "description": f"Deployment shop/{name} to 1.0",
        "label": "1.0",
        "url": "https://acme.example/",
        **changes,
    }
    return Spec(**values)


def transition(
    number: int, state: State = State.IN_PROGRESS, delivery: Delivery = Delivery.DUE, **changes: Any
) -> Transition:
    """Return a transition with the given updateSequenceNumber."""
    values: dict[str, Any] = {"time": NOW, "reason": "NewVersion", "message": "to a new version", **changes}
    return Transition(update_sequence_number=number, state=state, delivery=delivery, **values)


def record(
    *transitions: Transition,
    name: str = "web",
    ordinal: int = 1,
    issue_keys: tuple[str, ...] = ("SHOP-1",),
    **changes: Any,
) -> JiraDeployment:
    """Return the record of a rollout with these transitions; `changes` are fields of its spec."""
    return JiraDeployment(
        namespace="shop",
        name=f"deployment-{name}-{ordinal}",
        spec=spec(name=name, ordinal=ordinal, **changes),
        status=Status(
            state=transitions[-1].state if transitions else None,
            transitions=transitions,
            associations=Associations(issue_keys=issue_keys),
        ),
    )


def site_values(name: str = "acme", **changes: Any) -> dict[str, Any]:
    """Return a site as the settings file has it."""
    return {
        "name": name,
        "url": f"https://{name}.example",
        "auth": {"type": "oauth", "clientIdFile": "/secrets/client-id", "clientSecretFile": "/secrets/client-secret"},
        "allowedNamespaces": ["*"],
        **changes,
    }


def settings_values(**changes: Any) -> dict[str, Any]:
    """Return the content of a settings file."""
    return {"cluster": "east", "sites": [site_values()], **changes}


def settings(**changes: Any) -> Settings:
    """Return settings; `changes` are keys of the file."""
    return Settings(**settings_values(**changes))
