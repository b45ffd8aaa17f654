"""R6: what a look means for a hold before rollouts are followed: let go, leaked, held at the endpoint, overridden."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import OVERRIDE
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating.demand import Demand
from jira_deployment_operator.gating.verdicts import Leaked, leaked, let_go, overridden_unseen, waits
from jira_deployment_operator.tracking.rollouts import Rollout
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit.samples import UID, observation

V1: Final = "1" * 64
V2: Final = "2" * 64
V3: Final = "3" * 64
OTHER_UID: Final = "77777777-2f1f-4b06-8a54-0d8c1bb41c4c"
IN_FORCE: Final = Hold("5d4cbe5c-7")

RAN: Final = Rollout(1, UID, V1, State.SUCCESSFUL)


def demand(**changes: Any) -> Demand:
    values: dict[str, Any] = {
        "mode": "Jira",
        "source": "link web",
        "enforcement": "Pause",
        "first_deployment": False,
        "timeout_seconds": None,
        "on_timeout": "Hold",
        "on_error": "Hold",
        "on_prevented": "Cancel",
        "on_rollback": "Allow",
        **changes,
    }
    return Demand(**values)


DEMANDED: Final = demand()
GATES_ROLLBACKS: Final = demand(on_rollback="Gate")


def waiting(ordinal: int = 2, version: str = V2, state: State = State.PENDING, hold: str = "5d4cbe5c-2") -> Rollout:
    return Rollout(ordinal, UID, version, state, hold=hold, never_begun=True)


def went(ordinal: int, version: str, state: State = State.SUCCESSFUL, uid: str = UID) -> Rollout:
    return Rollout(ordinal, uid, version, state)


def held(version: str = V2, uid: str = UID) -> Observation:
    return observation(version=version, uid=uid, hold=IN_FORCE)


def moving(version: str = V2, phase: Phase = Phase.PROGRESSING, **changes: Any) -> Observation:
    return observation(phase, version=version, **{"can_be_held": True, "generation": 7, **changes})


# Holds that wait for nothing


@pytest.mark.parametrize(
    ("rollouts", "seen", "asked", "goes"),
    [
        pytest.param((), held(), DEMANDED, False, id="a first deployment"),
        pytest.param((RAN,), held(), DEMANDED, False, id="a new version"),
        pytest.param((RAN, waiting()), held(), DEMANDED, False, id="the one that waits"),
        pytest.param((RAN, waiting(state=State.CANCELLED)), held(), DEMANDED, False, id="the one that was refused"),
        pytest.param((RAN,), held(V1), DEMANDED, True, id="what runs already"),
        pytest.param((RAN,), held(V1), GATES_ROLLBACKS, True, id="what runs already is no rollback"),
        pytest.param((RAN, waiting()), held(V1), GATES_ROLLBACKS, True, id="back to what runs, while another waited"),
        pytest.param((went(1, V1, State.IN_PROGRESS),), held(V1), DEMANDED, True, id="what was let go a moment ago"),
        pytest.param((went(1, V1, State.FAILED),), held(V1), DEMANDED, True, id="what has failed here"),
        pytest.param((RAN, went(2, V2)), held(V1), DEMANDED, True, id="released before"),
        pytest.param((RAN, went(2, V2)), held(V1), None, True, id="released before, and nobody asks"),
        pytest.param((RAN, went(2, V2)), held(V1), GATES_ROLLBACKS, False, id="released before, and it is gated"),
        pytest.param((RAN, went(2, V2), waiting(3, V3)), held(V1), DEMANDED, True, id="released, another waits"),
        pytest.param(
            (went(1, V1, State.ROLLED_BACK), went(2, V2)), held(V1), DEMANDED, False, id="rolled back, and forward"
        ),
        pytest.param((went(1, V1, State.FAILED), went(2, V2)), held(V1), DEMANDED, False, id="it had failed"),
        pytest.param((went(1, V1, uid=OTHER_UID),), held(V1), DEMANDED, True, id="created again, released before"),
        pytest.param(
            (went(1, V1, uid=OTHER_UID),), held(V1), GATES_ROLLBACKS, False, id="created again, and it is gated"
        ),
        pytest.param((RAN,), moving(V1), DEMANDED, False, id="not held"),
    ],
)
def test_a_hold_that_waits_for_nothing_is_let_go(
    rollouts: tuple[Rollout, ...], seen: Observation, asked: Demand | None, goes: bool
) -> None:
    assert (let_go(rollouts, seen, asked) is not None) is goes


# Leaks

STOPPED: Final = Leaked(Hold("5d4cbe5c-7", leaked=True))
TOO_LATE: Final = Leaked(None)


@pytest.mark.parametrize(
    ("rollouts", "seen", "asked", "found"),
    [
        pytest.param((RAN,), moving(), DEMANDED, STOPPED, id="a new version moves"),
        pytest.param((RAN,), moving(phase=Phase.UNOBSERVED), DEMANDED, STOPPED, id="not observed yet"),
        pytest.param((RAN,), moving(phase=Phase.PAUSED), DEMANDED, STOPPED, id="paused by a person"),
        pytest.param((RAN,), moving(can_be_held=False), DEMANDED, TOO_LATE, id="a pause would not help"),
        pytest.param((RAN,), moving(phase=Phase.COMPLETE), DEMANDED, TOO_LATE, id="complete"),
        pytest.param((RAN,), moving(phase=Phase.FAILED), DEMANDED, TOO_LATE, id="failed"),
        pytest.param((RAN, waiting()), moving(), DEMANDED, STOPPED, id="the hold was taken off by a stranger"),
        pytest.param(
            (RAN, waiting(state=State.CANCELLED)), moving(), DEMANDED, STOPPED, id="the hold of what was refused too"
        ),
        pytest.param((waiting(1),), moving(), DEMANDED, STOPPED, id="the hold of a first deployment too"),
        pytest.param((RAN,), held(), DEMANDED, None, id="held"),
        pytest.param((RAN,), moving(), None, None, id="nobody asks"),
        pytest.param((), moving(), DEMANDED, None, id="seen for the first time"),
        pytest.param((went(1, V1, uid=OTHER_UID),), moving(), DEMANDED, None, id="created again"),
        pytest.param((RAN,), moving(V1), DEMANDED, None, id="pods of what runs come and go"),
        pytest.param((RAN, went(2, V2)), moving(V1), DEMANDED, None, id="a rollback"),
        pytest.param((RAN, went(2, V2)), moving(V1), GATES_ROLLBACKS, STOPPED, id="a rollback that is gated"),
        pytest.param((RAN, went(2, V2, State.IN_PROGRESS)), moving(), DEMANDED, None, id="it was told of before"),
    ],
)
def test_r6_a_version_that_goes_on_though_nobody_allowed_it_is_found(
    rollouts: tuple[Rollout, ...], seen: Observation, asked: Demand | None, found: Leaked | None
) -> None:
    assert leaked(rollouts, seen, asked, allowed=False) == found


def test_what_was_allowed_has_not_leaked() -> None:
    assert leaked((RAN, waiting()), moving(), DEMANDED, allowed=True) is None


def test_what_was_overridden_while_the_operator_was_down_has_not_leaked() -> None:
    seen = moving(annotations={OVERRIDE: "5d4cbe5c-6 pager 123"})

    assert leaked((RAN,), seen, DEMANDED, allowed=False) is None
    assert leaked((RAN, waiting(hold="5d4cbe5c-6")), seen, DEMANDED, allowed=False) == STOPPED


@pytest.mark.parametrize(
    ("rollouts", "wanted"),
    [
        ((), False),
        ((RAN,), True),
        ((RAN, waiting()), True),
        ((waiting(1),), True),
        ((RAN, went(2, V2)), False),
        ((went(1, V1, uid=OTHER_UID),), False),
        ((RAN, went(2, V2), went(3, V3)), False),
    ],
    ids=["nothing", "a new one", "one that waits", "a first one that waits", "runs", "another object", "a rollback"],
)
def test_only_what_is_new_by_what_is_remembered_must_be_allowed(rollouts: tuple[Rollout, ...], wanted: bool) -> None:
    assert waits(rollouts, moving(), DEMANDED) is wanted


# Overrides that nobody saw


@pytest.mark.parametrize(
    ("value", "rollouts", "overridden"),
    [
        ("5d4cbe5c-6 pager 123", (RAN,), True),
        ("5d4cbe5c-7 pager 123", (RAN,), True),
        ("5d4cbe5c-8 of the future", (RAN,), False),
        ("5d4cbe5c-6", (RAN,), False),
        ("5d4cbe5c-6 ", (RAN,), False),
        ("77777777-6 another object", (RAN,), False),
        ("5d4cbe5c-six pager", (RAN,), False),
        ("5d4cbe5c-\u0666 pager", (RAN,), False),
        ("5d4cbe5c-e6 of the endpoint", (RAN,), False),
        ("5d4cbe5c-0 pager", (RAN,), False),
        ("-6 pager", (RAN,), False),
        ("6 pager", (RAN,), False),
        ("", (RAN,), False),
        ("5d4cbe5c-6 known by now", (RAN, waiting(hold="5d4cbe5c-6")), False),
        ("5d4cbe5c-4 forgotten by now", (RAN, waiting(hold="5d4cbe5c-6")), False),
        ("5d4cbe5c-6 after another one", (RAN, waiting(hold="5d4cbe5c-4")), True),
        ("5d4cbe5c-6 after another object", (replace(waiting(1, hold="77777777-9"), uid=OTHER_UID), RAN), True),
    ],
)
def test_r6_an_override_that_came_while_the_operator_was_down_counts_for_the_newest_hold_only(
    value: str, rollouts: tuple[Rollout, ...], overridden: bool
) -> None:
    seen = moving(annotations={OVERRIDE: value})

    assert overridden_unseen(rollouts, seen) == (value.split(maxsplit=1)[0] if overridden else "")


def test_what_is_held_was_not_overridden() -> None:
    assert overridden_unseen((RAN,), observation(hold=IN_FORCE, annotations={OVERRIDE: "5d4cbe5c-2 pager"})) == ""


_rollouts = st.lists(
    st.builds(
        Rollout,
        st.integers(1, 9),
        st.sampled_from([UID, OTHER_UID]),
        st.sampled_from([V1, V2, V3]),
        st.none() | st.sampled_from(State),
        hold=st.sampled_from(["", "5d4cbe5c-2", "5d4cbe5c-6"]),
        never_begun=st.booleans(),
    ),
    max_size=4,
).map(tuple)
_looks = st.builds(
    lambda phase, version, hold, can_be_held, override: observation(
        phase,
        version=version,
        hold=hold,
        can_be_held=can_be_held,
        generation=7,
        annotations={OVERRIDE: override} if override else {},
    ),
    st.sampled_from([each for each in Phase if each is not Phase.HELD]),
    st.sampled_from([V1, V2, V3]),
    st.sampled_from([None, IN_FORCE]),
    st.booleans(),
    st.sampled_from(["", "5d4cbe5c-6 pager", "5d4cbe5c-9 pager"]),
)
_demands = st.sampled_from([None, DEMANDED, GATES_ROLLBACKS, demand(enforcement="Endpoint")])


@given(_rollouts, _looks, _demands, st.booleans())
def test_r6_what_is_held_never_leaks_and_what_is_not_held_is_never_let_go(
    rollouts: tuple[Rollout, ...], seen: Observation, asked: Demand | None, allowed: bool
) -> None:
    assert not (seen.hold and leaked(rollouts, seen, asked, allowed=allowed))
    assert seen.hold or let_go(rollouts, seen, asked) is None


@given(_rollouts, _looks, _demands)
def test_what_leaks_was_demanded_is_new_and_a_late_hold_is_only_set_on_what_still_moves(
    rollouts: tuple[Rollout, ...], seen: Observation, asked: Demand | None
) -> None:
    found = leaked(rollouts, seen, asked, allowed=False)
    if found is None:
        return
    assert asked is not None
    assert waits(rollouts, seen, asked)
    if found.hold:
        assert seen.can_be_held
        assert seen.phase in (Phase.PROGRESSING, Phase.UNOBSERVED, Phase.PAUSED)
        assert found.hold.leaked
