"""R6: how a gate is decided. One table for every word at every policy, and what holds for whatever is heard."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.conditions import ALLOWED, MESSAGE_MAX, Condition
from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.hold import Answer
from jira_deployment_operator.api.record import JiraDeployment, Removal
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.gating.decisions import (
    Heard,
    Said,
    Trouble,
    answered,
    deadline_ms,
    ended,
    is_to_be_released,
    is_undecided,
    judged,
)
from jira_deployment_operator.tracking.rollouts import Advance
from jira_deployment_operator.tracking.transitions import append, timestamp
from tests.unit.gating.held import HOLD, ISSUE, LINK, OTHER_HOLD, held
from tests.unit.samples import NOW, NOW_MS, record, transition

ERROR_AFTER_MS: Final = 300_000
TIMEOUT_SECONDS: Final = 3600
EARLY_MS: Final = NOW_MS + 60_000
ERROR_IS_OLD_MS: Final = NOW_MS + ERROR_AFTER_MS
TIMED_OUT_MS: Final = NOW_MS + 1000 * TIMEOUT_SECONDS


def after(told: JiraDeployment, heard: Heard, now_ms: int = EARLY_MS) -> JiraDeployment:
    return judged(told, heard, error_after_ms=ERROR_AFTER_MS, now_ms=now_ms)


def standing_of(told: JiraDeployment) -> GateStanding:
    assert told.status.gate is not None
    return told.status.gate


def allowed_of(told: JiraDeployment) -> Condition:
    (found,) = [each for each in told.status.conditions if each.type == ALLOWED]
    return found


# The table: what is heard x every policy x the time that has passed

YES, NO = "Allowed", "Refused"
WORDS: Final[dict[str, Heard]] = {
    "allowed": Said("allowed", ISSUE, LINK),
    "prevented": Said("prevented", ISSUE, LINK),
    "expired": Said("expired", ISSUE, LINK),
    "awaiting": Said("awaiting", ISSUE, LINK),
    "invalid": Said("invalid", ISSUE, LINK),
    "one that nobody knows": Said("allowed_with_conditions", ISSUE, LINK),
    "the right one in capitals": Said("Allowed", ISSUE, LINK),
    "the right one with a blank": Said("allowed ", ISSUE, LINK),
    "no word": Said("", "", ""),
    "trouble": Trouble("503 Service Unavailable"),
    "nothing, since people are asked": None,
}
TIMES: Final = {"early": EARLY_MS, "the error is old": ERROR_IS_OLD_MS, "timed out": TIMED_OUT_MS}
UNDERSTOOD: Final = ("allowed", "prevented", "expired", "awaiting")


def expected(word: str, now_ms: int, on_timeout: str, on_error: str, on_prevented: str) -> tuple[str | None, str]:
    """The rule in other words than the code's: Jira's word first, then the timeout, then the error that lasts."""
    if word == "allowed":
        return YES, "AllowedByJira"
    if word in ("prevented", "expired") and on_prevented == "Cancel":
        return NO, "PreventedByJira" if word == "prevented" else "ExpiredAtJira"
    if now_ms >= TIMED_OUT_MS and on_timeout != "Hold":
        return (YES, "TimeoutAllowed") if on_timeout == "Allow" else (NO, "TimeoutCancelled")
    if word in UNDERSTOOD:
        return None, "AwaitingJira" if word == "awaiting" else "PreventedForNow"
    if word == "nothing, since people are asked":
        return None, "Waiting"
    is_over = on_error == "Allow" and now_ms >= ERROR_IS_OLD_MS
    return (YES, "ErrorAllowed") if is_over else (None, "JiraCannotBeAsked")


TABLE = [
    pytest.param(word, time, *policies, id=f"{word}, {time}: {' '.join(policies)}")
    for word, time in itertools.product(WORDS, TIMES)
    for policies in itertools.product(("Hold", "Allow", "Cancel"), ("Hold", "Allow"), ("Hold", "Cancel"))
]


@pytest.mark.parametrize(("word", "time", "on_timeout", "on_error", "on_prevented"), TABLE)
def test_r6_what_is_heard_and_the_policies_decide(
    word: str, time: str, on_timeout: str, on_error: str, on_prevented: str
) -> None:
    in_trouble_since_the_start = GateStanding(error_since=NOW, status="awaiting")
    waits = held(
        mode="Jira" if WORDS[word] else "Manual",
        standing=in_trouble_since_the_start if WORDS[word] else None,
        timeout_seconds=TIMEOUT_SECONDS,
        on_timeout=on_timeout,
        on_error=on_error,
        on_prevented=on_prevented,
    )

    now = after(waits, WORDS[word], TIMES[time])

    standing = standing_of(now)
    assert (standing.decision, standing.reason) == expected(word, TIMES[time], on_timeout, on_error, on_prevented)
    told = allowed_of(now)
    assert told.reason == standing.reason
    assert told.status == {None: "Unknown", YES: "True", NO: "False"}[standing.decision]
    assert standing.decided_at == (timestamp(TIMES[time]) if standing.decision else None)
    assert is_undecided(now) is (standing.decision is None)
    assert is_to_be_released(now) is (standing.decision == YES)
    assert now.status.state == (State.CANCELLED if standing.decision == NO else State.PENDING)


@pytest.mark.parametrize("on_timeout", ["Hold", "Allow", "Cancel"])
def test_without_a_timeout_time_alone_never_ends_a_hold(on_timeout: str) -> None:
    waits = held(on_timeout=on_timeout)

    assert is_undecided(after(waits, Said("awaiting"), NOW_MS + 10**12))
    assert deadline_ms(waits, error_after_ms=ERROR_AFTER_MS) is None


def test_what_was_heard_is_kept() -> None:
    standing = standing_of(after(held(), Said("awaiting", ISSUE, LINK)))

    assert (standing.status, standing.issue_key, standing.issue_link) == ("awaiting", ISSUE, LINK)
    assert standing.message == "waits for CHG-7 in Jira"


def test_r10_a_trouble_says_since_when_and_why_and_keeps_what_was_heard_before() -> None:
    once = after(held(), Said("awaiting", ISSUE, LINK))

    twice = after(after(once, Trouble("503")), Trouble("504"), EARLY_MS + 5000)

    standing = standing_of(twice)
    assert (standing.reason, standing.message) == ("JiraCannotBeAsked", "504")
    assert standing.error_since == timestamp(EARLY_MS)
    assert (standing.status, standing.issue_key) == ("awaiting", ISSUE)
    assert allowed_of(twice).message == f"504; {LINK}"


def test_a_word_that_nobody_knows_is_told_and_allows_nothing() -> None:
    standing = standing_of(after(held(), Said("maybe" * 50)))

    assert standing.status == ("maybe" * 50)[:64]
    assert standing.message == f"Jira's gating status is {standing.status!r}, which allows nothing"


@pytest.mark.parametrize("word", ["", "invalid", "x"])
def test_what_is_not_understood_is_a_trouble_and_ends_with_the_next_answer(word: str) -> None:
    silent = after(held(on_error="Allow"), Said(word))
    assert standing_of(silent).error_since == timestamp(EARLY_MS)

    answered_again = after(silent, Said("awaiting"), ERROR_IS_OLD_MS + EARLY_MS)

    assert standing_of(answered_again).error_since is None
    assert is_undecided(after(answered_again, Trouble("503"), ERROR_IS_OLD_MS + EARLY_MS + 1))


def test_r6_an_error_counts_from_its_own_beginning_not_from_the_rollouts() -> None:
    begins_late = after(held(on_error="Allow"), Trouble("503"), NOW_MS + 10 * ERROR_AFTER_MS)
    assert is_undecided(begins_late)

    just_before = after(begins_late, Trouble("503"), NOW_MS + 11 * ERROR_AFTER_MS - 1)
    at_last = after(just_before, Trouble("503"), NOW_MS + 11 * ERROR_AFTER_MS)

    assert is_undecided(just_before)
    assert standing_of(at_last).reason == "ErrorAllowed"
    assert standing_of(at_last).message == "Jira cannot be asked: 503"


def test_a_gate_that_is_not_there_yet_is_awaited() -> None:
    """Right after the rollout was submitted, Jira answers 404."""
    no_gate = after(held(), Trouble("Jira has no gate for this rollout yet"))
    asked = after(no_gate, Said("awaiting", ISSUE, LINK), EARLY_MS + 15_000)
    allowed = after(asked, Said("allowed", ISSUE, LINK), EARLY_MS + 30_000)

    assert [standing_of(each).reason for each in (no_gate, asked, allowed)] == [
        "JiraCannotBeAsked",
        "AwaitingJira",
        "AllowedByJira",
    ]
    assert standing_of(allowed).message == "CHG-7 allows it"


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        (("awaiting", "prevented", "awaiting", "prevented"), None),
        (("prevented", "awaiting", "allowed", "prevented"), YES),
        (("allowed", "prevented"), YES),
        (("invalid", "prevented", "", "expired", "awaiting"), None),
        (("expired", "allowed"), YES),
    ],
)
def test_words_may_change_their_minds_until_one_allows_it(words: tuple[str, ...], decision: str | None) -> None:
    now = held(on_prevented="Hold")
    for number, word in enumerate(words):
        now = after(now, Said(word, ISSUE), EARLY_MS + number)

    assert standing_of(now).decision == decision


def test_a_no_for_now_is_told() -> None:
    now = after(held(on_prevented="Hold"), Said("prevented", ISSUE, LINK))

    told = allowed_of(now)
    assert (told.status, told.reason) == ("Unknown", "PreventedForNow")
    assert told.message == f"Jira says prevented: CHG-7 does not allow it for now; {LINK}"


def test_after_a_no_that_counts_nothing_that_jira_says_changes_it() -> None:
    refused = after(held(), Said("prevented", ISSUE, LINK))

    assert after(refused, Said("allowed", ISSUE, LINK), TIMED_OUT_MS) is refused


def test_r2_a_refusal_is_told_to_jira_once_with_a_higher_number() -> None:
    waits = held()

    refused = after(waits, Said("prevented", ISSUE, LINK), now_ms=NOW_MS - 5)  # the clock was set back

    first, second = refused.status.transitions
    assert (second.state, second.reason, second.delivery) == (State.CANCELLED, "PreventedByJira", Delivery.DUE)
    assert second.update_sequence_number == first.update_sequence_number + 1
    assert refused.status.associations == waits.status.associations
    assert len(after(refused, Said("prevented")).status.transitions) == 2


def test_a_deadline_says_what_was_waited_for() -> None:
    now = after(held(timeout_seconds=60, on_timeout="Cancel"), Said("awaiting", ISSUE), EARLY_MS)

    assert standing_of(now).message == "nobody has decided within 60 s: waits for CHG-7 in Jira"


@pytest.mark.parametrize(
    "decided",
    [
        pytest.param(record(transition(1)), id="not gated"),
        pytest.param(held(state=State.IN_PROGRESS), id="on its way"),
        pytest.param(held(state=State.CANCELLED), id="overtaken"),
        pytest.param(held(standing=GateStanding(decision="Allowed")), id="allowed"),
        pytest.param(held(standing=GateStanding(decision="Refused")), id="refused"),
    ],
)
def test_what_waits_for_nothing_is_not_judged(decided: JiraDeployment) -> None:
    assert not is_undecided(decided)
    assert after(decided, Said("allowed"), TIMED_OUT_MS) is decided


def to_go(told: JiraDeployment) -> JiraDeployment:
    removal = Removal(since=NOW, reason="its link was deleted")
    return told.model_copy(update={"status": told.status.model_copy(update={"removal": removal})})


def test_what_is_to_be_forgotten_is_neither_decided_nor_released() -> None:
    assert not is_undecided(to_go(held()))
    assert not is_to_be_released(to_go(held(standing=GateStanding(decision="Allowed"))))


@pytest.mark.parametrize(
    ("told", "released"),
    [
        pytest.param(held(standing=GateStanding(decision="Allowed")), True, id="allowed"),
        pytest.param(held(standing=GateStanding(decision="Allowed"), state=State.CANCELLED), True, id="overridden"),
        pytest.param(held(standing=GateStanding(decision="Allowed"), enforcement="Endpoint"), False, id="endpoint"),
        pytest.param(held(standing=GateStanding(decision="Allowed"), state=State.IN_PROGRESS), False, id="on its way"),
        pytest.param(held(standing=GateStanding(decision="Refused"), state=State.CANCELLED), False, id="refused"),
        pytest.param(held(), False, id="undecided"),
        pytest.param(record(transition(1)), False, id="not gated"),
    ],
)
def test_only_what_is_allowed_and_still_held_is_released(told: JiraDeployment, released: bool) -> None:
    assert is_to_be_released(told) is released


# Answers of people


def answer(kind: Any, *, hold: str = HOLD, reason: str = "pager 123", by: str = "alice") -> Answer:
    return Answer(kind, hold, reason, by)


WAITS: Final = held()
WAITS_FOR_PEOPLE: Final = held(mode="Manual")
REFUSED_BY_JIRA: Final = after(held(), Said("prevented", ISSUE, LINK))
REFUSED_BY_PEOPLE: Final = answered(held(mode="Manual"), answer("refuse"), now_ms=EARLY_MS)
ALLOWED_BY_JIRA: Final = after(held(), Said("allowed", ISSUE, LINK))

ANSWERS: Final[dict[str, tuple[JiraDeployment, Answer, tuple[str, str] | None]]] = {
    "override where Jira is asked": (WAITS, answer("override"), (YES, "Overridden")),
    "override where people are asked": (WAITS_FOR_PEOPLE, answer("override"), (YES, "Overridden")),
    "override after Jira's no": (REFUSED_BY_JIRA, answer("override"), (YES, "Overridden")),
    "override after a person's no": (REFUSED_BY_PEOPLE, answer("override"), (YES, "Overridden")),
    "override of what was allowed": (ALLOWED_BY_JIRA, answer("override"), None),
    "override of another hold": (WAITS, answer("override", hold=OTHER_HOLD), None),
    "override of another hold after a no": (REFUSED_BY_JIRA, answer("override", hold=OTHER_HOLD), None),
    "approve where people are asked": (WAITS_FOR_PEOPLE, answer("approve"), (YES, "Approved")),
    "refuse where people are asked": (WAITS_FOR_PEOPLE, answer("refuse"), (NO, "Refused")),
    "approve of another hold": (WAITS_FOR_PEOPLE, answer("approve", hold=OTHER_HOLD), None),
    "refuse of another hold": (WAITS_FOR_PEOPLE, answer("refuse", hold=OTHER_HOLD), None),
    "approve where Jira is asked": (WAITS, answer("approve"), None),
    "refuse where Jira is asked": (WAITS, answer("refuse"), None),
    "approve after a no": (REFUSED_BY_PEOPLE, answer("approve"), None),
    "refuse after a no": (REFUSED_BY_PEOPLE, answer("refuse"), None),
    "refuse of what was approved": (
        answered(held(mode="Manual"), answer("approve"), now_ms=EARLY_MS),
        answer("refuse"),
        None,
    ),
    "override of what has no gate": (record(transition(1)), answer("override"), None),
    "an answer to a rollout that went on unheld": (held(hold=""), answer("override"), None),
    "approve of what was overtaken": (held(mode="Manual", state=State.CANCELLED), answer("approve"), None),
    "refuse of what is on its way": (held(mode="Manual", state=State.IN_PROGRESS), answer("refuse"), None),
}


@pytest.mark.parametrize(("told", "given_", "becomes"), ANSWERS.values(), ids=ANSWERS.keys())
def test_r6_an_answer_counts_once_for_its_hold_and_from_whom_is_asked(
    told: JiraDeployment, given_: Answer, becomes: tuple[str, str] | None
) -> None:
    now = answered(told, given_, now_ms=EARLY_MS)

    if becomes is None:
        assert now is told
        return
    standing = standing_of(now)
    assert (standing.decision, standing.reason) == becomes
    assert (standing.by, standing.message, standing.decided_at) == ("alice", "pager 123", timestamp(EARLY_MS))
    assert allowed_of(now).message.startswith("pager 123; by alice")
    assert answered(now, given_, now_ms=EARLY_MS + 1) is now


def test_r2_a_persons_refusal_is_told_as_cancelled_and_an_override_then_releases_it() -> None:
    assert [each.state for each in REFUSED_BY_PEOPLE.status.transitions] == [State.PENDING, State.CANCELLED]

    overridden = answered(REFUSED_BY_PEOPLE, answer("override"), now_ms=EARLY_MS + 1)

    assert overridden.status.transitions == REFUSED_BY_PEOPLE.status.transitions
    assert is_to_be_released(overridden)


def test_nobody_is_named_where_admission_did_not_stamp() -> None:
    before = held(standing=GateStanding(by="bob"), mode="Manual")

    now = answered(before, answer("approve", by=""), now_ms=EARLY_MS)

    assert standing_of(now).by == ""
    assert allowed_of(now).message == "pager 123"


def test_r10_long_words_are_cut_to_what_the_record_takes() -> None:
    heard = after(held(), Trouble("x" * 5000))
    refused = answered(held(mode="Manual"), answer("refuse", reason="x" * 5000, by="y" * 500), now_ms=EARLY_MS)

    for each in (heard, refused):
        assert len(standing_of(each).message) == MESSAGE_MAX
        assert len(allowed_of(each).message) == MESSAGE_MAX
    assert len(standing_of(refused).by) == 255
    assert len(refused.status.transitions[-1].message) == MESSAGE_MAX


# Deadlines


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (record(transition(1)), None),
        (held(), None),
        (held(timeout_seconds=60), None),
        (held(timeout_seconds=60, on_timeout="Allow"), NOW_MS + 60_000),
        (held(timeout_seconds=60, on_timeout="Cancel"), NOW_MS + 60_000),
        (held(on_error="Allow"), None),
        (held(standing=GateStanding(error_since=NOW)), None),
        (held(on_error="Allow", standing=GateStanding(error_since=NOW)), NOW_MS + ERROR_AFTER_MS),
        (
            held(
                on_error="Allow",
                standing=GateStanding(error_since=NOW),
                timeout_seconds=301,
                on_timeout="Cancel",
            ),
            NOW_MS + ERROR_AFTER_MS,
        ),
        (
            held(
                on_error="Allow",
                standing=GateStanding(error_since=NOW),
                timeout_seconds=299,
                on_timeout="Cancel",
            ),
            NOW_MS + 299_000,
        ),
    ],
    ids=[
        *("not gated", "no timeout", "a timeout that holds", "a timeout that allows", "a timeout that cancels"),
        *("no error", "an error that holds", "an error that allows", "the error first", "the timeout first"),
    ],
)
def test_time_decides_at_the_first_deadline(told: JiraDeployment, wanted: int | None) -> None:
    assert deadline_ms(told, error_after_ms=ERROR_AFTER_MS) == wanted
    if wanted is not None:
        assert is_undecided(after(told, Trouble("503"), wanted - 1))
        assert not is_undecided(after(told, Trouble("503"), wanted))


# Whatever is heard, in whatever order

_said = st.builds(
    Said,
    st.sampled_from(["allowed", "prevented", "awaiting", "invalid", "expired", "", "Allowed"]) | st.text(max_size=8),
    st.sampled_from(["", ISSUE]),
)
_heard = st.one_of(st.none(), _said, st.builds(Trouble, st.text(max_size=8)))
_answer = st.builds(
    Answer,
    st.sampled_from(["override", "approve", "refuse"]),
    st.sampled_from([HOLD, OTHER_HOLD]),
    st.text(min_size=1, max_size=8),
    st.sampled_from(["", "alice"]),
)
_terms = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["Jira", "Manual"]),
        "enforcement": st.sampled_from(["Pause", "Endpoint"]),
        "timeout_seconds": st.none() | st.integers(1, 600),
        "on_timeout": st.sampled_from(["Hold", "Allow", "Cancel"]),
        "on_error": st.sampled_from(["Hold", "Allow"]),
        "on_prevented": st.sampled_from(["Hold", "Cancel"]),
    }
)
_acts = st.lists(st.tuples(st.one_of(_heard, _answer), st.integers(0, 200_000)), max_size=10)


@dataclass
class Life:
    """What has been told to one gate."""

    now: JiraDeployment
    now_ms: int = NOW_MS

    def act(self, what: Heard | Answer, passed_ms: int) -> None:
        self.now_ms += passed_ms
        if isinstance(what, Answer):
            self.now = answered(self.now, what, now_ms=self.now_ms)
        else:
            self.now = after(self.now, what, self.now_ms)


@given(_terms, _acts)
def test_r6_nothing_but_an_allow_an_answer_or_a_deadline_that_allows_lets_a_rollout_go(
    terms: dict[str, Any], acts: list[tuple[Heard | Answer, int]]
) -> None:
    life = Life(held(**terms))
    for what, passed_ms in acts:
        before = life.now
        life.act(what, passed_ms)
        is_allowed = (life.now.status.gate or GateStanding()).decision == YES
        if not is_allowed or (before.status.gate or GateStanding()).decision == YES:
            continue
        standing = standing_of(life.now)
        waited_ms = life.now_ms - NOW_MS
        match standing.reason:
            case "AllowedByJira":
                assert isinstance(what, Said)
                assert what.word == "allowed"
            case "Overridden":
                assert isinstance(what, Answer)
                assert (what.kind, what.hold) == ("override", HOLD)
            case "Approved":
                assert isinstance(what, Answer)
                assert (what.kind, what.hold, terms["mode"]) == ("approve", HOLD, "Manual")
            case "TimeoutAllowed":
                assert terms["on_timeout"] == "Allow"
                assert waited_ms >= 1000 * terms["timeout_seconds"]
            case "ErrorAllowed":
                assert terms["on_error"] == "Allow"
                assert not isinstance(what, Said) or what.word not in UNDERSTOOD
                assert waited_ms >= ERROR_AFTER_MS
            case other:
                raise AssertionError(other)


@given(_terms, _acts)
def test_r6_what_is_decided_stays_so_but_for_an_override_of_a_no(
    terms: dict[str, Any], acts: list[tuple[Heard | Answer, int]]
) -> None:
    life = Life(held(**terms))
    for what, passed_ms in acts:
        before = life.now.status.gate
        life.act(what, passed_ms)
        now = life.now.status.gate
        if before is None or before.decision is None:
            continue
        if before != now:
            assert isinstance(what, Answer)
            assert (what.kind, before.decision) == ("override", NO)


@given(_terms, _acts, _heard)
def test_r3_the_same_heard_again_is_no_news(
    terms: dict[str, Any], acts: list[tuple[Heard | Answer, int]], heard: Heard
) -> None:
    life = Life(held(**terms))
    for what, passed_ms in acts:
        life.act(what, passed_ms)
    once = after(life.now, heard, life.now_ms)

    assert after(once, heard, life.now_ms) == once


@given(_terms, _acts)
def test_r2_numbers_rise_and_a_refusal_is_told_once(
    terms: dict[str, Any], acts: list[tuple[Heard | Answer, int]]
) -> None:
    life = Life(held(**terms))
    for what, passed_ms in acts:
        life.act(what, passed_ms)

    numbers = [each.update_sequence_number for each in life.now.status.transitions]
    assert numbers == sorted(set(numbers))
    assert [each.state for each in life.now.status.transitions] in (
        [State.PENDING],
        [State.PENDING, State.CANCELLED],
    )


@given(_terms, _acts)
def test_r1_a_stop_between_two_looks_loses_nothing(
    terms: dict[str, Any], acts: list[tuple[Heard | Answer, int]]
) -> None:
    """What is remembered is the record alone."""
    life, reborn = Life(held(**terms)), Life(held(**terms))
    for what, passed_ms in acts:
        for each in (life, reborn):
            each.act(what, passed_ms)
        stored = {**reborn.now.to_object(), "status": reborn.now.status_object()}
        reborn.now = JiraDeployment.from_object(stored)

    assert reborn.now.status == life.now.status


def test_a_refusal_keeps_what_was_appended_meanwhile() -> None:
    """Its issues changed while Jira was asked."""
    waits = held()
    amended = append(
        waits,
        state=State.PENDING,
        reason="AssociationsChanged",
        message="",
        associations=waits.status.associations,
        now_ms=NOW_MS + 1,
    )

    refused = after(amended, Said("prevented"))

    assert [each.state for each in refused.status.transitions] == [State.PENDING, State.PENDING, State.CANCELLED]


# Rollouts that nobody decided on


@pytest.mark.parametrize(
    ("told", "step", "condition"),
    [
        pytest.param(
            held(),
            Advance(1, State.CANCELLED, "ReplacedByNewVersion", "a newer version replaced it"),
            ("False", "ReplacedByNewVersion", "a newer version replaced it"),
            id="overtaken",
        ),
        pytest.param(
            held(),
            Advance(1, State.IN_PROGRESS, "NewVersion", "the workload goes to a new version"),
            ("True", "Undecided", "it went on though nobody had decided"),
            id="let go all the same",
        ),
        pytest.param(record(transition(1)), Advance(1, State.CANCELLED, "x", ""), None, id="not gated"),
        pytest.param(held(hold=""), Advance(1, State.SUCCESSFUL, "x", ""), None, id="never held"),
        pytest.param(
            held(standing=GateStanding(decision="Refused")),
            Advance(1, State.CANCELLED, "x", ""),
            None,
            id="decided",
        ),
    ],
)
def test_r10_a_gate_that_is_over_without_a_decision_says_so(
    told: JiraDeployment, step: Advance, condition: tuple[str, str, str] | None
) -> None:
    now = ended(told, step, now_ms=EARLY_MS)

    if condition is None:
        assert now is told
        return
    found = allowed_of(now)
    assert (found.status, found.reason, found.message) == condition
    assert now.status.transitions == told.status.transitions
