"""Jira's answer, read for each delivery: accepted, rejected with words, or not spoken of at all."""

from collections.abc import Sequence
from typing import Any

import pytest

from jira_deployment_operator.api.states import Delivery as DeliveryState
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.answers import SubmitAnswer
from jira_deployment_operator.ledger.ledger import key_of
from jira_deployment_operator.reporting.answers import outcomes_of, read
from jira_deployment_operator.reporting.outbox import Delivery
from jira_deployment_operator.tracking.transitions import Outcome
from tests.unit.samples import record, transition

ACCEPTED, REJECTED = DeliveryState.ACCEPTED, DeliveryState.REJECTED


def delivery(name: str, *superseded: int, issue_keys: tuple[str, ...] = ("SHOP-1",)) -> Delivery:
    newest = max(superseded, default=0) + 1
    told = record(*(transition(number) for number in (*superseded, newest)), name=name, issue_keys=issue_keys)
    return Delivery(key_of(told), told, told.due[-1], told.due[:-1])


WEB, API = delivery("web"), delivery("api", issue_keys=("SHOP-1", "UTF-8", "GONE-9"))


def key(of: Delivery) -> dict[str, Any]:
    spec = of.record.spec
    return {
        "pipelineId": spec.pipeline.id,
        "environmentId": spec.environment.id,
        "deploymentSequenceNumber": spec.deployment_sequence_number,
    }


def answer(
    accepted: Sequence[Delivery] = (), rejected: Sequence[tuple[Delivery, str]] = (), unknown: Sequence[str] = ()
) -> SubmitAnswer:
    return SubmitAnswer.model_validate(
        {
            "acceptedDeployments": [key(each) for each in accepted],
            "rejectedDeployments": [{"key": key(each), "errors": [{"message": words}]} for each, words in rejected],
            "unknownIssueKeys": list(unknown),
        }
    )


UNKNOWN = "Jira does not know UTF-8, GONE-9"


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [
        pytest.param(answer([WEB, API]), {WEB: Outcome(ACCEPTED), API: Outcome(ACCEPTED)}, id="all-accepted"),
        pytest.param(
            answer([API], [(WEB, "No valid associations found for deployment")]),
            {WEB: Outcome(REJECTED, "No valid associations found for deployment"), API: Outcome(ACCEPTED)},
            id="B3-one-rejected",
        ),
        pytest.param(answer([WEB]), {WEB: Outcome(ACCEPTED)}, id="one-left-out"),
        pytest.param(answer(), {}, id="nothing-said"),
        pytest.param(
            answer([WEB, API], unknown=["UTF-8", "GONE-9", "OTHER-1"]),
            {WEB: Outcome(ACCEPTED), API: Outcome(ACCEPTED, UNKNOWN)},
            id="unknown-keys-are-told-where-they-were-named",
        ),
        pytest.param(
            answer([WEB], [(API, "No valid issues")], unknown=["UTF-8", "GONE-9"]),
            {WEB: Outcome(ACCEPTED), API: Outcome(REJECTED, f"No valid issues ({UNKNOWN})")},
            id="rejected-for-unknown-keys",
        ),
        pytest.param(
            answer([WEB], [(WEB, "no")]),
            {WEB: Outcome(REJECTED, "no")},
            id="said-both-ways-reads-as-a-refusal",
        ),
    ],
)
def test_what_an_answer_means_for_each_delivery(said: SubmitAnswer, outcomes: dict[Delivery, Outcome]) -> None:
    assert read(said, [WEB, API]) == outcomes


def test_an_answer_about_others_says_nothing_about_ours() -> None:
    assert read(answer([API], [(API, "x")]), [WEB]) == {}


def test_one_answer_settles_what_it_superseded_too() -> None:
    sent = delivery("web", 1, 2)

    outcomes = outcomes_of(sent, Outcome(ACCEPTED))

    overtaken = Outcome(DeliveryState.SUPERSEDED, f"overtaken by {State.IN_PROGRESS} while Jira was not reachable")
    assert outcomes == {1: overtaken, 2: overtaken, 3: Outcome(ACCEPTED)}
