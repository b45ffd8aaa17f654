"""`JiraDeployment`: the schema and the operator's view agree on what a record is."""

import re
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jira_deployment_operator.api import gate, values
from jira_deployment_operator.api.gate import GateTerms
from jira_deployment_operator.api.hold import Answer, AnswerKind
from jira_deployment_operator.api.link import DeletionPolicy, WorkloadKind
from jira_deployment_operator.api.record import Associations, Commit, Environment, JiraDeployment, Pipeline, Removal
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import Said, Trouble, answered, judged
from jira_deployment_operator.ledger.names import record_name
from jira_deployment_operator.tracking.numbers import LARGEST
from jira_deployment_operator.tracking.transitions import Outcome, append, begun, settle, timestamp
from jira_deployment_operator.workloads.observation import WorkloadKey
from jira_deployment_operator.workloads.version import template_version
from tests.crds.schemas import faults, instances, schema_of, version_of
from tests.unit import samples

RECORDS: Final = "jiradeployments"


def example() -> dict[str, Any]:
    """Return a record as `kubectl get -o json` shows it."""
    terms = GateTerms(mode="Jira", hold="5d4cbe5c-2", source="link web")
    held = append(
        samples.record(gate=terms),
        state=State.PENDING,
        reason="NewVersion",
        message="to a new version",
        associations=samples.record().status.associations,
        now_ms=samples.NOW_MS,
    )
    waits = judged(held, Said("awaiting", "SHOP-9"), error_after_ms=0, now_ms=samples.NOW_MS)
    done = settle(waits, {samples.NOW_MS: Outcome(Delivery.ACCEPTED)}, now_ms=samples.NOW_MS)
    body = stored(done)
    body["metadata"]["creationTimestamp"] = samples.NOW
    return body


def as_read(of: JiraDeployment) -> JiraDeployment:
    """Return the record as it is read back once its status is stored."""
    return of.model_copy(update={"has_stored_status": bool(of.status_object())})


def stored(of: JiraDeployment) -> dict[str, Any]:
    return {**of.to_object(), "status": of.status_object()}


def resolve(path: str, body: Any) -> Any:
    """Follow the part of JSONPath that columns use: fields, and one filter by equality."""
    for field, key, value in re.findall(r"\.(\w+)(?:\[\?\(@\.(\w+)==\"(\w+)\"\)\])?", path):
        body = body[field]
        if key:
            (body,) = [each for each in body if each[key] == value]
    return body


@pytest.mark.parametrize(
    "column", version_of(RECORDS)["additionalPrinterColumns"], ids=lambda column: str(column["name"])
)
def test_every_column_shows_something_of_a_real_record(column: dict[str, Any]) -> None:
    assert resolve(column["jsonPath"], example())


def test_the_check_itself_finds_faults() -> None:
    body = example()
    body["spec"]["version"] = "x"
    body["status"]["transitions"][0]["time"] = "yesterday"
    del body["spec"]["url"]

    assert sorted(fault.partition(":")[0] for fault in faults(RECORDS, body)) == [
        "$.spec",
        "$.spec.version",
        "$.status.transitions[0].time",
    ]


# What the operator writes

_texts = st.text(min_size=1, max_size=values.TEXT_MAX)
_ids = st.from_regex(values.ID_PATTERN, fullmatch=True)
_dns = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
_workload_names = st.lists(_dns, min_size=1, max_size=5).map(lambda parts: ".".join(parts)[:253].rstrip("-."))
_words = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters=","), min_size=1, max_size=40)


