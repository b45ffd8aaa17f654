"""An explanation for people, and for programs. Pure."""

from collections.abc import Iterator
from typing import Any

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.cli.explanation import Explanation
from jira_deployment_operator.cli.output import as_yaml, indented, plain, table
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.linking.texts import SHORT_VERSION
from jira_deployment_operator.workloads.observation import Observation


def as_data(told: Explanation) -> dict[str, Any]:
    """Return an explanation for programs."""
    return {
        "kind": told.workload.kind,
        "namespace": told.workload.namespace,
        "name": told.workload.name,
        "reported": told.reported,
        "because": told.because,
        "link": told.link,
        "overruledLinks": list(told.overruled),
        "workload": _seen_as_data(told.seen) if told.seen else None,
        "gate": told.gate.as_data(),
        "annotations": {place: dict(said) for place, said in told.said.items()},
        "fields": [each.as_data() for each in told.fields],
        "record": _record_as_data(told.newest) if told.newest else None,
        "payload": told.payload,
        "payloadIs": told.payload_is if told.payload else "",
        "problems": list(told.problems),
        "notes": list(told.notes),
    }


def as_text(told: Explanation) -> str:
    """Return an explanation for people, the verdict first."""
    return "\n\n".join("\n".join(part) for part in _parts(told))


def _parts(told: Explanation) -> Iterator[list[str]]:
    yield [str(told.workload), *table(_summary(told))]
    if gate := list(told.gate.rows()):
        yield ["Who must allow it", *table((name, plain(said)) for name, said in gate)]
    if told.problems:
        yield ["Problems", *(f"  - {each}" for each in told.problems)]
    if told.notes:
        yield ["Not seen", *(f"  - {each}" for each in told.notes)]
    if told.fields:
        yield ["What Jira is told, and who said it", *table(_fields(told))]
    if any(told.said.values()):
        yield ["Annotations", *table(_annotations(told))]
    if told.payload:
        yield [f"Request to Jira: {told.payload_is}", indented(as_yaml(told.payload))]


def _summary(told: Explanation) -> Iterator[tuple[str, str]]:
    yield "reported", f"{'yes' if told.reported else 'no'}: {told.because}"
    if seen := told.seen:
        said = ": ".join(each for each in (seen.reason, seen.message) if each)
        yield "phase", f"{seen.phase} ({said})"
        yield "version", f"{seen.label or 'no name'} (template {seen.version[:SHORT_VERSION]})"
    yield "link", told.link or "none names it"
    if told.overruled:
        yield "overruled", f"{', '.join(told.overruled)} (workloadRef comes before selector, then the older link)"
    if record := told.newest:
        last = record.status.transitions[-1:]
        delivery = f", {last[0].delivery}" if last else ", not told (baseline)" if record.spec.baseline else ""
        is_older = told.seen is not None and told.seen.version != record.spec.version
        yield (
            "record",
            f"{record.name}: {record.status.state}{delivery}{' (of an earlier version)' if is_older else ''}",
        )
    else:
        yield "record", "none"


def _fields(told: Explanation) -> Iterator[tuple[str, str, str]]:
    for each in told.fields:
        value = each.value if isinstance(each.value, str) else ", ".join(each.value)
        yield each.field, value, f"{each.origin}: {each.because}"


def _annotations(told: Explanation) -> Iterator[tuple[str, str]]:
    places = {"podTemplate": "pod template"}
    for place, said in told.said.items():
        for key, value in said.items():
            yield places.get(place, place), f"{key}: {value!r}"


def _seen_as_data(seen: Observation) -> dict[str, Any]:
    return {
        "uid": seen.uid,
        "version": seen.version,
        "label": seen.label,
        "phase": str(seen.phase),
        "reason": seen.reason,
        "message": seen.message,
    }


def _record_as_data(record: JiraDeployment) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.spec.version,
        "baseline": record.spec.baseline,
        "state": str(record.status.state) if record.status.state else None,
        "startedAt": record.spec.started_at,
        "key": DeploymentKey.of(record).model_dump(mode="json", by_alias=True),
        "associations": record.status.associations.model_dump(mode="json", by_alias=True),
        "transitions": [each.model_dump(mode="json", by_alias=True) for each in record.status.transitions],
        "conditions": [each.model_dump(mode="json", by_alias=True) for each in record.status.conditions],
    }
