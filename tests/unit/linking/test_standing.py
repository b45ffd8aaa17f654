"""R10: what a link's status tells its team, as a table over all that can become of a link."""

from collections.abc import Sequence

import pytest

from jira_deployment_operator.api.conditions import MESSAGE_MAX, Condition
from jira_deployment_operator.api.link import MATCHED_MAX, JiraDeploymentLink, LinkStatus
from jira_deployment_operator.linking.standing import GatingHere, Matched, NewestRecord, status_of
from tests.unit.linking.builders import a_link

AT = "2026-11-23T22:30:00.000Z"
LATER = "2026-11-23T23:00:00.000Z"
SELECTING = a_link(selector={"matchLabels": {"team": "shop"}})
HERE = GatingHere(is_enforced=True, refusal="")
FOR_2_0 = a_link(version="2.0")


def status(
    link: JiraDeploymentLink,
    matched: Sequence[Matched] = (),
    newest: NewestRecord | None = None,
    stalled: str = "",
    gating: GatingHere = HERE,
) -> LinkStatus:
    return status_of(link, matched, newest, stalled=stalled, gating=gating, at=AT)


def condition(of: LinkStatus, type_: str) -> Condition:
    (found,) = [each for each in of.conditions if each.type == type_]
    return found


def reported(status: str, reason: str, message: str) -> NewestRecord:
    told = Condition.model_validate(
        {"type": "Reported", "status": status, "reason": reason, "message": message, "lastTransitionTime": AT}
    )
    return NewestRecord("deployment-web-7", AT, told)


WEB = Matched("deployment/web", "1.0")
CART = Matched("deployment/cart", "1.0")
PROBLEM = "spec.commit: needs spec.repository"


@pytest.mark.parametrize(
    ("link", "matched", "is_ready", "reason", "message"),
    [
        pytest.param(a_link(), [WEB], "True", "InForce", "speaks of deployment/web", id="in force"),
        pytest.param(
            SELECTING,
            [Matched(f"deployment/web-{number}", "1.0") for number in range(7)],
            "True",
            "InForce",
            "speaks of deployment/web-0, deployment/web-1, deployment/web-2, deployment/web-3, deployment/web-4 "
            "and 2 more",
            id="in force for many",
        ),
        pytest.param(
            a_link(),
            [],
            "False",
            "NoWorkload",
            "spec.workloadRef: there is no Deployment web in namespace shop",
            id="there is no such workload",
        ),
        pytest.param(
            SELECTING,
            [],
            "False",
            "NoWorkload",
            "spec.selector: no workload in namespace shop has such labels",
            id="nothing is selected",
        ),
        pytest.param(
            a_link(),
            [Matched("deployment/web", "1.0", ruled_by="older")],
            "False",
            "Overruled",
            "deployment/web is spoken of by JiraDeploymentLink older: one with workloadRef comes before one with a "
            "selector, then the older one",
            id="overruled",
        ),
        pytest.param(
            SELECTING,
            [Matched("deployment/web", "1.0", ruled_by="older"), CART],
            "True",
            "InForce",
            "speaks of deployment/cart",
            id="overruled for one of two",
        ),
        pytest.param(
            a_link(),
            [Matched("deployment/web", "1.0", problems=(PROBLEM,))],
            "False",
            "Invalid",
            PROBLEM,
            id="something is wrong with it",
        ),
        pytest.param(
            SELECTING,
            [
                Matched("deployment/web", "1.0", problems=(PROBLEM,)),
                Matched("deployment/api", "1", problems=(PROBLEM,)),
            ],
            "False",
            "Invalid",
            PROBLEM,
            id="what is wrong for several is told once",
        ),
        pytest.param(
            a_link(),
            [Matched("deployment/web", "1.0", problems=(PROBLEM,), because="no site is named")],
            "False",
            "Invalid",
            PROBLEM,
            id="what is wrong comes before what follows from it",
        ),
        pytest.param(
            a_link(),
            [Matched("deployment/web", "1.0", ruled_by="older", problems=(PROBLEM,))],
            "False",
            "Overruled",
            "deployment/web is spoken of by JiraDeploymentLink older: one with workloadRef comes before one with a "
            "selector, then the older one",
            id="what is wrong does not count where it is overruled",
        ),
        pytest.param(
            a_link(),
            [Matched("deployment/web", "1.0", because="switched off by annotation")],
            "False",
            "NotReported",
            "deployment/web is not reported: switched off by annotation",
            id="switched off",
        ),
        pytest.param(
            FOR_2_0,
            [WEB],
            "True",
            "OtherVersion",
            "issues, services and commit wait for version 2.0; deployment/web has 1.0",
            id="waits for its version",
        ),
        pytest.param(
            FOR_2_0,
            [Matched("deployment/web", None)],
            "True",
            "OtherVersion",
            "issues, services and commit wait for version 2.0; deployment/web has no version that people could call "
            "by a name",
            id="waits for a version of which there is none",
        ),
        pytest.param(
            FOR_2_0, [Matched("deployment/web", "2.0")], "True", "InForce", "speaks of deployment/web", id="its version"
        ),
    ],
)
def test_r10_ready_tells_whether_the_link_is_in_force_and_why_not(
    link: JiraDeploymentLink, matched: list[Matched], is_ready: str, reason: str, message: str
) -> None:
    ready = condition(status(link, matched), "Ready")

    assert (ready.status, ready.reason, ready.message) == (is_ready, reason, message)