def models_of(model: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return models; `st.builds` would fill in their aliases as well."""
    return st.fixed_dictionaries(fields).map(lambda drawn: model(**drawn))


_associations = models_of(
    Associations,
    issue_keys=st.lists(st.from_regex(values.ISSUE_KEY_PATTERN, fullmatch=True), max_size=8, unique=True).map(tuple),
    services=st.lists(_words, max_size=4, unique=True).map(tuple),
    commits=st.lists(models_of(Commit, hash=_words, repository=_words), max_size=2).map(tuple),
    repositories=st.lists(_words, max_size=2, unique=True).map(tuple),
    left_out=st.integers(0, 10_000),
)
_environments = models_of(
    Environment, id=_ids, display_name=_texts, type=st.sampled_from(["unmapped", "testing", "production"])
)
_clocks = st.integers(0, samples.NOW_MS * 2)
_gates = models_of(
    GateTerms,
    mode=st.sampled_from(get_args(gate.Asked)),
    enforcement=st.sampled_from(get_args(gate.Enforcement)),
    hold=st.sampled_from(["5d4cbe5c-2", ""]),
    source=_workload_names.map(lambda name: f"link {name}"),
    timeout_seconds=st.none() | st.integers(1, 999_999).map(lambda days: 86_400 * days),
    on_timeout=st.sampled_from(get_args(gate.OnTimeout)),
    on_error=st.sampled_from(get_args(gate.OnError)),
    on_prevented=st.sampled_from(get_args(gate.OnPrevented)),
    returning=st.booleans(),
    leaked=st.booleans(),
)
_heard = st.one_of(
    st.none(),
    st.builds(
        Said,
        st.sampled_from(["allowed", "prevented", "awaiting", ""]) | st.text(max_size=100),
        st.sampled_from(["", "SHOP-9"]),
        st.sampled_from(["", "https://acme.example/" + "a" * 1979]),
    ),
    st.builds(Trouble, st.text(max_size=1500)),
)
_answers = st.builds(
    Answer,
    st.sampled_from(get_args(AnswerKind)),
    st.just("5d4cbe5c-2"),
    st.text(min_size=1, max_size=1500),
    st.text(max_size=400),
)
_acts = st.lists(
    st.tuples(
        _clocks,
        st.one_of(st.sampled_from(State), st.sampled_from(Delivery), _heard, _answers),
        st.text(max_size=1500),
    ),
    max_size=12,
)


@st.composite
def records_of_the_operator(draw: st.DrawFn) -> JiraDeployment:
    """Return a record that went through the operator's own rooms, whatever its workload is called and does."""
    kind, name, namespace = draw(st.sampled_from(get_args(WorkloadKind))), draw(_workload_names), draw(_dns)
    now, ordinal, associations = draw(_clocks), draw(st.integers(1, 10**9)), draw(_associations)
    record = samples.record(
        name=name,
        ordinal=ordinal,
        version=template_version({"x": draw(st.integers())}),
        baseline=draw(st.booleans()),
        started_at=timestamp(now),
        deployment_sequence_number=draw(st.integers(1, LARGEST)),
        pipeline=draw(models_of(Pipeline, id=_ids, display_name=_texts, url=st.just("https://acme.example/"))),
        environment=draw(_environments),
        display_name=draw(_texts),
        description=draw(_texts),
        label=draw(st.one_of(st.none(), _texts)),
        associations=associations,
        link=draw(st.one_of(st.none(), _workload_names)),
        deletion_policy=draw(st.sampled_from(get_args(DeletionPolicy))),
        gate=draw(st.none() | _gates),
    )
    workload = record.spec.workload.model_copy(update={"kind": kind})
    record = record.model_copy(
        update={
            "name": record_name(WorkloadKey(kind, namespace, name), ordinal),
            "namespace": namespace,
            "spec": record.spec.model_copy(update={"workload": workload}),
        }
    )
    record = begun(record) if record.spec.baseline else record
    for clock, what, words in draw(_acts):
        if isinstance(what, State):
            record = append(
                record, state=what, reason="Reason", message=words, associations=associations, now_ms=max(clock, 1)
            )
        elif isinstance(what, Answer):
            record = answered(record, what, now_ms=max(clock, 1))
        elif not isinstance(what, Delivery):
            record = judged(record, what, error_after_ms=0, now_ms=max(clock, 1))
        elif what is not Delivery.DUE and record.due:
            record = settle(record, {record.due[0].update_sequence_number: Outcome(what, words)}, now_ms=clock)
    if draw(st.booleans()):
        removal = Removal(since=timestamp(now), reason="LinkDeleted")
        record = record.model_copy(update={"status": record.status.model_copy(update={"removal": removal})})
    return record


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(records_of_the_operator())
def test_what_the_operator_writes_the_schema_takes(made: JiraDeployment) -> None:
    body = stored(made)

    assert faults(RECORDS, body) == []
    assert JiraDeployment.from_object(body) == as_read(made)


# What the schema takes

_parts = {key: schema_of(RECORDS)["properties"][key] for key in ("spec", "status")}


def agrees(given: Any, written: Any) -> bool:
    """Whether `written` is `given`, completed by defaults where that left fields out."""
    if isinstance(given, dict):
        return isinstance(written, dict) and all(agrees(each, written.get(key)) for key, each in given.items())
    if isinstance(given, list):
        return len(given) == len(written) and all(map(agrees, given, written))
    return bool(given == written)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(instances(_parts["spec"]), st.one_of(st.none(), instances(_parts["status"])))
def test_what_the_schema_takes_the_operator_reads_and_writes_back_the_same(
    spec: dict[str, Any], status: dict[str, Any] | None
) -> None:
    body = {"metadata": {"namespace": "shop", "name": "x"}, "spec": spec, **({"status": status} if status else {})}
    assert faults(RECORDS, body) == []

    read = JiraDeployment.from_object(body)
    again = stored(read)

    assert JiraDeployment.from_object(again) == as_read(read)
    assert faults(RECORDS, again) == []
    assert agrees(spec, again["spec"])
    assert agrees(status or {}, again["status"])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(("spec", "version"), "A" * 64, id="version-in-capitals"),
        pytest.param(("spec", "ordinal"), 0, id="ordinal-0"),
        pytest.param(("spec", "deploymentSequenceNumber"), LARGEST + 1, id="number-not-exact-in-json"),
        pytest.param(("spec", "pipeline", "id"), "a/b", id="id-with-a-slash"),
        pytest.param(("spec", "environment", "type"), "prod", id="unknown-environment-type"),
        pytest.param(("spec", "workload", "kind"), "Pod", id="unknown-kind"),
        pytest.param(("spec", "deletionPolicy"), "Orphan", id="unknown-policy"),
        pytest.param(("spec", "link"), "", id="link-without-a-name"),
        pytest.param(("status", "state"), "unknown", id="unknown-state"),
        pytest.param(("spec", "gate", "mode"), "Off", id="a-gate-that-asks-nobody"),
        pytest.param(("spec", "gate", "onError"), "Cancel", id="unknown-policy-of-a-gate"),
        pytest.param(("status", "gate", "decision"), "Maybe", id="unknown-decision"),
        pytest.param(("status", "removal"), {"since": samples.NOW}, id="removal-without-a-reason"),
        pytest.param(("status", "associations", "issueKeys"), [""], id="empty-issue-key"),
        pytest.param(("status", "associations", "commits"), [{"hash": "a1"}], id="commit-without-a-repository"),
        pytest.param(("status", "associations", "leftOut"), -1, id="fewer-than-none-left-out"),
    ],
)
def test_what_the_operator_never_writes_is_refused(place: tuple[str, ...], value: object) -> None:
    body: Any = example()
    target = body
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value

    assert len(faults(RECORDS, body)) == 1
