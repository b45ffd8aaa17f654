"""The chart's admission policy, on the real API server: it judges annotations as the operator does, in its words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import (
    DISPLAY_NAME,
    GATE,
    ISSUE_KEYS,
    KNOWN,
    MESSAGE,
    OVERRIDE,
    REPORT,
    SERVICES,
    SITE,
    URL,
    parse,
)
from sandbox.eventually import eventually
from tests.crds.conftest import Answer, Server
from tests.crds.schemas import ROOT
from tests.unit import samples
from tests.unit.api.annotation_values import ANSWERS, BAD, GOOD, GOOD_ANSWERS, HARMLESS, KEYS, shown

pytestmark = pytest.mark.e2e

NAMESPACES: Final = "/api/v1/namespaces"
DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/default/deployments"
POLICY: Final = "operator-jira-deployment-operator-annotations"
SAID_BY: Final = f"Validation failed for ValidatingAdmissionPolicy '{POLICY}' with binding '{POLICY}': "


async def install(server: Server, directory: Path, *actions: str) -> None:
    """Apply the policy that the chart renders, and wait until it is in force."""
    values = {
        "cluster": "east",
        "sites": [{"name": "a", "url": "https://a.example", "existingSecret": "a", "allowedNamespaces": ["*"]}],
        "admissionWarnings": {"enabled": True, "validationActions": list(actions)},
    }
    path = directory / "values.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    chart = ROOT / "charts" / "jira-deployment-operator"
    rendered = await server.cluster.helm(
        "template", "operator", str(chart), "-f", str(path), "--show-only", "templates/admission.yaml"
    )
    await server.cluster.apply(rendered)

    async def is_in_force() -> bool:
        answer = await namespace(server, {REPORT: "yes"})
        return answer.status != 201 if "Deny" in actions else bool(answer.warnings) and answer.status == 201

    await eventually(is_in_force, within=30, what="the policy is in force")


@pytest.fixture(scope="module")
async def warning(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    await install(server, tmp_path_factory.mktemp("warning"), "Warn")
    return server


async def namespace(server: Server, annotations: Mapping[str, str]) -> Answer:
    metadata = {"name": "policy", "annotations": dict(annotations)}
    return await server.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def deployment(own: Mapping[str, str], pods: Mapping[str, str], name: str = "policy") -> dict[str, Any]:
    template = samples.pod_template()
    template["metadata"] = {"labels": {"app": "web"}, "annotations": dict(pods)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": dict(own)},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": 0, "template": template},
    }


def printable(text: str) -> str:
    """Return a text as the policy quotes it: a warning takes no control characters."""
    return "".join("?" if letter < " " or "\x7f" <= letter < "\xa0" else letter for letter in text)


def named(value: str) -> str:
    """Return a short name for a test's argument."""
    return value.removeprefix("jira-operator.dev/")[:20]


GOOD_ONES = [
    *((annotation, value) for annotation, values in GOOD.items() for value in values),
    *((annotation, value) for annotation in ANSWERS for value in GOOD_ANSWERS),
]
BAD_ONES = [(annotation, value, *said) for annotation, values in BAD.items() for value, said in values.items()]


@pytest.mark.parametrize(("annotation", "value"), [*GOOD_ONES, *HARMLESS.items()], ids=named)
async def test_good_values_pass_in_silence(warning: Server, annotation: str, value: str) -> None:
    answer = await namespace(warning, {annotation: value})

    assert (answer.status, answer.warnings) == (201, ())


@pytest.mark.parametrize(("annotation", "value", "quoted", "allowed"), BAD_ONES, ids=named)
async def test_r10_a_bad_value_is_warned_of_in_the_operators_words(
    warning: Server, annotation: str, value: str, quoted: str, allowed: str
) -> None:
    answer = await namespace(warning, {annotation: value})

    if annotation == "jira-operator.dev/":
        assert answer.status == 422
        return
    assert answer.status == 201
    assert answer.warnings == (f"{SAID_BY}{annotation}: '{printable(shown(quoted))}' is not valid: {allowed}",)


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (
            ISSUE_KEYS,
            ",".join(f"SHOP-{number}" for number in range(1, 502)),
            "'more than 500 issue keys' is not valid: must be at most 500 issue keys",
        ),
        (
            SERVICES,
            ",".join(f"s{number}" for number in range(101)),
            "'more than 100 services' is not valid: must be at most 100 services",
        ),
    ],
    ids=["issue-keys", "services"],
)
async def test_too_many_are_counted(warning: Server, annotation: str, value: str, said: str) -> None:
    answer = await namespace(warning, {annotation: value})

    assert answer.warnings == (f"{SAID_BY}{annotation}: {said}",)
    (problem,) = parse({annotation: value}).problems
    assert problem.allowed.startswith(said.rpartition(": ")[2])


