"""The CRDs: bounded and described everywhere, and in agreement with the models the operator reads and writes."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from jira_deployment_operator.api import names
from jira_deployment_operator.api.annotations import ISSUE_KEYS_MAX
from jira_deployment_operator.api.conditions import MESSAGE_MAX
from jira_deployment_operator.api.record import TRANSITIONS_MAX, EnvironmentType, JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.ledger.names import record_name
from jira_deployment_operator.linking.target import link
from jira_deployment_operator.tracking.numbers import LARGEST
from jira_deployment_operator.tracking.transitions import Outcome, append, begun, settle, timestamp
from jira_deployment_operator.workloads.observation import WorkloadKey
from jira_deployment_operator.workloads.version import template_version
from tests.unit import samples

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = sorted((ROOT / "crds").glob("*.yaml"))
CRDS: Final[dict[str, Any]] = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
RECORD: Final = CRDS["jiradeployments.jira-operator.dev.yaml"]

Node = tuple[str, dict[str, Any]]


def schema_of(crd: dict[str, Any]) -> dict[str, Any]:
    (version,) = crd["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def walk(schema: dict[str, Any], path: str = "") -> Iterator[Node]:
    """Yield every schema below `schema` with its path as kubectl writes it."""
    yield path, schema
    for key, each in schema.get("properties", {}).items():
        yield from walk(each, f"{path}.{key}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], f"{path}{{}}")


NODES: Final[list[Node]] = [
    (f"{name.partition('.')[0]}{path}", node) for name, crd in CRDS.items() for path, node in walk(schema_of(crd))
]
OURS: Final = [(path, node) for path, node in NODES if not re.fullmatch(r"\w+(\.(metadata|apiVersion|kind))?", path)]
"""Without the three fields that the API server itself answers for."""


def lacking(type_: str, is_good: Any) -> list[str]:
    return [path for path, node in OURS if node.get("type") == type_ and not is_good(node)]


def test_there_is_something_to_look_at() -> None:
    assert len(OURS) > 30
    assert [crd["kind"] for crd in CRDS.values()] == ["CustomResourceDefinition"] * len(CRDS)


def test_everything_has_a_type() -> None:
    assert [path for path, node in NODES if "type" not in node and "x-kubernetes-int-or-string" not in node] == []


def test_every_property_has_a_description_that_is_a_sentence() -> None:
    said = [(path, node.get("description", "")) for path, node in OURS if not path.endswith("[]")]

    assert [path for path, text in said if not re.match(r"[A-Z`].*[.)]$", text, re.DOTALL)] == []


def test_every_string_is_bounded() -> None:
    assert lacking("string", lambda node: "maxLength" in node or "enum" in node) == []


def test_every_integer_is_bounded_or_has_a_format() -> None:
    assert lacking("integer", lambda node: "format" in node or {"minimum", "maximum"} <= node.keys()) == []


def test_every_list_is_bounded_and_says_what_kind_of_list_it_is() -> None:
    assert lacking("array", lambda node: "maxItems" in node and "x-kubernetes-list-type" in node) == []


def test_every_list_map_has_keys_that_its_items_must_have() -> None:
    for path, node in OURS:
        if node.get("x-kubernetes-list-type") == "map":
            keys = set(node["x-kubernetes-list-map-keys"])
            assert keys <= set(node["items"]["required"]), path


def test_every_object_names_its_properties_and_requires_only_those() -> None:
    for path, node in OURS:
        if node["type"] == "object":
            assert node.get("properties") or isinstance(node.get("additionalProperties"), dict), path
            assert set(node.get("required", [])) <= set(node.get("properties", {})), path


def test_nothing_switches_pruning_or_validation_off_and_no_number_is_a_float() -> None:
    for path, node in NODES:
        assert "x-kubernetes-preserve-unknown-fields" not in node, path
        assert node.get("type") != "number", path
        assert node.get("additionalProperties") is not True, path


def test_names_are_those_the_operator_asks_for() -> None:
    spec = RECORD["spec"]
    (version,) = spec["versions"]

    assert (spec["group"], version["name"]) == (names.GROUP, names.VERSION)
    assert (spec["names"]["kind"], spec["names"]["plural"]) == (names.RECORD_KIND, names.RECORD_PLURAL)
    assert RECORD["metadata"]["name"] == f"{names.RECORD_PLURAL}.{names.GROUP}"
    assert version["subresources"] == {"status": {}}
    assert spec["scope"] == "Namespaced"


def node(path: str) -> dict[str, Any]:
    return dict(NODES)[f"jiradeployments{path}"]


@pytest.mark.parametrize(
    ("path", "enum"),
    [
        (".status.state", State),
        (".status.transitions[].state", State),
        (".status.transitions[].delivery", Delivery),
    ],
)
def test_the_words_of_the_schema_are_those_of_the_operator(path: str, enum: type[StrEnum]) -> None:
    assert node(path)["enum"] == [each.value for each in enum]


def test_environment_types_are_jiras() -> None:
    assert node(".spec.environment.type")["enum"] == list(get_args(EnvironmentType))


def test_the_operators_bounds_are_within_the_schemas() -> None:
    assert node(".status.transitions")["maxItems"] >= TRANSITIONS_MAX
    assert node(".status.associations.issueKeys")["maxItems"] >= ISSUE_KEYS_MAX
    assert node(".status.transitions[].message")["maxLength"] >= MESSAGE_MAX
    assert node(".status.conditions[].message")["maxLength"] >= MESSAGE_MAX
    for path in (".spec.deploymentSequenceNumber", ".status.transitions[].updateSequenceNumber"):
        assert node(path)["maximum"] == LARGEST


# Columns


def example() -> dict[str, Any]:
    """Return a record as `kubectl get -o json` shows it."""
    begun = append(
        samples.record(),
        state=State.IN_PROGRESS,
        reason="NewVersion",
        message="to a new version",
        associations=samples.record().status.associations,
        now_ms=samples.NOW_MS,
    )
    done = settle(begun, {samples.NOW_MS: Outcome(Delivery.ACCEPTED)}, now_ms=samples.NOW_MS)
    body = stored(done)
    body["metadata"]["creationTimestamp"] = samples.NOW
    return body


def as_read(of: JiraDeployment) -> JiraDeployment:
    """Return the record as it is read back once its status is stored."""
    return of.model_copy(update={"has_stored_status": bool(of.status_object())})


NESTED = {"associations", "opening"}
"""Optional objects in which the operator writes defaults where others leave fields out."""


def stored(of: JiraDeployment) -> dict[str, Any]:
    return {**of.to_object(), "status": of.status_object()}


def resolve(path: str, body: Any) -> Any:
    """Follow the part of JSONPath that columns use: fields, and one filter by equality."""
    for field, key, value in re.findall(r"\.(\w+)(?:\[\?\(@\.(\w+)==\"(\w+)\"\)\])?", path):
        body = body[field]
        if key:
            (body,) = [each for each in body if each[key] == value]
    return body


def columns() -> list[dict[str, Any]]:
    (version,) = RECORD["spec"]["versions"]
    found: list[dict[str, Any]] = version["additionalPrinterColumns"]
    return found


@pytest.mark.parametrize("column", columns(), ids=lambda column: str(column["name"]))
def test_every_column_shows_something_of_a_real_record(column: dict[str, Any]) -> None:
    assert resolve(column["jsonPath"], example())
    assert column["description"].endswith(".")


def test_the_columns_are_what_a_person_asks_for_and_age_stands_last_before_the_details() -> None:
    plain = [each["name"] for each in columns() if not each.get("priority")]

    assert plain[-1] == "Age"
    assert {"Workload", "Environment", "State", "Issues", "Reported"} <= set(plain)
    assert [each["name"] for each in columns() if each.get("priority")] == ["Message"]


# Model and schema agree

VALIDATOR: Final = Draft202012Validator(schema_of(RECORD), format_checker=FormatChecker(formats=["date-time"]))


def faults(body: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(body)]


def test_the_check_itself_finds_faults() -> None:
    body = example()
    body["spec"]["version"] = "x"
    body["status"]["transitions"][0]["time"] = "yesterday"
    del body["spec"]["url"]

    assert sorted(fault.partition(":")[0] for fault in faults(body)) == [
        "$.spec",
        "$.spec.version",
        "$.status.transitions[0].time",
    ]


_labels = st.one_of(st.none(), st.text(min_size=1, max_size=300))
_dns = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
_workload_names = st.lists(_dns, min_size=1, max_size=5).map(lambda parts: ".".join(parts)[:253].rstrip("-."))
_issues = st.lists(st.from_regex(r"[A-Z][A-Z0-9_]{1,40}-[1-9][0-9]{0,8}", fullmatch=True), max_size=8, unique=True)
_clocks = st.integers(0, samples.NOW_MS * 2)
_acts = st.lists(
    st.tuples(_clocks, st.one_of(st.sampled_from(State), st.sampled_from(Delivery)), st.text(max_size=1500)),
    max_size=12,
)


@st.composite
def records_of_the_operator(draw: st.DrawFn) -> JiraDeployment:
    """Return a record as the operator's own rooms make it from whatever a workload is called and does."""
    name, namespace = draw(_workload_names), draw(_dns)
    annotations = {"jira-operator.dev/report": "true"}
    if issues := draw(_issues):
        annotations["jira-operator.dev/issue-keys"] = ",".join(issues)
    seen = samples.observation(
        name=name,
        namespace=namespace,
        label=draw(_labels),
        annotations=annotations,
        version=template_version({"x": draw(st.integers())}),
    )
    target = link(seen, {}, samples.settings()).target
    assert target is not None
    now = draw(_clocks)
    ordinal = draw(st.integers(1, 10**9))
    made = samples.record(
        name=name,
        ordinal=ordinal,
        version=seen.version,
        baseline=draw(st.booleans()),
        started_at=timestamp(now),
        deployment_sequence_number=draw(st.integers(1, LARGEST)),
        **{
            field: getattr(target, field)
            for field in ("site", "pipeline", "environment", "display_name", "description", "label", "url")
        },
    )
    associations = target.associations
    made = made.model_copy(
        update={"name": record_name(WorkloadKey("Deployment", namespace, name), ordinal), "namespace": namespace}
    )
    made = begun(made) if made.spec.baseline else made
    for clock, what, words in draw(_acts):
        if isinstance(what, State):
            made = append(
                made, state=what, reason="Reason", message=words, associations=associations, now_ms=max(clock, 1)
            )
        elif what is not Delivery.DUE and made.due:
            made = settle(made, {made.due[0].update_sequence_number: Outcome(what, words)}, now_ms=clock)
    return made


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(records_of_the_operator())
def test_what_the_operator_writes_the_schema_takes(made: JiraDeployment) -> None:
    body = stored(made)

    assert faults(body) == []
    assert JiraDeployment.from_object(body) == as_read(made)


