"""R6: a tool that asks is let go only for the version that the workload names now, and only if that one is allowed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from jira_deployment_operator.api.gate import GateStanding, GateTerms
from jira_deployment_operator.api.record import JiraDeployment, Opening
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.permission import Permission, cannot_be_read, no_such_workload, permission
from jira_deployment_operator.ledger.ledger import summary
from jira_deployment_operator.tracking.rollouts import Rollout
from jira_deployment_operator.workloads.observation import Observation, WorkloadKey
from tests.unit import samples

HOLD = "5d4cbe5c-e4"
OLD, NEW = "a" * 64, "b" * 64
WEB = WorkloadKey("Deployment", "shop", "web")
LINKED = Demand(
    mode="Jira",
    source="link web",
    enforcement="Endpoint",
    first_deployment=False,
    timeout_seconds=None,
    on_timeout="Hold",
    on_error="Hold",
    on_prevented="Cancel",
    on_rollback="Allow",
)


def seen(version: str = NEW, uid: str = samples.UID) -> Observation:
    return samples.observation(version=version, uid=uid, label="2.0")


def recorded(
    *states: State,
    ordinal: int = 2,
    version: str = NEW,
    hold: str | None = HOLD,
    mode: Literal["Jira", "Manual"] = "Jira",
    uid: str = samples.UID,
    **standing: Any,
) -> JiraDeployment:
    """A record that went through these states; without a `hold` it is not gated."""
    terms = None if hold is None else GateTerms(mode=mode, enforcement="Endpoint", hold=hold, source="link web")
    made = samples.record(
        *(samples.transition(number, state) for number, state in enumerate(states, start=1)),
        ordinal=ordinal,
        version=version,
        gate=terms,
        label="2.0",
        opening=Opening(state=states[0], reason="Gated", message=""),
        workload={"kind": "Deployment", "name": "web", "uid": uid},
    )
    gate = GateStanding(**standing) if standing else None
    return made.model_copy(update={"status": made.status.model_copy(update={"gate": gate})})


RUNS = recorded(State.SUCCESSFUL, ordinal=1, version=OLD, hold=None)
WAITS = recorded(State.PENDING, status="awaiting", reason="AwaitingJira", message="waits for OPS-1", issue_key="OPS-1")


def asked(*records: JiraDeployment, of: Observation | None = None, demand: Demand | None = LINKED) -> Permission:
    """What is answered when these are the workload's records, the oldest first."""
    rollouts: Sequence[Rollout] = [summary(each) for each in records]
    return permission(of or seen(), rollouts, records[-1] if records else None, demand)


def test_a_version_that_waits_may_not_go_on_and_the_answer_says_for_whom_it_waits() -> None:
    found = asked(RUNS, WAITS)

    assert found.as_data() | {"message": ""} == {
        "allowed": False,
        "state": "pending",
        "reason": "AwaitingJira",
        "message": "",
        "hold": HOLD,
        "issue": "OPS-1",
        "since": samples.NOW,
    }
    assert "version 2.0 is held until Jira allows it (link web); OPS-1" in found.line
    assert f'"{"jira-operator.dev/override"}":"{HOLD} REASON"' in found.line
    assert '"paused"' not in found.line  # nothing is paused


def test_a_version_about_which_jira_was_not_asked_yet_waits() -> None:
    assert (asked(RUNS, recorded(State.PENDING)).allowed, asked(RUNS, recorded(State.PENDING)).reason) == (
        False,
        "Waiting",
    )


def test_trouble_with_jira_is_told() -> None:
    found = asked(
        RUNS, recorded(State.PENDING, reason="JiraCannotBeAsked", message="site acme: 503", error_since=samples.NOW)
    )

    assert (found.allowed, found.reason) == (False, "JiraCannotBeAsked")
    assert found.line.startswith("site acme: 503; version 2.0 is held")


def test_a_manual_gate_says_how_to_approve() -> None:
    found = asked(RUNS, recorded(State.PENDING, mode="Manual"))

    assert "to approve: jira-deployment-operator approve deployment/web -n shop" in found.line


@pytest.mark.parametrize("states", [[State.PENDING], [State.PENDING, State.IN_PROGRESS]])
def test_a_version_that_was_allowed_may_go_on(states: list[State]) -> None:
    decided = "2026-11-23T22:40:00.000Z"
    found = asked(RUNS, recorded(*states, decision="Allowed", reason="AllowedByJira", decided_at=decided))

    assert (found.allowed, found.reason, found.since) == (True, "AllowedByJira", decided)


def test_an_allowed_version_may_go_on_though_its_link_was_deleted_since() -> None:
    record = recorded(State.PENDING, decision="Allowed", reason="AllowedByJira")

    assert asked(RUNS, record, demand=None).allowed


