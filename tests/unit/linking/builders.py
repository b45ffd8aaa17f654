"""What the tests of this room begin with; a test changes only what it is about."""

from typing import Any, Final

from jira_deployment_operator.api.annotations import REPORT
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.linking.sources import Sources
from jira_deployment_operator.linking.target import Linked, Target, link
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads.observation import Observation, Phase, WorkloadKey

VERSION: Final = "a" * 64
OPTED_IN: Final = {REPORT: "true"}


def site(name: str = "acme", **changes: Any) -> dict[str, Any]:
    """Return a site as the settings file has it."""
    return {
        "name": name,
        "url": f"https://{name}.example",
        "auth": {"type": "oauth", "clientIdFile": "/secrets/client-id", "clientSecretFile": "/secrets/client-secret"},
        "allowedNamespaces": ["*"],
        **changes,
    }


def settings(**changes: Any) -> Settings:
    """Return settings; `changes` are keys of the file."""
    return Settings(**{"cluster": "east", "sites": [site()], **changes})


def seen(
    name: str = "web",
    *,
    namespace: str = "shop",
    kind: str = "Deployment",
    label: str | None = "1.28",
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    template: dict[str, str] | None = None,
) -> Observation:
    """Return a look at a workload that is opted in by its own annotation."""
    return Observation(
        workload=WorkloadKey(kind, namespace, name),
        uid="5d4cbe5c-2f1f-4b06-8a54-0d8c1bb41c4c",
        version=VERSION,
        phase=Phase.PROGRESSING,
        reason="ReplicaSetUpdated",
        message="ReplicaSet web-1 is progressing",
        label=label,
        created_at="2026-11-23T22:00:00Z",
        labels=labels or {},
        annotations=OPTED_IN if annotations is None else annotations,
        template_annotations=template or {},
    )


def a_link(
    name: str = "web", *, created_at: str = "2026-11-23T22:00:00Z", deleted: bool = False, **spec: Any
) -> JiraDeploymentLink:
    """Return a link for Deployment `web`; `spec` are keys of its spec."""
    named = {} if "selector" in spec else {"workloadRef": {"kind": "Deployment", "name": "web"}}
    metadata = {"namespace": "shop", "name": name, "uid": f"uid-of-{name}", "creationTimestamp": created_at}
    if deleted:
        metadata["deletionTimestamp"] = created_at
    return JiraDeploymentLink.from_object({"metadata": metadata, "spec": {**named, **spec}})


def sources(
    annotations: dict[str, str] | None = None,
    *,
    labels: dict[str, str] | None = None,
    by_link: JiraDeploymentLink | None = None,
    released: str | None = None,
    carried: tuple[str, ...] = (),
) -> Sources:
    """Return what speaks of a workload beside itself; the annotations are the namespace's."""
    return Sources(
        namespace_annotations=annotations or {},
        namespace_labels=labels or {},
        link=by_link,
        released_label=released,
        carried_keys=carried,
    )


def target_of(result: Linked) -> Target:
    """Return the target, which there must be."""
    assert result.target is not None, result.because
    return result.target


def told(result: Linked) -> list[tuple[str, str]]:
    """Return on which object each problem is told, and its text."""
    return [(each.origin, str(each.problem)) for each in result.problems]


def linked(look: Observation | None = None, said: Sources | None = None, by: Settings | None = None) -> Linked:
    """Return the outcome for an ordinary workload, but for what is given."""
    return link(look or seen(), said or sources(), by or settings())
