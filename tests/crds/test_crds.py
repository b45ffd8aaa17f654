"""The CRDs: bounded and described everywhere, in the operator's own words, and copied into the chart."""

import re
import subprocess
import sys
from enum import StrEnum
from typing import Any, get_args

import pytest

from jira_deployment_operator.api import gate, names, values
from jira_deployment_operator.api.conditions import MESSAGE_MAX, REASON_MAX
from jira_deployment_operator.api.link import MATCHED_MAX, DeletionPolicy, Operator, WorkloadKind
from jira_deployment_operator.api.record import ASSOCIATED_MAX, TRANSITIONS_MAX, EnvironmentType
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.jira.answers import WORD_MAX
from jira_deployment_operator.tracking.numbers import LARGEST
from tests.crds.schemas import CRDS, NODES, ROOT, version_of

RECORDS = "jiradeployments"
LINKS = "jiradeploymentlinks"
OURS = {path: node for path, node in NODES.items() if not re.fullmatch(r"\w+(\.(metadata|apiVersion|kind))?", path)}
"""Without the three fields that the API server itself answers for."""


def lacking(type_: str, is_good: Any) -> list[str]:
    return [path for path, node in OURS.items() if node.get("type") == type_ and not is_good(node)]


def test_there_is_something_to_look_at() -> None:
    assert set(CRDS) == {RECORDS, LINKS}
    for plural in CRDS:
        assert len([path for path in OURS if path.startswith(f"{plural}.")]) > 30


def test_everything_has_a_type() -> None:
    assert [path for path, node in NODES.items() if "type" not in node] == []


def test_every_property_has_a_description_that_is_a_sentence() -> None:
    said = {path: node.get("description", "") for path, node in OURS.items() if not path.endswith(("[]", "{}"))}

    assert [path for path, text in said.items() if not re.match(r"[A-Z`].*[.)]$", text, re.DOTALL)] == []


def test_every_string_is_bounded() -> None:
    assert lacking("string", lambda node: "maxLength" in node or "enum" in node) == []


def test_every_integer_is_bounded_or_has_a_format() -> None:
    assert lacking("integer", lambda node: "format" in node or {"minimum", "maximum"} <= node.keys()) == []


def test_every_list_is_bounded_and_says_what_kind_of_list_it_is() -> None:
    assert lacking("array", lambda node: "maxItems" in node and "x-kubernetes-list-type" in node) == []


def test_every_map_is_bounded() -> None:
    maps = {path: node for path, node in OURS.items() if "additionalProperties" in node}

    assert [path for path, node in maps.items() if "maxProperties" not in node] == []


def test_every_list_map_has_keys_that_its_items_must_have() -> None:
    for path, node in OURS.items():
        if node.get("x-kubernetes-list-type") == "map":
            keys = set(node["x-kubernetes-list-map-keys"])
            assert keys <= set(node["items"]["required"]), path


def test_every_object_names_its_properties_and_requires_only_those() -> None:
    for path, node in OURS.items():
        if node["type"] == "object":
            assert node.get("properties") or isinstance(node.get("additionalProperties"), dict), path
            assert set(node.get("required", [])) <= set(node.get("properties", {})), path


def test_every_required_text_says_something() -> None:
    said = ("message", "reason", "hash", "hold")  # a rollout that could not be held has no hold
    for path, node in OURS.items():
        for name in node.get("required", []):
            field = node["properties"][name]
            if field["type"] == "string" and not ({"enum", "format", "pattern"} & field.keys()) and name not in said:
                assert field.get("minLength") or path.endswith("conditions[]"), f"{path}.{name}"


def test_nothing_switches_pruning_or_validation_off_and_no_number_is_a_float() -> None:
    for path, node in NODES.items():
        assert "x-kubernetes-preserve-unknown-fields" not in node, path
        assert node.get("type") != "number", path
        assert node.get("additionalProperties") is not True, path


def test_every_rule_says_what_is_allowed() -> None:
    for path, node in NODES.items():
        for rule in node.get("x-kubernetes-validations", []):
            assert re.match(r"(spec )?must (not )?", rule["message"]), path
            assert not rule["message"].endswith("."), path


