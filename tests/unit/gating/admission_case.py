"""What a case about admission is made of: what is stored, what is written, and what is stored then.

A case can be tried on a real API server as well, so what only the server knows is a placeholder in texts: `{uid}`, the
first characters of the workload's uid, `{now}`, the id of a hold that began with the stored generation, `{next}`, of
one that begins with the next, `{user}`, who writes, and `{kind}`, the workload's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["Deployment", "Rollout"]
Who = Literal["user", "operator", "argo", "exempt"]
How = Literal["merge", "json", "replace", "apply"]
RulesName = Literal["default", "first", "restarts"]

NAME: Final = "web"
KINDS: Final[tuple[Kind, ...]] = ("Deployment", "Rollout")
USERS: Final[Mapping[Who, str]] = {
    "user": "jane@acme.example",
    "operator": "system:serviceaccount:jira:operator-jira-deployment-operator",
    "argo": "system:serviceaccount:argo-rollouts:argo-rollouts",
    "exempt": "system:serviceaccount:velero:velero",
}
VALUES: Final[Mapping[RulesName, Mapping[str, Any]]] = {
    "default": {},
    "first": {"gating": {"defaults": {"firstDeployment": True}}},
    "restarts": {"restartsAreRollouts": True},
}
"""The chart's values under which a case is tried."""


@dataclass(frozen=True)
class Case:
    """One write. `stored` is a manifest's parts, None at the creation of a workload."""

    name: str
    write: Mapping[str, Any]
    annotations: Mapping[str, str]
    """Ours as they are stored then, except `gate`."""
    paused: bool
    stored: Mapping[str, Any] | None = None
    generation: int = 1
    how: How = "merge"
    """A merge patch or a JSON patch of what changes, a replacement by the parts, or a forced server-side apply."""
    by: Who = "user"
    kinds: tuple[Kind, ...] = KINDS
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Mapping[str, Any], ...] = ()
    """Their specs; `deleted: true` in one that is being deleted."""
    rules: RulesName = "default"


def parts(
    *,
    image: str | None = None,
    annotations: Mapping[str, str | None] | None = None,
    pods: Mapping[str, str | None] | None = None,
    labels: Mapping[str, str] | None = None,
    paused: bool | Literal["absent"] | None = "absent",
    **spec: Any,
) -> dict[str, Any]:
    """Return some parts of a manifest; None takes away. `pods` are annotations of the pod template."""
    template: dict[str, Any] = {}
    if image:
        template["spec"] = {"containers": [{"name": "web", "image": f"registry.example.com/shop/web:{image}"}]}
    if pods is not None:
        template["metadata"] = {"annotations": dict(pods)}
    metadata = {"annotations": annotations, "labels": labels}
    return {
        "metadata": {key: dict(value) for key, value in metadata.items() if value is not None},
        "spec": {
            **({"template": template} if template else {}),
            **({} if paused == "absent" else {"paused": paused}),
            **spec,
        },
    }


def manifest(kind: Kind, some: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole manifest with these parts, at image 1.0 if they have none."""
    base = {
        "apiVersion": "apps/v1" if kind == "Deployment" else "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": NAME, "labels": {"app": "web"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            **({} if kind == "Deployment" else {"strategy": {"canary": {}}}),
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "registry.example.com/shop/web:1.0"}]},
            },
        },
    }
    return merged(base, some)


def merged(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a merge patch (RFC 7396) makes of an object."""
    result = {key: value for key, value in body.items() if changes.get(key, "") is not None}
    for key, value in changes.items():
        if isinstance(value, Mapping):
            result[key] = merged(result[key] if isinstance(result.get(key), Mapping) else {}, value)
        elif value is not None:
            result[key] = value
    return result


def filled(value: Any, **known: str) -> Any:
    """Return a case's part with what the placeholders stand for."""
    if isinstance(value, Mapping):
        return {key: filled(each, **known) for key, each in value.items()}
    return value.format(**known) if isinstance(value, str) else value


def known(uid: str, generation: int) -> dict[str, str]:
    """Return what the placeholders of a case stand for."""
    short = uid[:8]
    return {"uid": short, "now": f"{short}-{generation}", "next": f"{short}-{generation + 1}", "user": USERS["user"]}


def link(mode: str = "Jira", *, of: Mapping[str, Any] | None = None, **gate: Any) -> dict[str, Any]:
    """Return a link's spec; it names the workload of the case, whose kind is `{kind}`, unless `of` says otherwise."""
    return {**(of or {"workloadRef": {"kind": "{kind}", "name": NAME}}), "gate": {"mode": mode, **gate}}