def instances(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a schema of ours takes: the few words of OpenAPI that `crds/` uses."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    makers: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
        "object": _objects,
        "array": _arrays,
        "string": _strings,
        "integer": lambda node: st.integers(node.get("minimum", -(2**63)), node.get("maximum", 2**63 - 1)),
        "boolean": lambda _: st.booleans(),
    }
    return makers[schema["type"]](schema)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    required = set(schema.get("required", []))
    properties = {key: instances(each) for key, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {key: each for key, each in properties.items() if key in required},
        optional={key: each for key, each in properties.items() if key not in required},
    )


def _arrays(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    keys = schema.get("x-kubernetes-list-map-keys")
    unique_by = (lambda each: tuple(each[key] for key in keys)) if keys else None
    if schema["x-kubernetes-list-type"] == "set":
        return st.lists(instances(schema["items"]), max_size=4, unique=True)
    return st.lists(instances(schema["items"]), max_size=4, unique_by=unique_by)


def _strings(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.integers(0, samples.NOW_MS * 2).map(timestamp)
    if "pattern" in schema:
        longest = schema["maxLength"]
        return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: len(text) <= longest)
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema["maxLength"], 30))


_parts = {key: schema_of(RECORD)["properties"][key] for key in ("spec", "status")}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(instances(_parts["spec"]), st.one_of(st.none(), instances(_parts["status"])))
def test_what_the_schema_takes_the_operator_reads_and_writes_back_the_same(
    spec: dict[str, Any], status: dict[str, Any] | None
) -> None:
    body = {"metadata": {"namespace": "shop", "name": "x"}, "spec": spec, **({"status": status} if status else {})}
    assert faults(body) == []

    read = JiraDeployment.from_object(body)

    assert JiraDeployment.from_object(stored(read)) == as_read(read)
    assert faults(stored(read)) == []
    written = read.to_object()["spec"]
    assert {key: written[key] for key in spec if key not in NESTED} == {
        key: value for key, value in spec.items() if key not in NESTED
    }
    assert JiraDeployment.from_object({**body, "spec": written}) == read
    assert (status or {}).items() <= read.status_object().items() or not _is_complete(status or {})


