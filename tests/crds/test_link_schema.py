"""`JiraDeploymentLink`: what the schema takes the operator reads, and what one refuses the other does.

CEL is not spoken here: `test_api_server.py` asks the real API server the same questions.
"""

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from pydantic import ValidationError

from jira_deployment_operator.api.link import JiraDeploymentLink, LinkStatus
from tests.crds.links import BAD, GOOD, REF, link, rules_hold, specs
from tests.crds.schemas import faults, instances, schema_of

LINKS: Final = "jiradeploymentlinks"


@pytest.mark.parametrize("spec", GOOD.values(), ids=GOOD.keys())
def test_the_schema_takes_good_links_and_the_operator_reads_them(spec: dict[str, Any]) -> None:
    assert faults(LINKS, link(spec)) == []
    assert JiraDeploymentLink.from_object(link(spec)).name == "web"


@pytest.mark.parametrize("spec", [spec for spec, _, _ in BAD.values()], ids=BAD.keys())
def test_the_operator_refuses_what_the_schema_refuses(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JiraDeploymentLink.from_object(link(spec))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(specs())
def test_what_the_schema_takes_the_operator_reads(spec: dict[str, Any]) -> None:
    assume(rules_hold(spec))
    blank = [name for name in ("displayName", "description", "label") if not str(spec.get(name, "x")).strip()]
    assume(not blank and str(spec.get("environment", {}).get("displayName", "x")).strip())
    assume(spec.get("pipeline") not in (".", "..") and spec.get("environment", {}).get("id") not in (".", ".."))
    assert faults(LINKS, link(spec)) == []

    read = JiraDeploymentLink.from_object(link(spec)).spec

    written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    for key, value in spec.items():
        if key == "gate":
            assert value.items() <= written[key].items()
        elif key not in ("selector", "environment"):
            assert written[key] == value
    assert JiraDeploymentLink.from_object(link(written)).spec == read
    assert faults(LINKS, link(written)) == []


@given(instances(schema_of(LINKS)["properties"]["status"]))
def test_the_status_reads_back_as_it_was_written(status: dict[str, Any]) -> None:
    read = JiraDeploymentLink.from_object(link(REF, **status)).status

    written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert {key: written[key] for key in status} == status
    assert faults(LINKS, {**link(REF), "status": written}) == []
    assert LinkStatus.model_validate(written) == read


def test_the_schemas_defaults_are_the_operators() -> None:
    spec = schema_of(LINKS)["properties"]["spec"]["properties"]
    defaults = {key: each["default"] for key, each in spec.items() if "default" in each}

    read = JiraDeploymentLink.from_object(link(REF)).spec.model_dump(mode="json", by_alias=True)

    assert defaults == {"deletionPolicy": "Retain"}
    assert {key: read[key] for key in defaults} == defaults


def test_a_gates_defaults_are_the_operators() -> None:
    fields = schema_of(LINKS)["properties"]["spec"]["properties"]["gate"]["properties"]

    gate = JiraDeploymentLink.from_object(link({**REF, "gate": {"mode": "Jira"}})).spec.gate

    assert gate is not None
    read = gate.model_dump(mode="json", by_alias=True)
    assert {"mode": "Jira"} | {key: each.get("default") for key, each in fields.items() if key != "mode"} == read
