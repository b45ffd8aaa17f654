"""R6: a hold is what stands on the workload, annotation and pause together, and an answer opens one hold only."""

from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.annotations import APPROVE, DECIDED_BY, HOLD, KNOWN, OVERRIDE, REFUSE
from jira_deployment_operator.api.hold import Answer, AnswerKind, Hold, annotation_for, answer_of, hold_id, in_force
from tests.unit import samples
from tests.unit.samples import UID

ID: Final = "5d4cbe5c-7"


def test_an_id_names_the_object_and_the_generation_of_what_is_held() -> None:
    assert hold_id(UID, 7) == ID


@pytest.mark.parametrize(
    ("value", "hold"),
    [
        (ID, Hold(ID)),
        (f"{ID} paused", Hold(ID, keeps_paused=True)),
        (f"{ID} leaked", Hold(ID, leaked=True)),
        (f"{ID} paused leaked", Hold(ID, keeps_paused=True, leaked=True)),
        (f" {ID}\tleaked  paused\n", Hold(ID, keeps_paused=True, leaked=True)),
        ("first", Hold("5d4cbe5c-1")),
        ("first paused", Hold("5d4cbe5c-1", keeps_paused=True)),
        (f"{ID} of a newer operator", Hold(ID)),
        ("paused", Hold("paused")),
        ("", None),
        (" \n", None),
    ],
)
def test_the_annotation_is_read(value: str, hold: Hold | None) -> None:
    assert Hold.parse(value, uid=UID) == hold


@given(st.booleans(), st.booleans())
def test_what_is_written_is_read_back(keeps_paused: bool, leaked: bool) -> None:
    hold = Hold(ID, keeps_paused=keeps_paused, leaked=leaked)

    assert Hold.parse(str(hold), uid=UID) == hold


@pytest.mark.parametrize(
    ("annotations", "paused", "held"),
    [
        ({HOLD: ID}, True, True),
        ({HOLD: ID}, False, False),
        ({HOLD: ID}, None, False),
        ({HOLD: ID}, "true", False),
        ({HOLD: ""}, True, False),
        ({}, True, False),
        (None, True, False),
    ],
    ids=["both", "not paused", "no pause", "a word", "an empty one", "only paused", "no annotations"],
)
def test_a_hold_is_in_force_only_with_its_pause(annotations: Any, paused: Any, held: bool) -> None:
    body = samples.deployment()
    body["metadata"]["annotations"] = annotations
    if paused is not None:
        body["spec"]["paused"] = paused

    assert in_force(body) == (Hold(ID) if held else None)


def test_at_the_creation_of_a_workload_its_uid_is_not_known_yet() -> None:
    body = samples.deployment(paused=True, annotations={HOLD: "first"})
    del body["metadata"]["uid"]

    assert in_force(body) == Hold("-1")


# Answers


@pytest.mark.parametrize("kind", get_args(AnswerKind))
def test_each_answer_has_an_annotation_that_people_may_write(kind: AnswerKind) -> None:
    assert annotation_for(kind) in KNOWN
    assert answer_of({annotation_for(kind): f"{ID} pager 123"}, ID) == Answer(kind, ID, "pager 123")


@pytest.mark.parametrize(
    "value",
    [
        "",
        ID,
        f"{ID} ",
        f"{ID}\n\u2003",
        "pager 123",
        f"pager {ID}",
        "5d4cbe5c-8 pager",
        "5d4cbe5c-77 pager",
        "5d4cbe5-7 pager",
        f"{ID}: pager",
        "first pager",
        "yes",
    ],
)
def test_r6_without_the_id_or_without_a_reason_nothing_is_answered(value: str) -> None:
    assert answer_of({OVERRIDE: value, APPROVE: value, REFUSE: value}, ID) is None


def test_a_reason_is_one_line() -> None:
    answer = answer_of({OVERRIDE: f" {ID}\t the\n  pager\u2003rings "}, ID)

    assert answer == Answer("override", ID, "the pager rings")


@pytest.mark.parametrize(
    ("annotations", "kind"),
    [
        ({APPROVE: f"{ID} a", REFUSE: f"{ID} r", OVERRIDE: f"{ID} o"}, "override"),
        ({APPROVE: f"{ID} a", REFUSE: f"{ID} r"}, "refuse"),
        ({APPROVE: f"{ID} a", REFUSE: "5d4cbe5c-6 r", OVERRIDE: "5d4cbe5c-6 o"}, "approve"),
    ],
)
def test_of_several_the_override_counts_and_no_before_yes(annotations: dict[str, str], kind: str) -> None:
    answer = answer_of(annotations, ID)

    assert answer is not None
    assert answer.kind == kind


@pytest.mark.parametrize(
    ("stamp", "by"),
    [
        (f"{ID} alice", "alice"),
        (f"{ID} system:serviceaccount:ci:bot", "system:serviceaccount:ci:bot"),
        ("5d4cbe5c-6 alice", ""),
        ("alice", ""),
        (ID, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_who_it_was_is_told_by_the_stamp_of_that_hold_only(stamp: str | None, by: str) -> None:
    stamped = {} if stamp is None else {DECIDED_BY: stamp}

    assert answer_of({OVERRIDE: f"{ID} pager", **stamped}, ID) == Answer("override", ID, "pager", by)


@given(st.text(), st.text(), st.text())
def test_r6_only_the_right_id_answers(override: str, stamp: str, hold: str) -> None:
    answer = answer_of({OVERRIDE: override, DECIDED_BY: stamp}, hold)

    if answer is not None:
        assert override.split(maxsplit=1)[0] == hold
        assert answer.reason.strip()


def test_r6_the_empty_id_of_a_rollout_that_went_on_unheld_cannot_be_answered() -> None:
    assert answer_of({OVERRIDE: " reason given"}, "") is None