def test_a_refused_version_may_not_go_on_whatever_became_of_its_link() -> None:
    record = recorded(State.PENDING, State.CANCELLED, decision="Refused", reason="PreventedByJira", message="OPS-1: no")
    for demand in (LINKED, None):
        found = asked(RUNS, record, demand=demand)

        assert (found.allowed, found.reason, found.state) == (False, "PreventedByJira", "cancelled")
        assert "apply another version" in found.line


def test_a_version_that_waits_waits_on_though_its_link_was_deleted() -> None:
    assert asked(RUNS, WAITS, demand=None).reason == "AwaitingJira"


def test_a_version_that_the_operator_has_not_seen_may_not_go_on_whatever_was_allowed_before() -> None:
    allowed = recorded(State.PENDING, State.SUCCESSFUL, decision="Allowed", reason="AllowedByJira")
    for known in ([], [RUNS], [RUNS, WAITS], [RUNS, allowed]):
        found = asked(*known, of=seen("c" * 64))

        assert (found.allowed, found.reason) == (False, "NotRecorded")
        assert "ask again" in found.line


def test_an_object_of_the_same_name_is_another_one() -> None:
    allowed = recorded(State.PENDING, State.SUCCESSFUL, decision="Allowed", reason="AllowedByJira")
    of = seen(uid="another")

    assert asked(RUNS, allowed, of=of).reason == "NotRecorded"
    assert asked(RUNS, allowed, of=replace(of, version=OLD)).reason == "NotRecorded"


@pytest.mark.parametrize(("on_rollback", "allowed"), [("Allow", True), ("Gate", False)])
def test_a_version_that_was_released_before_goes_on_at_once_unless_that_is_gated(
    on_rollback: Literal["Allow", "Gate"], allowed: bool
) -> None:
    between = recorded(State.PENDING, State.SUCCESSFUL, decision="Allowed", reason="AllowedByJira")
    found = asked(RUNS, between, of=seen(OLD), demand=replace(LINKED, on_rollback=on_rollback))

    assert (found.allowed, found.reason) == (allowed, "ReleasedBefore" if allowed else "NotRecorded")


def test_a_version_that_was_rolled_back_was_not_released() -> None:
    gone = recorded(State.SUCCESSFUL, State.ROLLED_BACK, ordinal=1, version=OLD, hold=None)

    assert not asked(gone, recorded(State.SUCCESSFUL, hold=None), of=seen(OLD)).allowed


def test_a_revert_to_the_version_that_runs_may_go_on_even_if_returns_are_gated() -> None:
    found = asked(RUNS, WAITS, of=seen(OLD), demand=replace(LINKED, on_rollback="Gate"))

    assert (found.allowed, found.reason) == (True, "NotWaiting")


@pytest.mark.parametrize("states", [[State.IN_PROGRESS], [State.SUCCESSFUL], [State.IN_PROGRESS, State.FAILED]])
def test_a_version_that_began_without_a_gate_waits_for_nobody(states: list[State]) -> None:
    found = asked(recorded(*states, hold=None))

    assert (found.allowed, found.reason) == (True, "NotWaiting")


def test_what_is_not_gated_is_not_allowed_since_nobody_is_asked() -> None:
    for known in ([], [recorded(State.IN_PROGRESS, hold=None)], [recorded(State.SUCCESSFUL, hold=None)]):
        found = asked(*known, demand=None)

        assert (found.allowed, found.reason) == (False, "NotGated")
        assert "set spec.gate, with enforcement Endpoint, of a JiraDeploymentLink that names it" in found.line


@pytest.mark.parametrize(("hold", "way_out"), [(HOLD, "to override"), ("", "apply another version")])
def test_a_version_that_went_on_unallowed_is_not_allowed_afterwards(hold: str, way_out: str) -> None:
    found = asked(RUNS, recorded(State.IN_PROGRESS, hold=hold))

    assert (found.allowed, found.reason) == (False, "NobodyAllowed")
    assert way_out in found.line


def test_a_version_that_runs_everywhere_has_nothing_to_wait_for_any_more() -> None:
    assert asked(RUNS, recorded(State.PENDING, State.SUCCESSFUL)).allowed


def test_a_version_that_was_given_up_and_is_wanted_again_is_not_recorded_yet() -> None:
    assert asked(RUNS, recorded(State.PENDING, State.CANCELLED)).reason == "NotRecorded"


def test_a_version_that_is_held_by_a_pause_without_terms_may_not_go_on() -> None:
    assert asked(RUNS, recorded(State.PENDING, hold=None)).reason == "NotRecorded"


def test_every_answer_is_one_short_line_with_all_keys() -> None:
    words = "first\nsecond " + "x" * 5000
    for found in (
        asked(RUNS, recorded(State.PENDING, reason="JiraCannotBeAsked", message=words, error_since=samples.NOW)),
        no_such_workload(WEB),
        cannot_be_read(WEB, words),
    ):
        assert "\n" not in found.line
        assert 0 < len(found.line) <= 1000
        assert set(found.as_data()) == {"allowed", "state", "reason", "message", "hold", "issue", "since"}
