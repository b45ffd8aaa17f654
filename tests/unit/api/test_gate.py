"""R10: durations are read exactly or refused; what is left out of a gate, or a record of one, is on the safe side."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jira_deployment_operator.api import gate, values
from jira_deployment_operator.api.gate import Gate, GateStanding, GateTerms, seconds


@pytest.mark.parametrize(
    ("duration", "wanted"),
    [
        ("1s", 1),
        ("90s", 90),
        ("30m", 1800),
        ("24h", 86_400),
        ("7d", 604_800),
        ("999999d", 86_399_913_600),
    ],
)
def test_a_duration_is_a_number_and_a_unit(duration: str, wanted: int) -> None:
    assert seconds(duration) == wanted
    assert Gate.model_validate({"mode": "Jira", "timeout": duration}).timeout == duration


@pytest.mark.parametrize(
    "duration",
    [
        *("", "0s", "01s", "90", "s", "1.5h", "-1s", "+1s", "1 h", " 1h", "1h ", "1h\n", "1H", "1w", "1h30m"),
        *("1000000s", "\u0661h"),
    ],
)
def test_r10_whatever_else_is_refused(duration: str) -> None:
    with pytest.raises(ValueError, match="must be a whole number with s, m, h or d"):
        seconds(duration)
    with pytest.raises(ValidationError):
        Gate.model_validate({"mode": "Jira", "timeout": duration})


@given(st.text("0123456789smhd \n", max_size=8))
def test_links_and_settings_take_the_same_durations(duration: str) -> None:
    try:
        taken = seconds(duration) > 0
    except ValueError:
        taken = False
    try:
        Gate(mode="Jira", timeout=duration)
    except ValidationError:
        assert not taken
    else:
        assert taken


def test_a_gate_that_says_nothing_else_leaves_it_to_the_platform_team() -> None:
    read = Gate(mode="Jira").model_dump(exclude={"mode", "enforcement"})

    assert set(read.values()) == {None}
    assert Gate(mode="Jira").enforcement == "Pause"


@pytest.mark.parametrize(("mode", "asks"), [("Off", False), ("Jira", True), ("Manual", True)])
def test_only_off_asks_nobody(mode: Any, asks: bool) -> None:
    assert Gate(mode=mode).asks is asks
    assert mode in values.GATE_MODES


def test_r6_a_record_that_says_nothing_about_a_policy_lets_nothing_go() -> None:
    terms = GateTerms.model_validate({"mode": "Jira", "hold": "5d4cbe5c-2", "source": "link web"})

    assert (terms.on_timeout, terms.on_error, terms.on_prevented) == ("Hold", "Hold", "Cancel")
    assert (terms.timeout_seconds, terms.enforcement, terms.leaked) == (None, "Pause", False)


def test_a_gate_that_nobody_has_looked_at_is_undecided() -> None:
    assert GateStanding().model_dump(exclude_none=True, exclude_defaults=True) == {}
    assert GateStanding().decision is None


def test_whoever_is_asked_is_one_of_the_modes() -> None:
    assert {*get_args(gate.Asked), "Off"} == set(get_args(gate.Mode))