@pytest.mark.parametrize(
    ("plural", "kind", "short"), [(RECORDS, "JiraDeployment", "jiradep"), (LINKS, "JiraDeploymentLink", "jdl")]
)
def test_names_are_those_the_operator_asks_for(plural: str, kind: str, short: str) -> None:
    crd, version = CRDS[plural], version_of(plural)
    spec = crd["spec"]

    assert crd["kind"] == "CustomResourceDefinition"
    assert (spec["group"], version["name"]) == (names.GROUP, names.VERSION)
    assert (spec["names"]["kind"], spec["names"]["listKind"]) == (kind, f"{kind}List")
    assert spec["names"]["singular"] == kind.lower()
    assert (spec["names"]["shortNames"], spec["names"]["categories"]) == ([short], ["jira"])
    assert crd["metadata"]["name"] == f"{plural}.{names.GROUP}"
    assert version["subresources"] == {"status": {}}
    assert spec["scope"] == "Namespaced"


def test_the_operator_asks_for_records_by_their_names() -> None:
    assert (names.RECORD_KIND, names.RECORD_PLURAL) == ("JiraDeployment", RECORDS)


# The operator's words


def words(type_: Any) -> list[str]:
    is_enum = isinstance(type_, type) and issubclass(type_, StrEnum)
    return [each.value for each in type_] if is_enum else list(get_args(type_))


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("jiradeployments.status.state", State),
        ("jiradeployments.status.transitions[].state", State),
        ("jiradeployments.status.transitions[].delivery", Delivery),
        ("jiradeployments.spec.opening.state", State),
        ("jiradeployments.spec.environment.type", EnvironmentType),
        ("jiradeployments.spec.workload.kind", WorkloadKind),
        ("jiradeployments.spec.deletionPolicy", DeletionPolicy),
        ("jiradeploymentlinks.spec.environment.type", EnvironmentType),
        ("jiradeploymentlinks.spec.workloadRef.kind", WorkloadKind),
        ("jiradeploymentlinks.spec.selector.kinds[]", WorkloadKind),
        ("jiradeploymentlinks.spec.selector.matchExpressions[].operator", Operator),
        ("jiradeploymentlinks.spec.deletionPolicy", DeletionPolicy),
        ("jiradeploymentlinks.spec.gate.mode", gate.Mode),
        ("jiradeploymentlinks.spec.gate.enforcement", gate.Enforcement),
        ("jiradeploymentlinks.spec.gate.onTimeout", gate.OnTimeout),
        ("jiradeploymentlinks.spec.gate.onError", gate.OnError),
        ("jiradeploymentlinks.spec.gate.onPrevented", gate.OnPrevented),
        ("jiradeploymentlinks.spec.gate.onRollback", gate.OnRollback),
        ("jiradeployments.spec.gate.mode", gate.Asked),
        ("jiradeployments.spec.gate.enforcement", gate.Enforcement),
        ("jiradeployments.spec.gate.onTimeout", gate.OnTimeout),
        ("jiradeployments.spec.gate.onError", gate.OnError),
        ("jiradeployments.spec.gate.onPrevented", gate.OnPrevented),
        ("jiradeployments.status.gate.decision", gate.Verdict),
    ],
)
def test_the_words_of_the_schema_are_those_of_the_operator(path: str, type_: type[StrEnum] | Any) -> None:
    assert NODES[path]["enum"] == words(type_)


PATTERNS = {
    ".site": values.SITE_PATTERN,
    ".pipeline": values.ID_PATTERN,
    ".environment.id": values.ID_PATTERN,
    ".environment.displayName": values.TEMPLATE_PATTERN,
    ".issueKeys[]": values.ISSUE_KEY_PATTERN,
    ".services[]": values.SERVICE_PATTERN,
    ".commit": values.COMMIT_PATTERN,
    ".repository": values.REPOSITORY_PATTERN,
    ".displayName": values.TEMPLATE_PATTERN,
    ".description": values.TEMPLATE_PATTERN,
    ".label": values.TEMPLATE_PATTERN,
    ".url": values.URL_TEMPLATE_PATTERN,
    ".gate.timeout": gate.DURATION_PATTERN,
}


def test_the_patterns_of_links_are_those_of_annotations_and_settings() -> None:
    prefix = f"{LINKS}.spec"
    found = {
        path.removeprefix(prefix): node["pattern"]
        for path, node in OURS.items()
        if path.startswith(prefix) and "pattern" in node
    }

    assert found == PATTERNS