async def test_the_policy_and_the_operator_know_the_same_annotations(warning: Server) -> None:
    (warned,) = (await namespace(warning, {"jira-operator.dev/x": ""})).warnings

    assert warned.endswith("must be one of " + ", ".join(f"`{each}`" for each in sorted(KNOWN)))
    assert {*GOOD, *ANSWERS, MESSAGE} == KNOWN


_values = st.one_of(
    *(st.sampled_from([*GOOD[key], *BAD[key]]) for key in (REPORT, SITE, ISSUE_KEYS, DISPLAY_NAME, URL, GATE)),
    st.sampled_from([*GOOD_ANSWERS, *BAD[OVERRIDE]]),
    st.text("aAS1-0_,./:;@?#[]$ {}\u00a0\u2003\x85\x1f\t\n\u00e9", max_size=12),
    st.builds("https://{}".format, st.text("ab1.-:@/?#${}[ ", max_size=10)),
    st.builds("{}-{}".format, st.text("AB_1a", max_size=3), st.text("0123", max_size=2)),
)
_annotations = st.dictionaries(st.sampled_from(sorted(KNOWN)), _values, min_size=1, max_size=3)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(_annotations)
async def test_the_policy_judges_as_the_operator_does(warning: Server, annotations: dict[str, str]) -> None:
    if "[" in annotations.get(URL, ""):
        del annotations[URL]  # addresses of IPv6 are none that the policy takes: CEL cannot tell good ones

    warned = (await namespace(warning, annotations)).warnings

    wrong = {problem.field for problem in parse(annotations).problems}
    assert {text.removeprefix(SAID_BY).partition(": ")[0] for text in warned} == wrong


async def test_the_pod_template_is_looked_at_too_and_each_mistake_told(warning: Server) -> None:
    body = deployment({REPORT: "yes", SITE: "acme"}, {REPORT: "no", ISSUE_KEYS: "oops"})

    answer = await warning.create(DEPLOYMENTS, body)

    must = 'is not valid: must be "true" or "false"'
    assert sorted(answer.warnings) == [
        f"{SAID_BY}{ISSUE_KEYS}: 'oops' is not valid: {KEYS}",
        f"{SAID_BY}{REPORT}: 'yes' {must}; {REPORT}: 'no' {must}",
    ]


async def test_an_object_without_annotations_passes_in_silence(warning: Server) -> None:
    body = deployment({}, {})
    del body["metadata"]["annotations"], body["spec"]["template"]["metadata"]["annotations"]

    answer = await warning.create(DEPLOYMENTS, body)

    assert (answer.status, answer.warnings) == (201, ())


async def test_values_as_large_as_they_can_be_are_judged_without_harm(warning: Server) -> None:
    answer = await namespace(warning, {ISSUE_KEYS: "SHOP-1," * 30_000, MESSAGE: "x" * 50_000})

    assert answer.status == 201


async def test_denying_spares_what_was_there_before(server: Server, tmp_path: Path, warning: Server) -> None:
    created = await warning.create(DEPLOYMENTS, deployment({REPORT: "yes"}, {}, name="spared"), dry_run=False)
    assert created.status == 201
    await install(server, tmp_path, "Deny", "Audit")
    try:
        path = f"{DEPLOYMENTS}/spared"
        scaled = await server.merge(path, {"spec": {"replicas": 1}})
        released = await server.merge(path, {"spec": {"template": {"metadata": {"annotations": {SITE: "acme"}}}}})
        worse = await server.merge(path, {"metadata": {"annotations": {REPORT: "no"}}})
        corrected = await server.merge(path, {"metadata": {"annotations": {REPORT: "true"}}})

        assert (scaled.status, released.status, corrected.status) == (200, 200, 200)
        assert worse.status == 422
        assert worse.body["message"].endswith(f'{REPORT}: \'no\' is not valid: must be "true" or "false"')
    finally:
        await install(server, tmp_path, "Warn")