@pytest.mark.parametrize(
    ("newest", "said", "reason", "message", "name"),
    [
        pytest.param(
            None, "Unknown", "NoRollout", "no rollout has begun since the link was there", None, id="no rollout yet"
        ),
        pytest.param(
            reported("True", "Accepted", "successful: accepted by Jira"),
            "True",
            "Accepted",
            "successful: accepted by Jira",
            "deployment-web-7",
            id="as its newest record says",
        ),
        pytest.param(
            reported("False", "NoIssueKeys", "not told to Jira"),
            "False",
            "NoIssueKeys",
            "not told to Jira",
            "deployment-web-7",
            id="not told",
        ),
    ],
)
def test_r10_reported_is_what_the_newest_record_says(
    newest: NewestRecord | None, said: str, reason: str, message: str, name: str | None
) -> None:
    told = status(a_link(), [WEB], newest)

    found = condition(told, "Reported")
    assert (found.status, found.reason, found.message) == (said, reason, message)
    assert told.record == name


@pytest.mark.parametrize(
    ("stalled", "said", "reason", "message"),
    [
        ("", "False", "SiteAnswers", "nobody needs to act"),
        ("submit to site acme: 403 Forbidden", "True", "SiteRefuses", "submit to site acme: 403 Forbidden"),
    ],
)
def test_r10_stalled_tells_that_a_person_must_act(stalled: str, said: str, reason: str, message: str) -> None:
    found = condition(status(a_link(), [WEB], stalled=stalled), "Stalled")

    assert (found.status, found.reason, found.message) == (said, reason, message)


def test_matched_workloads_are_those_it_speaks_of_in_order_and_bounded() -> None:
    many = [Matched(f"deployment/web-{number:03}", "1.0") for number in range(MATCHED_MAX + 10)]
    ruled = Matched("deployment/a", "1.0", ruled_by="older")

    told = status(SELECTING, [*reversed(many), ruled])

    assert told.workloads == tuple(f"deployment/web-{number:03}" for number in range(MATCHED_MAX))


def test_the_status_belongs_to_a_generation() -> None:
    link = a_link().model_copy(update={"generation": 4})

    assert status(link, [WEB]).observed_generation == 4


def test_times_move_only_when_a_status_flips() -> None:
    before = status(a_link(), [WEB])
    known = a_link().model_copy(update={"status": before})

    same = status_of(known, [WEB], None, stalled="", gating=HERE, at=LATER)
    flipped = status_of(known, [], None, stalled="refused", gating=HERE, at=LATER)

    assert same == before
    times = {each.type: each.last_transition_time for each in flipped.conditions}
    assert times == {"Ready": LATER, "Reported": AT, "Stalled": LATER}


@pytest.mark.parametrize("words", ["x" * 5000, "ü" * 5000])
def test_long_words_are_cut_to_what_the_status_takes(words: str) -> None:
    told = status(a_link(), [Matched("deployment/web", "1.0", problems=(words,))], stalled=words)

    assert all(len(each.message) <= MESSAGE_MAX for each in told.conditions)


GATED = a_link(gate={"mode": "Jira"})
AT_ENDPOINT = a_link(gate={"mode": "Jira", "enforcement": "Endpoint"})


@pytest.mark.parametrize(
    ("link", "matched", "gating", "says"),
    [
        (GATED, [WEB], HERE, ("True", "Supported")),
        (GATED, [WEB], GatingHere(is_enforced=True, refusal=None), ("Unknown", "NotAsked")),
        (GATED, [WEB], GatingHere(is_enforced=True, refusal="403 not for you"), ("False", "SiteRefuses")),
        (GATED, [WEB], GatingHere(is_enforced=False, refusal=""), ("False", "NotEnforced")),
        (a_link(gate={"mode": "Manual"}), [WEB], GatingHere(is_enforced=True, refusal="403"), ("True", "Supported")),
        (GATED, [Matched("statefulset/db", "1.0")], HERE, ("False", "KindCannotBeHeld")),
        (AT_ENDPOINT, [WEB], HERE, ("False", "NotEnforced")),
        (AT_ENDPOINT, [WEB], GatingHere(is_enforced=False, refusal="", has_endpoint=True), ("True", "Supported")),
        (GATED, [WEB], GatingHere(is_enforced=False, refusal="", has_endpoint=True), ("False", "NotEnforced")),
    ],
)
def test_a_link_that_asks_for_a_gate_is_told_whether_it_can_rely_on_it(
    link: JiraDeploymentLink, matched: Sequence[Matched], gating: GatingHere, says: tuple[str, str]
) -> None:
    found = condition(status(link, matched, gating=gating), "GatingSupported")
    assert (found.status, found.reason) == says


def test_a_link_without_a_gate_has_no_such_condition_even_if_it_had_one() -> None:
    for link in (a_link(), a_link(gate={"mode": "Off"})):
        told = link.model_copy(update={"status": status(GATED, [WEB])})
        assert "GatingSupported" not in [each.type for each in status(told, [WEB]).conditions]


def test_a_gated_link_shows_whether_its_newest_rollout_may_go_on() -> None:
    """So a health check of a GitOps tool can wait for the link instead of the workload."""
    waits = Condition.model_validate(
        {"type": "Allowed", "status": "Unknown", "reason": "AwaitingJira", "message": "m", "lastTransitionTime": AT}
    )
    newest = NewestRecord("web-1", AT, reported=None, allowed=waits)
    assert condition(status(GATED, [WEB], newest), "Allowed").reason == "AwaitingJira"
    assert condition(status(GATED, [WEB]), "Allowed").status == "True"
    assert "Allowed" not in [each.type for each in status(a_link(), [WEB], newest).conditions]
