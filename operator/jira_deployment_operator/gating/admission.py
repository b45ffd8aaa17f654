"""What becomes of a write to a workload before it is stored: held, still held, opened, or left as it is.

A hold must be part of the write that changes the pod template: whoever pauses afterwards loses the race (R6). So this
is decided inside the API server, by the chart's policies (`templates/gating-policy.yaml`) or by the webhook, which
calls `decide`. Both decide alike: one table of cases tries both (`tests/unit/gating/admission_table.py`).

Deciding again about what came out changes nothing, for admission is asked again after others have changed an object.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from jira_deployment_operator.api import hold as holds
from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, GATE, HOLD, OVERRIDE, REFUSE
from jira_deployment_operator.api.hold import FIRST, Hold
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.api.values import GATE_MODES

Operation = dict[str, Any]
"""One operation of a JSON patch (RFC 6902)."""

ROLLOUT: Final = "Rollout"
RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"

_ANSWERS: Final = (OVERRIDE, APPROVE, REFUSE)
_ASKED: Final = ("Jira", "Manual")
_OFF: Final = "Off"


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose writes are left alone, and the platform team's choices that count here."""

    operator: str
    """The operator's own user, who must be able to open a hold."""
    argo_rollouts: str
    """The user of Argo's controller, which completes Rollouts: its write would look like a new version."""
    exempt: frozenset[str] = frozenset()
    first_deployment: bool = False
    restarts_are_rollouts: bool = False

    def exempts(self, write: "Write") -> bool:
        """Return whether the write is left as it is because of who writes."""
        controller = write.kind == ROLLOUT and write.user == self.argo_rollouts
        return controller or write.user == self.operator or write.user in self.exempt


@dataclass(frozen=True, slots=True)
class Write:
    """A Deployment or Rollout as somebody wants to store it; `old`, what is stored, is empty at its creation."""

    kind: str
    operation: Literal["CREATE", "UPDATE"]
    user: str
    object: Mapping[str, Any]
    old: Mapping[str, Any]
    namespace_labels: Mapping[str, str]
    namespace_annotations: Mapping[str, str]
    links: Sequence[JiraDeploymentLink]
    """All links of the namespace."""


def decide(write: Write, rules: Rules) -> list[Operation]:
    """Return the JSON patch that makes of the write what is to be stored, empty if it is stored as it is."""
    if rules.exempts(write) or not isinstance(write.object.get("spec"), Mapping):
        return []
    return list(_patch(write.object, _judge(write, rules)))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the object must be like: annotations, None for none; `paused`, None where it is the user's choice."""

    annotations: Mapping[str, str | None]
    paused: bool | None = None


def _judge(write: Write, rules: Rules) -> _Verdict:
    held = holds.in_force(write.old) if write.operation == "UPDATE" else None
    changed = write.operation == "UPDATE" and not _same_template(write, rules)
    others = _stamps(write, held, changed=changed)
    begins = _begins(write, rules, held, changed=changed)
    if begins:
        value = _flagged(write, Hold(begins), may_keep=held.keeps_paused if held else _was_paused(write))
        return _Verdict({HOLD: value, **others}, paused=True)
    if held is None:
        return _Verdict({HOLD: _set_by_another(write, changed=changed), **others})
    if _opened(write, held):
        return _Verdict({HOLD: None, **others}, paused=held.keeps_paused and _is_paused(write.object))
    value = _flagged(write, Hold(held.id, leaked=held.leaked), may_keep=held.keeps_paused)
    return _Verdict({HOLD: value, **others}, paused=True)


def _begins(write: Write, rules: Rules, held: Hold | None, *, changed: bool) -> str | None:
    """Return the id of the hold that begins with this write; a newer template while held moves the hold on."""
    asked = _asked(write, rules)
    if write.operation == "CREATE":
        return FIRST if asked.at_creation else None
    return _next_id(write) if changed and (asked.gate or held) else None


def _next_id(write: Write) -> str:
    """Return the id of a hold that begins with this write: the API server is about to count the generation on."""
    if write.operation == "CREATE":
        return FIRST
    metadata = write.old["metadata"]
    return holds.hold_id(metadata["uid"], metadata.get("generation", 0) + 1)


def _opened(write: Write, held: Hold) -> bool:
    return holds.answer_of({OVERRIDE: _annotations(write.object).get(OVERRIDE, "")}, held.id) is not None


