"""R6: what is shown of a hold and of a rollout: lists are cut, and no link leads to a script."""

import json

import pytest

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.hold import Answer
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import Said, answered, judged
from jira_deployment_operator.status_page import snapshot as bounds
from jira_deployment_operator.status_page import views
from jira_deployment_operator.tracking.rollouts import Rollout
from jira_deployment_operator.tracking.transitions import Outcome, begun, settle
from tests.unit.gating.held import HOLD, ISSUE, LINK, held
from tests.unit.samples import NOW_MS, record, spec, transition
from tests.unit.status_page.showing import done

URL = "https://acme.example"
RELEASE = "jira-deployment-operator release deployment/web -n shop --reason REASON"


def judged_so(word: str) -> JiraDeployment:
    return judged(held(), Said(word, ISSUE, LINK), error_after_ms=1000, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("waiting", "waits_for"),
    [
        (held(), "waits until Jira allows it"),
        (held(mode="Manual"), "waits until somebody approves it"),
        (judged_so("awaiting"), "waits for CHG-7 in Jira"),
        (
            held(standing=GateStanding(reason="JiraCannotBeAsked", message="site acme: 503")),
            "waits for Jira, which cannot be asked: site acme: 503",
        ),
        (judged_so("allowed"), "waits for the operator to take the hold off: allowed: CHG-7 allows it"),
        (
            answered(held(), Answer("override", HOLD, "pager 7", "alice"), now_ms=NOW_MS),
            "waits for the operator to take the hold off: allowed by alice: pager 7",
        ),
    ],
)
def test_r6_a_hold_tells_for_whom_it_waits(waiting: JiraDeployment, waits_for: str) -> None:
    assert views.hold_of(waiting, URL).waits_for == waits_for


def test_r6_a_hold_tells_how_to_override_it() -> None:
    hold = views.hold_of(held(leaked=True), URL)
    assert hold.commands.override == RELEASE
    assert "kubectl patch deployment/web -n shop" in hold.commands.override_by_kubectl
    assert f"{HOLD} REASON" in hold.commands.override_by_kubectl
    assert (hold.commands.approve, hold.commands.refuse) == ("", "")
    assert (hold.leaked, hold.terms_from, hold.version) == (True, "link web", "1.0")


def test_only_where_people_are_asked_they_are_told_to_approve() -> None:
    commands = views.hold_of(held(mode="Manual"), URL).commands
    assert commands.approve == "jira-deployment-operator approve deployment/web -n shop --reason REASON"
    assert commands.refuse == "jira-deployment-operator refuse deployment/web -n shop --reason REASON"
    decided = answered(held(mode="Manual"), Answer("approve", HOLD, "fine", "bob"), now_ms=NOW_MS)
    assert views.hold_of(decided, URL).commands.approve == ""


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (LINK, LINK),
        ("HTTP://x.example/1", "HTTP://x.example/1"),
        ("", f"{URL}/browse/CHG-7"),
        ("javascript:alert(1)", f"{URL}/browse/CHG-7"),
        (" https://x.example", f"{URL}/browse/CHG-7"),
        ("data:text/html,x", f"{URL}/browse/CHG-7"),
    ],
)
def test_a_link_of_jira_leads_to_a_page_or_is_none(link: str, url: str) -> None:
    issue = views.hold_of(held(standing=GateStanding(issue_key="CHG-7", issue_link=link)), URL).issue
    assert issue is not None
    assert issue.url == url


@pytest.mark.parametrize(
    ("site_url", "key", "url"),
    [
        (URL, "SHOP-1", f"{URL}/browse/SHOP-1"),
        (URL, "../x?y#z", f"{URL}/browse/..%2Fx%3Fy%23z"),
        ("", "SHOP-1", ""),
        (URL, "", ""),
    ],
)
def test_an_issue_is_found_at_its_site_and_nowhere_else(site_url: str, key: str, url: str) -> None:
    assert views.browse(site_url, key) == url


def test_a_refused_rollout_tells_why_and_how_it_can_still_go() -> None:
    refused = views.rollout_of(judged_so("prevented"), URL, ())
    assert refused.state is State.CANCELLED
    assert refused.gate is not None
    assert (refused.gate.decision, refused.gate.reason) == ("Refused", "PreventedByJira")
    assert refused.commands is not None
    assert refused.commands.override == RELEASE
    assert views.rollout_of(judged_so("allowed"), URL, ()).commands is None
    assert views.rollout_of(done(), URL, ()).commands is None


def test_lists_are_bounded_and_say_so() -> None:
    many = record(
        *(transition(number, State.FAILED, Delivery.ACCEPTED) for number in range(13)),
        issue_keys=tuple(f"SHOP-{number}" for number in range(12)),
        ordinal=9,
    )
    known = [Rollout(number, "u", "b" * 64, State.SUCCESSFUL, label=f"1.{number}") for number in range(9)]
    shown = views.rollout_of(many, URL, [*known, Rollout(9, "u", "x", None), Rollout(10, "u", "y", None)])
    assert (len(shown.issues), shown.issues_left_out) == (bounds.ISSUES_MAX, 2)
    assert (len(shown.transitions), shown.transitions_left_out) == (bounds.TRANSITIONS_MAX, 3)
    assert [each.version for each in shown.earlier] == ["1.8", "1.7", "1.6", "1.5", "1.4"]


def test_a_version_without_a_label_is_the_beginning_of_its_hash() -> None:
    assert views.rollout_of(done(label=None), URL, [Rollout(0, "u", "b" * 64, None)]).version == "a" * 12
    assert views.rollout_of(done(), URL, [Rollout(0, "u", "b" * 64, None)]).earlier[0].version == "b" * 12


def baseline() -> JiraDeployment:
    return begun(JiraDeployment(namespace="shop", name="deployment-web-1", spec=spec(baseline=True)))


@pytest.mark.parametrize(
    ("rollout", "is_well", "told"),
    [
        (done(), True, ""),
        (baseline(), True, "was running when the operator first saw the workload, so there is nothing to report"),
        (
            settle(record(transition(1)), {1: Outcome(Delivery.REJECTED, "no such issue")}, now_ms=NOW_MS),
            False,
            "in_progress: refused by Jira: no such issue",
        ),
        (
            settle(record(transition(1)), {1: Outcome(Delivery.ACCEPTED)}, now_ms=NOW_MS),
            True,
            "in_progress: accepted by Jira",
        ),
    ],
)
def test_what_jira_knows_is_told_and_whether_that_is_well(rollout: JiraDeployment, is_well: bool, told: str) -> None:
    shown = views.rollout_of(rollout, URL, ())
    assert (shown.told_well, shown.told) == (is_well, told)
    assert json.loads(shown.model_dump_json(by_alias=True))["toldWell"] is is_well
