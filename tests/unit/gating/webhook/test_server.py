"""Whatever is sent to the webhook is answered: a review with a decision, anything else with words."""

import base64
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest

from jira_deployment_operator.gating.webhook import server as server_module
from jira_deployment_operator.gating.webhook.certificates import LOOPBACK, load_into, self_signed, server_context
from jira_deployment_operator.gating.webhook.review import Review
from jira_deployment_operator.gating.webhook.server import WebhookServer

PATCH: Final = [{"op": "add", "path": "/metadata/annotations/jira-operator.dev~1hold", "value": "ä-2"}]


def review(**request: Any) -> dict[str, Any]:
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "operation": "UPDATE",
            "userInfo": {"username": "jane"},
            "namespace": "shop",
            "object": {"metadata": {"name": "web"}, "spec": {}},
            "oldObject": {"metadata": {"name": "web"}, "spec": {"paused": True}},
            **request,
        },
    }


class Asked:
    """A webhook on a free port, and what it was asked to decide."""

    def __init__(self) -> None:
        self.reviews: list[Review] = []
        self.patch: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.server = WebhookServer(self._decide)
        self.port = 0

    def _decide(self, asked: Review) -> list[dict[str, Any]]:
        self.reviews.append(asked)
        if self.error:
            raise self.error
        return self.patch

    async def post(self, body: bytes | dict[str, Any], path: str = "/mutate") -> tuple[int, Any, str]:
        """Return status, body and the header `Connection` of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"https://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(data), ssl=False) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(text) if is_json else text, response.headers.get("Connection", "")


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    webhook = Asked()
    context = server_context()
    made = self_signed(LOOPBACK, now=datetime.now(UTC), lifetime=timedelta(days=1))
    load_into(context, chain=made.chain, key=made.key)
    webhook.port = await webhook.server.start("127.0.0.1", 0, context)
    try:
        yield webhook
    finally:
        await webhook.server.close()


async def test_a_write_that_is_left_alone_is_allowed_without_a_patch(asked: Asked) -> None:
    status, answer, _ = await asked.post(review())

    assert status == 200
    assert answer == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-1", "allowed": True},
    }


async def test_a_patch_is_sent_as_base64_of_a_json_patch(asked: Asked) -> None:
    asked.patch = PATCH

    _, answer, _ = await asked.post(review())

    response = answer["response"]
    assert (response["uid"], response["allowed"], response["patchType"]) == ("u-1", True, "JSONPatch")
    assert json.loads(base64.b64decode(response["patch"], validate=True)) == PATCH


async def test_the_decision_is_asked_with_what_the_api_server_said(asked: Asked) -> None:
    await asked.post(review(subResource="scale"))
    await asked.post(review(operation="CREATE", oldObject=None))
    await asked.post(review(operation="DELETE", object=None))

    first, create, delete = asked.reviews
    assert (first.group, first.kind, first.subresource, first.operation) == ("apps", "Deployment", "scale", "UPDATE")
    assert (first.user, first.namespace, first.uid) == ("jane", "shop", "u-1")
    assert first.object["metadata"] == {"name": "web"}
    assert first.old["spec"] == {"paused": True}
    assert (create.old, delete.object) == ({}, {})


async def test_a_dry_run_gets_the_same_answer(asked: Asked) -> None:
    asked.patch = PATCH

    assert await asked.post(review(dryRun=True)) == await asked.post(review(dryRun=False))


def without(key: str) -> dict[str, Any]:
    request = {each: value for each, value in review()["request"].items() if each != key}
    return {**review(), "request": request}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "the body must be an AdmissionReview, not a list"),
        (b"1", "the body must be an AdmissionReview, not a number or boolean"),
        ({}, "apiVersion must be 'admission.k8s.io/v1', not 'None'"),
        ({**review(), "apiVersion": "admission.k8s.io/v1beta1"}, "not 'admission.k8s.io/v1beta1'"),
        ({**review(), "kind": "Pod"}, "kind must be 'AdmissionReview', not 'Pod'"),
        ({**review(), "request": None}, "request must be an object, not absent"),
        (without("uid"), "request.uid must be a text, not absent"),
        (without("kind"), "request.kind must be an object, not absent"),
        (without("userInfo"), "request.userInfo must be an object, not absent"),
        (review(uid=7), "request.uid must be a text, not a number or boolean"),
        (review(object=["x"]), "request.object must be an object, not a list"),
        (review(oldObject="x"), "request.oldObject must be an object, not a text"),
    ],
)
async def test_r10_a_body_that_is_no_review_is_refused_with_the_field_and_what_is_expected(
    asked: Asked, body: bytes | dict[str, Any], told: str
) -> None:
    status, text, _ = await asked.post(body)

    assert status == 400
    assert told in text
    assert asked.reviews == []


async def test_a_body_that_is_too_large_is_refused(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    status, text, _ = await asked.post(b" " * (server_module.BODY_MAX + 1))

    assert (status, text) == (413, f"the body is larger than {server_module.BODY_MAX} bytes\n")


async def test_the_largest_objects_of_the_api_server_fit(asked: Asked) -> None:
    large = {"metadata": {"name": "x"}, "spec": {"text": "x" * (3 * 1024 * 1024 - 100)}}

    assert (await asked.post(review(object=large, oldObject=large)))[0] == 200


async def test_a_decision_that_fails_is_told_and_the_configurations_failure_policy_counts(
    asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    asked.error = KeyError("spec")

    status, text, _ = await asked.post(review())

    assert (status, text) == (500, "the webhook could not decide on UPDATE of Deployment; its log says why\n")
    assert "cannot decide on UPDATE of Deployment shop/web" in caplog.text


async def test_only_post_to_its_own_page_is_answered(asked: Asked) -> None:
    assert (await asked.post(review(), "/"))[0] == 404
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://127.0.0.1:{asked.port}/mutate", ssl=False) as response,
    ):
        assert response.status == 405


async def test_before_its_end_it_still_answers_and_sends_its_clients_elsewhere(asked: Asked) -> None:
    assert (await asked.post(review()))[2] == ""
    asked.server.let_go()

    status, _, connection = await asked.post(review())

    assert (status, connection) == (200, "close")


async def test_a_port_that_is_taken_is_told(asked: Asked) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await WebhookServer(lambda _: []).start("127.0.0.1", asked.port, server_context())
