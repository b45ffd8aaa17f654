"""What `explain` and `render` say of gates."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from jira_deployment_operator.api.annotations import GATE, HOLD, ISSUE_KEYS, SERVICES
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.workloads.version import template_version
from tests.unit.cli.holding import ID, RECORDS, WORKLOAD, gated_record, stored
from tests.unit.cli.installed import connect, run
from tests.unit.samples import NOW, deployment, pod_template, record, transition, workload

NAMESPACE: Final = "/api/v1/namespaces/shop"
LINKS: Final = "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeploymentlinks"
POLICY: Final = {"mechanism": "Policy"}
OURS: Final = {ISSUE_KEYS: "SHOP-1", SERVICES: "ari:cloud:graph::service/shop"}


def web(annotations: dict[str, str] | None = None, *, paused: bool = False) -> dict[str, Any]:
    return deployment(progressing="NewReplicaSetAvailable", paused=paused, annotations={**OURS, **(annotations or {})})


def link(**gate: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": "web", "uid": "u", "creationTimestamp": NOW},
        "spec": {"workloadRef": {"kind": "Deployment", "name": "web"}, "gate": {"mode": "Jira", **gate}},
    }


class Shop:
    """A namespace with a workload, to be explained."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self._monkeypatch, self._tmp_path = monkeypatch, tmp_path

    def run(
        self, body: Any, *args: str, links: Any = (), records: tuple[JiraDeployment, ...] = (), **changes: Any
    ) -> str:
        metadata = {"metadata": {"name": "shop", "labels": changes.pop("labels", {})}}
        path = WORKLOAD.replace("deployments", "statefulsets") if body["kind"] == "StatefulSet" else WORKLOAD
        connect(
            self._monkeypatch,
            "explain",
            {path: body, NAMESPACE: metadata, LINKS: list(links), RECORDS: stored(*records)},
        )
        what = f"{body['kind'].lower()}/web"
        ended = run(self._tmp_path, "explain", what, "-n", "shop", *args, **{"gating": POLICY, **changes})
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def told(self, body: Any, **of: Any) -> Any:
        return json.loads(self.run(body, "-o", "json", **of))


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shop:
    return Shop(monkeypatch, tmp_path)


def test_who_asks_and_what_will_happen(shop: Shop) -> None:
    gate = shop.told(web(), links=[link(timeout="24h", onTimeout="Cancel")])["gate"]

    assert gate["because"] == "Jira, by link web: a new version waits until Jira allows it"
    assert gate["demand"] == {
        "mode": "Jira",
        "source": "link web",
        "enforcement": "Pause",
        "firstDeployment": False,
        "timeoutSeconds": 86400,
        "onTimeout": "Cancel",
        "onError": "Hold",
        "onPrevented": "Cancel",
        "onRollback": "Allow",
    }
    assert gate["held"] is None


def test_people_read_it_in_sentences(shop: Shop) -> None:
    text = shop.run(web({GATE: "Manual"}))

    assert "Who must allow it\n" in text
    assert "gate        Manual, by annotation: a new version waits until somebody approves it\n" in text
    assert (
        "in general  it waits for ever; a return to a released version goes on at once; "
        "a first deployment does not wait\n" in text
    )
    assert "held        no\n" in text


def test_a_hold_is_told_with_how_to_override_it(shop: Shop) -> None:
    body = web({HOLD: ID}, paused=True)
    waiting = gated_record(standing={"status": "awaiting", "issue_key": "OPS-1"})

    told = shop.told(body, links=[link()], records=(waiting,))
    text = shop.run(body, links=[link()], records=(waiting,))

    assert (told["gate"]["held"]["since"], told["gate"]["held"]["issueKey"]) == (NOW, "OPS-1")
    assert f"since {NOW}, hold {ID}: waits for Jira: awaiting OPS-1\n" in text
    assert "to override: jira-deployment-operator release deployment/web -n shop --reason REASON, or kubectl " in text


def test_r6_a_hold_outlives_who_asked_for_it(shop: Shop) -> None:
    gate = shop.told(web({HOLD: ID}, paused=True))["gate"]

    assert (gate["demand"]["source"], gate["held"]["stage"]) == ("the hold in force", "unrecorded")


@pytest.mark.parametrize(
    ("body", "of", "because"),
    [
        (web(), {}, "nobody asks for one"),
        (
            web({GATE: "Off"}),
            {"links": [link()]},
            f"off: annotation {GATE} on the workload, which goes before link web",
        ),
        (
            web(),
            {"links": [link()], "gating": {}},
            "Jira, by link web, but `gating.mechanism` is Off in the settings: nothing waits",
        ),
        (
            web(),
            {"links": [link(enforcement="Endpoint")]},
            "Jira, by link web, but `gating.endpoint.enabled` is false in the settings: nothing waits",
        ),
        (workload("apps/v1", "StatefulSet", spec={}, status={}), {}, "nobody asks for one"),
    ],
    ids=["nobody", "off", "mechanism", "endpoint", "kind"],
)
def test_why_nobody_needs_to_allow_it(shop: Shop, body: Any, of: Any, because: str) -> None:
    gate = shop.told(body, **of)["gate"]

    assert (gate["demand"], gate["because"]) == (None, because)


def test_a_kind_that_cannot_be_held_is_told_though_a_link_asks(shop: Shop) -> None:
    asking = link()
    asking["spec"]["workloadRef"]["kind"] = "StatefulSet"

    gate = shop.told(workload("apps/v1", "StatefulSet", spec={}, status={}), links=[asking])["gate"]

    assert gate["because"] == "link web asks for one, but a StatefulSet cannot be held"


def test_where_nobody_speaks_of_a_gate_people_are_not_told_of_it(shop: Shop) -> None:
    assert "Who must allow it" not in shop.run(web())


def test_a_gated_rollout_is_reported_whatever_else_is_said(shop: Shop) -> None:
    told = shop.told(web(), labels={"jira-operator.dev/required-gate": "Manual"})

    assert (told["reported"], told["gate"]["demand"]["source"]) == (True, "required by the namespace's label")


def test_the_next_rollout_of_a_gated_workload_opens_a_gate(shop: Shop) -> None:
    body, ran = web(), record(transition(1, State.SUCCESSFUL, Delivery.CONFIRMED))
    assert template_version(pod_template()) != ran.spec.version

    (first,) = shop.told(body, links=[link()])["payload"]["deployments"]
    (later,) = shop.told(body, links=[link()], records=(ran,))["payload"]["deployments"]

    assert (first["state"], "commands" in first) == ("in_progress", False)
    assert (later["state"], later["commands"]) == ("pending", [{"command": "initiate_deployment_gating"}])


def test_render_shows_the_gate_that_opens(tmp_path: Path) -> None:
    body = {**web({GATE: "Jira"}), "apiVersion": "apps/v1"}
    file = tmp_path / "web.yaml"
    file.write_text(yaml.safe_dump(body))

    ended = run(tmp_path, "render", str(file), "-n", "shop", "-o", "json", gating=POLICY)

    (rendered,) = json.loads(ended.stdout)["workloads"]
    (sent,) = rendered["payload"]["deployments"]
    assert (sent["state"], sent["commands"]) == ("pending", [{"command": "initiate_deployment_gating"}])
