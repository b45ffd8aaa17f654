"""R6, R10: whoever is held reads why, by whom, and one command that opens the hold, whatever else there is to say."""

import json
import shlex
from typing import Final, get_args

import pytest

from jira_deployment_operator.api.annotations import APPROVE, OVERRIDE, REFUSE
from jira_deployment_operator.api.conditions import MESSAGE_MAX
from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.hold import AnswerKind, annotation_for, answer_of
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.gating import words
from jira_deployment_operator.gating.decisions import Said, answered, judged
from tests.unit.gating.held import HOLD, ISSUE, LINK, held
from tests.unit.samples import NOW_MS

PATCH: Final = (
    "kubectl patch deployment/web -n shop --type=merge "
    '-p \'{"metadata":{"annotations":{"jira-operator.dev/override":"5d4cbe5c-2 REASON"}},"spec":{"paused":null}}\''
)
OVERRIDE_WORDS: Final = (
    f"to override: jira-deployment-operator release deployment/web -n shop --reason REASON, or {PATCH}"
)


def patch_of(command: str) -> dict[str, dict[str, object]]:
    """Return the patch in a command, read as a shell reads it."""
    (given,) = [words_[1] for words_ in [shlex.split(command)[-2:]] if words_[0] == "-p"]
    patch: dict[str, dict[str, object]] = json.loads(given)
    return patch


def test_r6_an_override_is_one_command_that_needs_neither_the_operator_nor_its_command_line() -> None:
    assert words.answer_command("override", "deployment/web", "shop", HOLD) == PATCH


@pytest.mark.parametrize("kind", get_args(AnswerKind))
@pytest.mark.parametrize("reason", ["pager 123", 'it\'s "down"', "$(reboot) `x` \\ ; \n", "\u00e4"])
def test_r8_a_reason_is_given_as_it_stands_whatever_is_in_it(kind: AnswerKind, reason: str) -> None:
    patch = patch_of(words.answer_command(kind, "deployment/web", "shop", HOLD, reason))

    assert patch == words.answer_patch(kind, HOLD, reason)
    annotations = patch["metadata"]["annotations"]
    assert isinstance(annotations, dict)
    answer = answer_of(annotations, HOLD)
    assert answer is not None
    assert (answer.kind, answer.reason) == (kind, " ".join(reason.split()))


@pytest.mark.parametrize(("kind", "key"), [("override", OVERRIDE), ("approve", APPROVE), ("refuse", REFUSE)])
def test_only_an_override_lifts_the_pause_itself(kind: AnswerKind, key: str) -> None:
    patch = words.answer_patch(kind, HOLD, "because")

    assert annotation_for(kind) == key
    assert patch["metadata"] == {"annotations": {key: f"{HOLD} because"}}
    assert patch.get("spec") == ({"paused": None} if kind == "override" else None)


def test_what_waits_at_the_endpoint_is_not_paused_so_nothing_is_lifted() -> None:
    assert "spec" not in words.answer_patch("override", "5d4cbe5c-e2", "because")


def test_r10_a_held_rollout_says_who_is_asked_by_whose_wish_and_how_to_override() -> None:
    assert words.held(held()) == f"version 1.0 is held until Jira allows it (link web); {OVERRIDE_WORDS}"


def test_the_change_request_is_named_once_it_is_known() -> None:
    asked = judged(held(), Said("awaiting", ISSUE, LINK), error_after_ms=0, now_ms=NOW_MS)

    assert f"(link web); {ISSUE} {LINK}; to override" in words.held(asked)


def test_where_people_are_asked_they_read_how_to_answer() -> None:
    text = words.held(held(mode="Manual"))

    assert "is held until somebody approves it (link web)" in text
    assert "; to approve: jira-deployment-operator approve deployment/web -n shop --reason REASON; " in text


def test_a_hold_that_came_late_says_that_pods_may_exist() -> None:
    assert "; the hold came late, so pods of this version may exist" in words.held(held(leaked=True))


def test_a_version_without_a_label_is_called_by_its_hash() -> None:
    assert words.held(held(spec={"label": None})).startswith(f"version {'a' * 12} is held")


def test_what_has_happened_comes_first() -> None:
    assert words.held(held(), since="site acme: 503").startswith("site acme: 503; version 1.0 is held until")


def refused(reason: str = "too risky") -> JiraDeployment:
    standing = GateStanding(decision="Refused", reason="Refused", message=reason, by="alice")
    return held(mode="Manual", standing=standing)


def test_a_decision_says_by_whom_and_why() -> None:
    allowed = judged(held(), Said("allowed", ISSUE, LINK), error_after_ms=0, now_ms=NOW_MS)

    assert words.decided(allowed) == "version 1.0 may go on: AllowedByJira: CHG-7 allows it"
    assert words.decided(refused()) == (
        "version 1.0 is refused and stays held: Refused by alice: too risky; "
        f"apply another version, or {OVERRIDE_WORDS}"
    )


def test_an_override_names_who_it_was() -> None:
    answer = answer_of({OVERRIDE: f"{HOLD} pager", "jira-operator.dev/decided-by": f"{HOLD} bob"}, HOLD)
    assert answer is not None

    text = words.decided(answered(held(), answer, now_ms=NOW_MS))

    assert text == "version 1.0 may go on: Overridden by bob: pager"


@pytest.mark.parametrize(
    "text",
    [
        words.held(held(standing=GateStanding(issue_key=ISSUE, issue_link="https://a.example/" + "a" * 1900))),
        words.held(held(), since="x" * 2000),
        words.held(held(source="link " + "a" * 253, mode="Manual"), since="x" * 2000),
        words.decided(refused("x" * 1024)),
    ],
    ids=["a long address", "a long trouble", "long names", "a long reason"],
)
def test_r6_how_to_override_is_never_cut_off(text: str) -> None:
    assert text.endswith(OVERRIDE_WORDS)
    assert len(text) <= MESSAGE_MAX


def test_the_longest_names_leave_room_for_both_ways() -> None:
    names = {"workload": held().spec.workload.model_copy(update={"name": "a" * 253})}
    far = held(spec=names).model_copy(update={"namespace": "b" * 63})

    text = words.held(far, since="x" * 2000)

    assert text.endswith('"spec":{"paused":null}}\'')
    assert len(text) <= MESSAGE_MAX


def test_an_answer_that_does_not_count_here_says_what_does() -> None:
    assert OVERRIDE in words.STRAY_ANSWER
    assert APPROVE in words.STRAY_ANSWER
