import json
from pathlib import Path
from typing import Any

import pytest

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, HOLD, OVERRIDE
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.cli.holds import age
from jira_deployment_operator.kube.errors import Refused, Unavailable
from tests.unit.cli.holding import DEPLOYMENTS, ID, RECORDS, ROLLOUTS, free_deployment, gated_record, held_deployment
from tests.unit.cli.holding import stored as as_stored
from tests.unit.cli.installed import connect, run
from tests.unit.samples import NOW, NOW_MS, UID, workload


@pytest.fixture(autouse=True)
def five_minutes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jira_deployment_operator.cli.holds.now_ms", lambda: NOW_MS + 300_000)


def listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bodies: Any, records: Any = (), *args: str, **more: Any
) -> Any:
    stored = {DEPLOYMENTS: bodies, RECORDS: as_stored(*records) if isinstance(records, tuple) else records, **more}
    connect(monkeypatch, "holds", stored)
    ended = run(tmp_path, "holds", "-n", "shop", "-o", "json", *args)
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], *records: JiraDeployment) -> Any:
    (found,) = listed(tmp_path, monkeypatch, [body], records)["holds"]
    return found


def test_a_hold_is_told_with_what_its_record_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = {"status": "awaiting", "issue_key": "OPS-1", "issue_link": "https://acme.example/browse/OPS-1"}

    found = one(tmp_path, monkeypatch, held_deployment(), gated_record(standing=standing))

    assert (found["kind"], found["namespace"], found["name"], found["hold"]) == ("Deployment", "shop", "web", ID)
    assert (found["stage"], found["mode"], found["source"], found["since"]) == ("waiting", "Jira", "link web", NOW)
    assert (found["version"], found["enforcement"], found["leaked"]) == ("1.0", "Pause", False)
    assert found["waitsFor"] == "Jira: awaiting OPS-1 https://acme.example/browse/OPS-1"
    assert found["override"] == "jira-deployment-operator release deployment/web -n shop --reason REASON"


def test_r6_a_hold_without_a_record_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = gated_record(hold=f"{UID[:8]}-1")

    found = one(tmp_path, monkeypatch, held_deployment("first leaked"), gated_record(hold="other-1"))
    moved_on = one(tmp_path, monkeypatch, held_deployment(), earlier)

    assert (found["hold"], found["stage"], found["leaked"]) == (f"{UID[:8]}-1", "unrecorded", True)
    assert found["waitsFor"] == "not recorded yet: is the operator running?; leaked: pods of it may exist"
    assert (moved_on["stage"], moved_on["mode"], moved_on["version"]) == ("unrecorded", None, "1.0")


@pytest.mark.parametrize(
    ("record", "stage", "told"),
    [
        (gated_record(mode="Manual"), "waiting", "approval"),
        (
            gated_record(standing={"error_since": NOW, "reason": "JiraCannotBeAsked", "message": "site acme: 503"}),
            "waiting",
            "Jira, which cannot be asked: site acme: 503",
        ),
        (
            gated_record(
                state=State.CANCELLED,
                standing={"decision": "Refused", "reason": "Refused", "by": "jane", "message": "not today"},
            ),
            "refused",
            "nothing: refused by jane: Refused: not today",
        ),
        (
            gated_record(standing={"decision": "Allowed", "reason": "AllowedByJira", "message": "OPS-1 allows it"}),
            "allowed",
            "the operator to take it off: allowed: AllowedByJira: OPS-1 allows it",
        ),
    ],
    ids=["manual", "silent", "refused", "allowed"],
)
def test_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: JiraDeployment, stage: str, told: str
) -> None:
    found = one(tmp_path, monkeypatch, held_deployment(), record)

    assert (found["stage"], found["waitsFor"]) == (stage, told)


def test_an_answer_that_the_operator_has_not_seen_yet_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = held_deployment(**{APPROVE: f"{ID} looks fine", DECIDED_BY: f"{ID} jane"})

    by_people = one(tmp_path, monkeypatch, body, gated_record(mode="Manual"))
    by_jira = one(tmp_path, monkeypatch, body, gated_record(standing={"status": "awaiting"}))

    assert by_people["answer"] == {"kind": "approve", "by": "jane", "reason": "looks fine"}
    assert by_people["waitsFor"] == "the operator to see: approve by jane: looks fine"
    assert by_jira["waitsFor"] == "Jira: awaiting"


def test_what_is_not_held_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = free_deployment(**{HOLD: ID, OVERRIDE: f"{ID} pager"})
    paused = held_deployment("")

    assert listed(tmp_path, monkeypatch, [copied, paused], (gated_record(),)) == {"holds": [], "notes": []}


