"""The decision on a write, by the table that the chart's policies are tried with too, and what always holds (R6)."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, GATE, HOLD, OVERRIDE, REFUSE
from jira_deployment_operator.api.hold import in_force
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.admission import RESTARTED_AT, Operation, Rules, Write, decide
from tests.unit.gating.admission_case import (
    KINDS,
    USERS,
    VALUES,
    Case,
    Kind,
    RulesName,
    filled,
    known,
    link,
    manifest,
    merged,
    parts,
)
from tests.unit.gating.admission_table import CASES, EVERY
from tests.unit.samples import CREATED, UID

OURS: Final = "jira-operator.dev/"


def rules(name: RulesName = "default") -> Rules:
    values = VALUES[name]
    return Rules(
        operator=USERS["operator"],
        argo_rollouts=USERS["argo"],
        exempt=frozenset({USERS["exempt"]}),
        first_deployment=values.get("gating", {}).get("defaults", {}).get("firstDeployment", False),
        restarts_are_rollouts=values.get("restartsAreRollouts", False),
    )


def link_of(spec: dict[str, Any]) -> JiraDeploymentLink:
    metadata = {"namespace": "shop", "name": "web", "uid": UID, "creationTimestamp": CREATED}
    if spec.get("deleted"):
        metadata["deletionTimestamp"] = CREATED
    return JiraDeploymentLink.from_object({"metadata": metadata, "spec": spec})


def write_of(case: Case, kind: Kind) -> Write:
    texts = {**known(UID, case.generation), "kind": kind}
    written = filled(case.write, **texts)
    stored: dict[str, Any] = {}
    if case.stored is not None:
        server = {"metadata": {"uid": UID, "generation": case.generation, "namespace": "shop"}}
        stored = merged(manifest(kind, filled(case.stored, **texts)), server)
        whole = manifest(kind, written) if case.how == "replace" else written
        new = merged(merged(whole, server) if case.how == "replace" else stored, written)
    else:
        new = manifest(kind, written)
    return Write(
        kind=kind,
        operation="CREATE" if case.stored is None else "UPDATE",
        user=USERS[case.by],
        object=new,
        old=stored,
        namespace_labels=case.namespace_labels,
        namespace_annotations=case.namespace_annotations,
        links=[link_of(filled(each, **texts)) for each in case.links],
    )


def patched(body: Any, patch: list[Operation]) -> dict[str, Any]:
    """Return the object after a JSON patch, strictly: what is removed must be there, and so must what holds it."""
    for operation in patch:
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"][1:].split("/")]
        body = _with(body, way, last, operation)
    result: dict[str, Any] = body
    return result


def _with(body: dict[str, Any], way: list[str], last: str, operation: Operation) -> dict[str, Any]:
    if way:
        return {**body, way[0]: _with(body[way[0]], way[1:], last, operation)}
    if operation["op"] == "remove":
        assert last in body
        return {key: value for key, value in body.items() if key != last}
    assert operation["op"] == "add"
    return {**body, last: operation["value"]}


def ours(body: dict[str, Any]) -> dict[str, str]:
    found = body["metadata"].get("annotations") or {}
    return {key: value for key, value in found.items() if key.startswith(OURS) and key != GATE}


@pytest.mark.parametrize(("case", "kind"), EVERY, ids=[f"{kind}-{case.name}" for case, kind in EVERY])
def test_r6_a_write_becomes_what_the_table_says(case: Case, kind: Kind) -> None:
    write = write_of(case, kind)

    stored = patched(write.object, decide(write, rules(case.rules)))

    assert ours(stored) == filled(case.annotations, **known(UID, case.generation))
    assert bool(stored["spec"].get("paused")) == case.paused


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_what_no_api_server_stores_is_left_to_it() -> None:
    broken: list[dict[str, Any]] = [
        {"metadata": {"name": "web"}},
        {"metadata": {"name": "web"}, "spec": None},
        {"metadata": {"name": "web", "annotations": None, "labels": None}, "spec": {"template": "x"}},
        {"metadata": {"annotations": ["x"]}, "spec": {"template": {"metadata": "x"}}},
    ]
    for body in broken:
        for operation in ("CREATE", "UPDATE"):
            old = {} if operation == "CREATE" else manifest("Rollout", parts())
            old = merged(old, {"metadata": {"uid": UID, "generation": 1}}) if old else {}
            write = Write("Rollout", operation, USERS["user"], body, old, {}, {}, [])
            assert isinstance(decide(write, rules()), list)


# Properties

_ids = st.sampled_from(["{now}", "{next}", "{uid}-1", "first", "00000000-1", ""])
_holds = st.builds("{}{}{}".format, _ids, st.sampled_from(["", " paused"]), st.sampled_from(["", " leaked"]))
_said = st.builds("{}{}".format, _ids, st.sampled_from(["", " ", " pager", " \u2003"]))
_annotations = st.fixed_dictionaries(
    {},
    optional={
        HOLD: _holds,
        OVERRIDE: _said,
        APPROVE: _said,
        REFUSE: _said,
        DECIDED_BY: _said,
        GATE: st.sampled_from(["Off", "Jira", "Manual", "x"]),
    },
)
_pods = st.none() | st.fixed_dictionaries(
    {}, optional={RESTARTED_AT: st.sampled_from(["1", "2"]), GATE: st.sampled_from(["Off", "Jira", "x"])}
)
_parts = st.builds(
    parts,
    image=st.sampled_from(["1.0", "2.0"]),
    annotations=st.none() | _annotations,
    pods=_pods,
    paused=st.sampled_from([True, False, "absent"]),
    replicas=st.integers(0, 1),
)
_links = st.sampled_from(
    [link(), link("Off"), link(firstDeployment=True), link(firstDeployment=False), link(enforcement="Endpoint")]
)


@st.composite
def _writes(draw: st.DrawFn) -> Write:
    case = Case(
        name="any",
        stored=draw(st.none() | _parts),
        write=draw(_parts),
        annotations={},
        paused=False,
        generation=draw(st.integers(1, 3)),
        how="replace",
        by=draw(st.sampled_from(["user", "argo"])),
        namespace_labels=draw(st.sampled_from([{}, {LABEL_REQUIRED_GATE: "Jira"}])),
        namespace_annotations=draw(st.sampled_from([{}, {GATE: "Manual"}, {GATE: "Off"}])),
        links=tuple(draw(st.lists(_links, max_size=2))),
    )
    return write_of(case, draw(st.sampled_from(KINDS)))


_rules = st.sampled_from([rules(name) for name in VALUES])


def again(write: Write, stored: dict[str, Any]) -> Write:
    return Write(
        **{key: getattr(write, key) for key in Write.__slots__ if key != "object"},
        object=stored,
    )


@given(_writes(), _rules)
def test_deciding_again_changes_nothing(write: Write, rules_: Rules) -> None:
    stored = patched(write.object, decide(write, rules_))

    assert decide(again(write, stored), rules_) == []


@given(_writes(), _rules)
def test_r6_what_is_held_stays_held_unless_its_own_hold_is_overridden(write: Write, rules_: Rules) -> None:
    held = in_force(write.old) if write.old else None
    stored = patched(write.object, decide(write, rules_))

    if held is None or rules_.exempts(write):
        return
    override = write.object["metadata"].get("annotations", {}).get(OVERRIDE, "")
    word, _, reason = override.partition(" ")
    if word == held.id and reason.strip():
        return
    assert stored["spec"].get("paused") is True
    assert HOLD in stored["metadata"]["annotations"]


@given(_writes(), _rules)
def test_a_hold_that_is_stored_is_one_with_a_pause(write: Write, rules_: Rules) -> None:
    if rules_.exempts(write):
        return
    stored = patched(write.object, decide(write, rules_))

    assert HOLD not in ours(stored) or stored["spec"].get("paused") is True


@given(_writes(), _rules)
def test_nobody_can_say_himself_who_decided(write: Write, rules_: Rules) -> None:
    if rules_.exempts(write):
        return
    before = (write.old or {"metadata": {}})["metadata"].get("annotations", {})
    held = in_force(write.old) if write.old else None
    said = patched(write.object, decide(write, rules_))["metadata"].get("annotations", {}).get(DECIDED_BY)

    allowed = {None, before.get(DECIDED_BY), f"{held.id} {write.user}" if held else None}
    assert said in allowed


@given(_writes(), _rules)
def test_only_the_pause_and_annotations_of_holds_are_touched(write: Write, rules_: Rules) -> None:
    paths = {operation["path"] for operation in decide(write, rules_)}

    mine = {f"/metadata/annotations/{key.replace('/', '~1')}" for key in (HOLD, OVERRIDE, APPROVE, REFUSE, DECIDED_BY)}
    assert paths <= {*mine, "/metadata/annotations", "/spec/paused"}