def _is_complete(status: dict[str, Any]) -> bool:
    """Whether every optional field is there; the operator writes defaults where others leave fields out."""
    transitions = status.get("transitions", [])
    return "issueKeys" in status.get("associations", {}) and all("message" in each for each in transitions)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(("spec", "version"), "A" * 64, id="version-in-capitals"),
        pytest.param(("spec", "ordinal"), 0, id="ordinal-0"),
        pytest.param(("spec", "deploymentSequenceNumber"), LARGEST + 1, id="number-not-exact-in-json"),
        pytest.param(("spec", "pipeline", "id"), "a/b", id="id-with-a-slash"),
        pytest.param(("spec", "environment", "type"), "prod", id="unknown-environment-type"),
        pytest.param(("spec", "workload", "kind"), "Pod", id="unknown-kind"),
        pytest.param(("status", "state"), "unknown", id="unknown-state"),
        pytest.param(("status", "associations", "issueKeys"), [""], id="empty-issue-key"),
    ],
)
def test_what_the_operator_never_writes_is_refused(place: tuple[str, ...], value: object) -> None:
    body: Any = example()
    target = body
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value

    assert len(faults(body)) == 1


def test_the_spec_cannot_be_changed() -> None:
    (rule,) = schema_of(RECORD)["properties"]["spec"]["x-kubernetes-validations"]

    assert rule["rule"] == "self == oldSelf"
    assert rule["message"].startswith("spec must not be changed")


def test_the_charts_copies_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "charts/generate_crds.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, "")