def _flagged(write: Write, hold: Hold, *, may_keep: bool) -> str:
    """Return the annotation of a hold. The user's own pause is kept for later, until he ends it.

    After the hold has set its pause, nobody could tell the two; the annotation, once set, can.
    """
    keeps = may_keep and _is_paused(write.object) and _annotations(write.object).get(HOLD) != str(hold)
    return str(Hold(hold.id, keeps, hold.leaked))


def _set_by_another(write: Write, *, changed: bool) -> str | None:
    """Return the object's hold if another policy may just have set it; any other was copied from somewhere.

    `kubectl rollout undo` copies annotations of the past back. The chart's policies do not know of each other.
    """
    value = _annotations(write.object).get(HOLD)
    if not _is_paused(write.object) or not (changed or write.operation == "CREATE"):
        return None
    begun = _next_id(write)
    return value if value in (str(Hold(begun)), str(Hold(begun, keeps_paused=True))) else None


def _stamps(write: Write, held: Hold | None, *, changed: bool) -> dict[str, str | None]:
    """Return who decided, which no user can write himself; answers of another object's past are none."""
    if write.operation == "CREATE":
        return dict.fromkeys((*_ANSWERS, DECIDED_BY))
    new, old = _annotations(write.object), _annotations(write.old)
    if held and not changed and any(key in new and new[key] != old.get(key) for key in _ANSWERS):
        return {DECIDED_BY: f"{held.id} {write.user}"}
    return {DECIDED_BY: old.get(DECIDED_BY) or None}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whether anybody asks for a gate here, and for one at the workload's creation already."""

    gate: bool
    at_creation: bool


def _asked(write: Write, rules: Rules) -> _Asked:
    if write.namespace_labels.get(LABEL_REQUIRED_GATE) in _ASKED:
        return _Asked(gate=True, at_creation=rules.first_deployment)
    word = _word(write)
    if word:
        gated = word != _OFF
        return _Asked(gated, gated and rules.first_deployment)
    at_creation = list(_linked(write, rules))
    if write.namespace_annotations.get(GATE) in _ASKED:
        at_creation.append(rules.first_deployment)
    return _Asked(bool(at_creation), any(at_creation))


def _word(write: Write) -> str | None:
    """Return what the annotation says, on the pod template before the workload; a word nobody knows says nothing."""
    said = (_annotations(_template(write.object)).get(GATE), _annotations(write.object).get(GATE))
    return next((word for word in said if word in GATE_MODES), None)


def _linked(write: Write, rules: Rules) -> Iterator[bool]:
    """Yield, for each link that asks for a pause here, whether it does so at the workload's creation already."""
    metadata = write.object.get("metadata") or {}
    for link in write.links:
        gate = link.spec.gate
        if gate is None or not gate.asks or gate.enforcement != "Pause" or link.deleted:
            continue
        if link.names(write.kind, metadata.get("name") or "", metadata.get("labels") or {}):
            yield rules.first_deployment if gate.first_deployment is None else gate.first_deployment


def _same_template(write: Write, rules: Rules) -> bool:
    new, old = _template(write.object), _template(write.old)
    if rules.restarts_are_rollouts:
        return new == old
    return new == old or _without_restart(new) == _without_restart(old)


def _without_restart(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = template.get("metadata")
    if not isinstance(metadata, Mapping):
        return dict(template)
    annotations = {key: value for key, value in _annotations(template).items() if key != RESTARTED_AT}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**template, "metadata": {**rest, **({"annotations": annotations} if annotations else {})}}


def _template(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the pod template; empty where a Rollout takes it from a Deployment."""
    template = body["spec"].get("template")
    return template if isinstance(template, Mapping) else {}


def _annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return annotations if isinstance(annotations, Mapping) else {}


def _is_paused(body: Mapping[str, Any]) -> bool:
    return body["spec"].get("paused") is True


def _was_paused(write: Write) -> bool:
    """Return whether a pause in the object can be the user's; at creation there is nobody else's."""
    return write.operation == "CREATE" or _is_paused(write.old)


def _patch(body: Mapping[str, Any], verdict: _Verdict) -> Iterator[Operation]:
    found = _annotations(body)
    wanted = {key: value for key, value in verdict.annotations.items() if found.get(key) != value}
    if not found and any(value is not None for value in wanted.values()):
        yield {"op": "add", "path": "/metadata/annotations", "value": {}}
    for key, value in wanted.items():
        path = f"/metadata/annotations/{key.replace('/', '~1')}"
        yield {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}
    if verdict.paused is True and not _is_paused(body):
        yield {"op": "add", "path": "/spec/paused", "value": True}
    if verdict.paused is False and "paused" in body["spec"]:
        yield {"op": "remove", "path": "/spec/paused"}
