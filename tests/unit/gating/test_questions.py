"""What the gate endpoint is asked: only what can exist is understood, and nothing harms it."""

import base64
import json
from typing import Any

import pytest

from jira_deployment_operator.gating.questions import WrongQuestion, flaggers, token_of, workload
from jira_deployment_operator.workloads.observation import WorkloadKey


def flagger(**changes: Any) -> bytes:
    return json.dumps(
        {"name": "web", "namespace": "shop", "phase": "Progressing", "checksum": "85f557f47b", **changes}
    ).encode()


def test_flagger_asks_about_the_deployment_of_its_canarys_name() -> None:
    assert flaggers(flagger()) == WorkloadKey("Deployment", "shop", "web")
    assert flaggers(flagger(metadata=None)) == WorkloadKey("Deployment", "shop", "web")


def test_the_webhooks_metadata_may_name_another_workload() -> None:
    named = flagger(metadata={"kind": "rollout", "name": "web.v1", "other": "x"})
    assert flaggers(named) == WorkloadKey("Rollout", "shop", "web.v1")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (flagger(metadata="x"), "metadata: must be an object"),
        (flagger(metadata={"kind": 1}), "metadata.kind: must be a text"),
        (flagger(metadata={"kind": "StatefulSet"}), "kind: must be one of Deployment, Rollout"),
        (flagger(metadata={"name": ["x"]}), "metadata.name: must be a text"),
        (flagger(name=None), "name: must be a text"),
        (b'{"name": "web"}', "namespace: is not the name"),
        (b'{"namespace": "shop"}', "name: is not the name"),
    ],
)
def test_what_flagger_does_not_send_is_refused_with_the_field(body: bytes, says: str) -> None:
    with pytest.raises(WrongQuestion, match=says):
        flaggers(body)


@pytest.mark.parametrize("name", ["", "Web", "web/../x", "-web", "web-", "a..b", "w\n", "web\n", "é", "x" * 254, "%2e"])
def test_names_that_kubernetes_does_not_take_are_refused(name: str) -> None:
    with pytest.raises(WrongQuestion, match=r"^name"):
        workload("Deployment", "shop", name)
    with pytest.raises(WrongQuestion, match=r"^namespace"):
        workload("Deployment", name, "web")


def test_a_namespace_has_no_dots_and_is_shorter_than_names_may_be() -> None:
    for namespace in ("shop.x", "x" * 64):
        with pytest.raises(WrongQuestion, match=r"^namespace"):
            workload("Deployment", namespace, "web")
    longest = "x" * 253
    assert workload("Rollout", longest[:63], longest).name == longest


def basic(credentials: bytes) -> str:
    return f"Basic {base64.b64encode(credentials).decode()}"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer s3cret", b"s3cret"),
        ("bearer   s3cret ", b"s3cret"),
        (basic(b"flagger:s3:cret"), b"s3:cret"),
        (basic(b":s3cret"), b"s3cret"),
        (basic(b"no-colon"), b""),
        ("Basic %%%", b""),
        ("Basic é", b""),
        ("Digest s3cret", b""),
        ("s3cret", b""),
        ("Bearer", b""),
        ("", b""),
    ],
)
def test_the_token_is_a_bearer_token_or_the_password_in_flaggers_url(header: str, token: bytes) -> None:
    assert token_of(header) == token