def test_what_waits_at_the_endpoint_is_told_by_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = gated_record(hold=f"{UID[:8]}-e2", enforcement="Endpoint")
    refused = gated_record(
        hold=f"{UID[:8]}-e2", enforcement="Endpoint", state=State.CANCELLED, standing={"decision": "Refused"}
    )

    found = one(tmp_path, monkeypatch, free_deployment(), waits)

    assert (found["enforcement"], found["hold"], found["stage"]) == ("Endpoint", f"{UID[:8]}-e2", "waiting")
    assert listed(tmp_path, monkeypatch, [free_deployment()], (refused,))["holds"] == []


def test_a_held_rollout_is_told_even_if_its_template_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {"paused": True, "template": None, "workloadRef": {"kind": "Deployment", "name": "web"}}
    rollout = workload("argoproj.io/v1alpha1", "Rollout", spec=spec, status={}, annotations={HOLD: ID})

    (found,) = listed(tmp_path, monkeypatch, [], (), **{ROLLOUTS: [rollout]})["holds"]

    assert (found["kind"], found["version"], found["override"].split()[2]) == ("Rollout", "", "rollout/web")


def test_what_may_not_be_seen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no = Refused("403 forbidden")

    told = listed(tmp_path, monkeypatch, [held_deployment()], no, **{ROLLOUTS: no})

    assert [each["hold"] for each in told["holds"]] == [ID]
    assert told["notes"] == [
        "the operator's records are left out, so modes and issues are missing: 403 forbidden",
        "Rollouts are left out: 403 forbidden",
    ]


def test_people_get_a_table_and_the_command_for_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "holds", {DEPLOYMENTS: [held_deployment()], RECORDS: as_stored(gated_record(mode="Manual"))})

    ended = run(tmp_path, "holds", "-n", "shop")

    head, row, empty, approve, refuse, override = ended.stdout.splitlines()
    assert head.split("  ")[0] == "WORKLOAD"
    assert row.split() == ["deployment/web", "1.0", "Manual", "(link", "web)", "5m", "approval"]
    assert empty == ""
    assert approve == "To approve: jira-deployment-operator approve deployment/web -n shop --reason REASON"
    assert refuse == "To refuse: jira-deployment-operator refuse deployment/web -n shop --reason REASON"
    assert override.startswith(
        "To override: jira-deployment-operator release deployment/web -n shop --reason REASON, or kubectl patch "
    )


def test_people_who_ask_for_all_see_namespaces_and_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = held_deployment("first paused")
    other["metadata"]["name"] = "cart"
    connect(
        monkeypatch,
        "holds",
        {
            "/apis/apps/v1/deployments": [held_deployment(), other],
            "/apis/jira-operator.dev/v1alpha1/jiradeployments": [],
        },
    )

    ended = run(tmp_path, "holds", "-A")

    assert [line.split()[:2] for line in ended.stdout.splitlines()[:3]] == [
        ["NAMESPACE", "WORKLOAD"],
        ["shop", "deployment/cart"],
        ["shop", "deployment/web"],
    ]
    assert ended.stdout.splitlines()[4:] == [
        "To override: jira-deployment-operator release KIND/NAME -n NAMESPACE --reason REASON"
    ]


def test_nothing_held_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "holds", {DEPLOYMENTS: [], RECORDS: []})
    monkeypatch.setattr("jira_deployment_operator.cli.holds.current_namespace", lambda: "shop")

    assert run(tmp_path, "holds").stdout == "Nothing is held in namespace shop.\n"


def test_text_of_others_steers_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = gated_record(standing={"error_since": NOW, "reason": "JiraCannotBeAsked", "message": "503\n\x1b[2J"})
    connect(monkeypatch, "holds", {DEPLOYMENTS: [held_deployment()], RECORDS: as_stored(record)})

    assert "Jira, which cannot be asked: 503 ?[2J\n" in run(tmp_path, "holds", "-n", "shop").stdout


def test_a_cluster_that_does_not_answer_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "holds", {DEPLOYMENTS: Unavailable("GET /x: no answer"), RECORDS: []})

    ended = run(tmp_path, "holds", "-n", "shop")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert run(tmp_path, "holds", "-n", "shop", "-A").exit_code == 2


@pytest.mark.parametrize(("seconds", "told"), [(-5, "0s"), (119, "119s"), (120, "2m"), (7200, "2h"), (172_800, "2d")])
def test_ages(seconds: int, told: str) -> None:
    assert age(1000 * seconds) == told