@pytest.mark.parametrize(
    ("path", "bound", "wanted"),
    [
        ("jiradeploymentlinks.spec.issueKeys", "maxItems", values.ISSUE_KEYS_MAX),
        ("jiradeploymentlinks.spec.services", "maxItems", values.SERVICES_MAX),
        ("jiradeploymentlinks.spec.displayName", "maxLength", values.TEMPLATE_MAX),
        ("jiradeploymentlinks.spec.description", "maxLength", values.TEMPLATE_MAX),
        ("jiradeploymentlinks.spec.label", "maxLength", values.TEMPLATE_MAX),
        ("jiradeploymentlinks.spec.environment.displayName", "maxLength", values.TEMPLATE_MAX),
        ("jiradeploymentlinks.spec.url", "maxLength", values.TEMPLATE_MAX),
        ("jiradeploymentlinks.spec.version", "maxLength", values.TEXT_MAX),
        ("jiradeploymentlinks.spec.pipeline", "maxLength", values.ID_MAX),
        ("jiradeploymentlinks.spec.environment.id", "maxLength", values.ID_MAX),
        ("jiradeploymentlinks.spec.services[]", "maxLength", values.ID_MAX),
        ("jiradeploymentlinks.status.workloads", "maxItems", MATCHED_MAX),
        ("jiradeploymentlinks.status.conditions[].message", "maxLength", MESSAGE_MAX),
        ("jiradeploymentlinks.status.conditions[].reason", "maxLength", REASON_MAX),
        ("jiradeployments.spec.deploymentSequenceNumber", "maximum", LARGEST),
        ("jiradeployments.status.transitions[].updateSequenceNumber", "maximum", LARGEST),
        ("jiradeployments.status.transitions[].message", "maxLength", MESSAGE_MAX),
        ("jiradeployments.status.transitions[].reason", "maxLength", REASON_MAX),
        ("jiradeployments.status.removal.reason", "maxLength", MESSAGE_MAX),
        ("jiradeployments.status.conditions[].message", "maxLength", MESSAGE_MAX),
        ("jiradeployments.spec.url", "maxLength", values.URL_MAX),
        ("jiradeployments.spec.displayName", "maxLength", values.TEXT_MAX),
        ("jiradeployments.spec.label", "maxLength", values.TEXT_MAX),
        ("jiradeployments.spec.pipeline.id", "maxLength", values.ID_MAX),
        ("jiradeployments.status.gate.status", "maxLength", WORD_MAX),
        ("jiradeployments.status.gate.message", "maxLength", MESSAGE_MAX),
        ("jiradeployments.status.gate.reason", "maxLength", REASON_MAX),
        ("jiradeployments.status.gate.issueLink", "maxLength", values.URL_MAX),
    ],
)
def test_the_bounds_of_the_schema_are_those_of_the_operator(path: str, bound: str, wanted: int) -> None:
    assert NODES[path][bound] == wanted


def test_the_operators_lists_fit_in() -> None:
    assert NODES["jiradeployments.status.transitions"]["maxItems"] >= TRANSITIONS_MAX
    for part in ("spec", "status"):
        for name in ("issueKeys", "services", "commits", "repositories"):
            assert NODES[f"jiradeployments.{part}.associations.{name}"]["maxItems"] >= ASSOCIATED_MAX


def test_what_a_record_begins_with_and_has_in_the_end_is_the_same_kind_of_thing() -> None:
    at_start, newest = (NODES[f"jiradeployments.{part}.associations"] for part in ("spec", "status"))

    assert at_start["properties"] == newest["properties"]


def test_the_spec_of_a_record_cannot_be_changed() -> None:
    (rule,) = NODES["jiradeployments.spec"]["x-kubernetes-validations"]

    assert rule["rule"] == "self == oldSelf"
    assert rule["message"].startswith("spec must not be changed")


# Columns


@pytest.mark.parametrize(
    ("plural", "plain", "details"),
    [
        (RECORDS, ["Workload", "Label", "Environment", "State", "Gate", "Issues", "Reported", "Age"], ["Message"]),
        (LINKS, ["Workload", "Site", "Issues", "Ready", "Record", "Age"], ["Reason", "Message"]),
    ],
)
def test_the_columns_are_what_a_person_asks_for_and_age_stands_last_before_the_details(
    plural: str, plain: list[str], details: list[str]
) -> None:
    columns = version_of(plural)["additionalPrinterColumns"]

    assert [each["name"] for each in columns if not each.get("priority")] == plain
    assert [each["name"] for each in columns if each.get("priority") == 1] == details
    assert [each["name"] for each in columns] == [*plain, *details]
    for column in columns:
        assert column["description"].endswith("."), column


def test_the_charts_copies_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "charts/generate_crds.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, "")
