"""A gate in Jira: the command that opens it, what Jira says of it, and the decision that Jira is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.states import State
from jira_deployment_operator.jira.answers import WORD_MAX, GatingStatus
from jira_deployment_operator.jira.decisions import with_decision
from jira_deployment_operator.jira.payload import INITIATE_GATING, deployment_data, submit_request
from tests.unit.jira.gates import gated
from tests.unit.jira_schema import faults_of_submit, needs_schema
from tests.unit.samples import record, transition

ALLOWED = GateStanding(decision="Allowed", reason="AllowedByJira", issue_key="OPS-9001")
OVERRIDDEN = GateStanding(decision="Allowed", reason="Overridden", by="alice", message="pager 123")
DESCRIPTION = "Deployment shop/web to 1.0"
COMMAND = [{"command": "initiate_deployment_gating"}]

D1: dict[str, Any] = {
    "gatingStatus": "awaiting",
    "updatedTimestamp": "2020-08-16T16:08:13.814+00:00",
    "details": [
        {
            "type": "issue",
            "issueKey": "CT-40",
            "issueLink": "https://site.atlassian.net/servicedesk/customer/portal/4/CT-40",
        }
    ],
    "pipelineId": "e9c906a7-451f-4fa6-ae1a-c389e2e2d87c",
    "environmentId": "8ec94d72-a4fc-4ac0-b31d-c5a595f373ba",
    "deploymentSequenceNumber": 100,
}


def read(**changes: Any) -> GatingStatus:
    return GatingStatus.model_validate_json(json.dumps({**D1, **changes}))


def detail(**changes: Any) -> GatingStatus:
    return read(details=[{**D1["details"][0], **changes}])


# What Jira says


def test_a_gating_status_is_read_as_it_was_seen() -> None:
    """Fixture D1."""
    assert read().status == "awaiting"
    assert read().updated == "2020-08-16T16:08:13.814+00:00"
    assert read().issue_key == "CT-40"
    assert read().issue_link == "https://site.atlassian.net/servicedesk/customer/portal/4/CT-40"


@pytest.mark.parametrize("word", ["allowed", "prevented", "awaiting", "invalid", "expired", "unknown", "Allowed", "é"])
def test_every_word_survives_known_or_not(word: str) -> None:
    """R6: an unknown word is no answer, and a person must see which one it was."""
    assert read(gatingStatus=word).status == word


@pytest.mark.parametrize("said", [None, "", " ", 1, True, ["allowed"], {"gatingStatus": "allowed"}], ids=repr)
def test_what_is_no_word_is_none(said: Any) -> None:
    assert read(gatingStatus=said).status == ""


def test_only_jiras_own_name_holds_the_word() -> None:
    assert GatingStatus.model_validate({"status": "allowed", "gating_status": "allowed"}).status == ""


def test_a_word_is_kept_to_one_short_printable_line() -> None:
    assert read(gatingStatus="a\n\u001b[31mb\u0000c").status == "a [31mb c"
    assert read(gatingStatus="x" * 1000).status == "x" * WORD_MAX


def test_nothing_need_be_said() -> None:
    nothing = GatingStatus.model_validate_json("{}")
    nulls = GatingStatus.model_validate(dict.fromkeys(D1))

    assert nothing == nulls
    assert (nothing.status, nothing.updated, nothing.issue_key, nothing.issue_link) == ("", None, None, None)


@pytest.mark.parametrize("said", ["yesterday", 7, "2020-08-16", "2020-08-16T16:08:13." + "1" * 99 + "Z"])
def test_a_time_that_is_none_is_left_out(said: Any) -> None:
    assert read(updatedTimestamp=said).updated is None
    assert read(updatedTimestamp=said).status == "awaiting"


def test_both_forms_of_a_time_are_read() -> None:
    assert read(updatedTimestamp="2020-08-25T06:04:50.239Z").updated == "2020-08-25T06:04:50.239Z"


@pytest.mark.parametrize(
    "details",
    [None, [], {}, "x", [None, 1, []], [{"type": "approval", "issueKey": "X-1", "issueLink": "https://x.example/"}]],
    ids=repr,
)
def test_details_that_name_no_issue_are_left_out(details: Any) -> None:
    assert (read(details=details).issue_key, read(details=details).issue_link) == (None, None)


def test_the_first_issue_is_the_one() -> None:
    details = [None, {"type": "approval"}, {"issueKey": "OPS-1"}, {"type": "issue", "issueKey": "OPS-2"}]

    assert read(details=details).issue_key == "OPS-1"


@pytest.mark.parametrize(
    "said", [None, "", 7, "OPS", "OPS-", "OPS-1 ", "OPS-1\n", "<b>-1", "É-1", "O" * 254 + "-1", "OPS-" + "1" * 255]
)
def test_an_issue_key_that_is_none_costs_only_itself(said: Any) -> None:
    assert detail(issueKey=said).issue_key is None
    assert detail(issueKey=said).issue_link is not None


@pytest.mark.parametrize(
    "said",
    [
        *(None, "", 7, "/browse/OPS-1", "//x.example/", "ftp://x.example/", "javascript:alert(1)", "https:///x"),
        *("https://x.example/a b", "https://x.example/\n", "https://x.example/é", "https://[x/"),
        "https://x.example/" + "x" * 2000,
    ],
    ids=lambda said: repr(said)[:40],
)
def test_a_link_that_is_none_costs_only_itself(said: Any) -> None:
    """R10: what Jira says is shown to people and followed by them."""
    assert detail(issueLink=said).issue_link is None
    assert detail(issueLink=said).issue_key == "CT-40"


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "issueKey", "issueLink", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(word=_json, updated=_json, details=_json)
def test_whatever_stands_in_its_fields_the_answer_is_read(*, word: Any, updated: Any, details: Any) -> None:
    told = GatingStatus.model_validate({"gatingStatus": word, "updatedTimestamp": updated, "details": details})

    assert len(told.status) <= WORD_MAX
    assert told.issue_link is None or told.issue_link.isascii()


# The command


def item_of(told: Any) -> Any:
    item = deployment_data(told, told.due[0])
    return submit_request([item], properties={"cluster": "east"}, product="operator/1")["deployments"][0]


@pytest.mark.parametrize("state", State)
def test_only_a_pending_rollout_asks_for_a_gate(state: State) -> None:
    """R2: Jira refuses the command with any other state."""
    assert item_of(gated(state)).get("commands") == (COMMAND if state is State.PENDING else None)


@pytest.mark.parametrize("standing", [None, GateStanding()])
def test_a_gate_without_a_decision_is_asked_for(standing: GateStanding | None) -> None:
    assert item_of(gated(State.PENDING, standing=standing))["commands"] == COMMAND


@pytest.mark.parametrize("standing", [ALLOWED, OVERRIDDEN, GateStanding(decision="Refused", reason="PreventedByJira")])
def test_a_gate_that_is_decided_is_not_opened_again(standing: GateStanding) -> None:
    """R2: a stale command is never sent."""
    assert "commands" not in item_of(gated(State.PENDING, standing=standing))


def test_a_gate_that_jira_has_opened_is_not_opened_again() -> None:
    """Issues that are named during the hold make its state told once more; a second change request must not follow."""
    standing = GateStanding(status="awaiting", issue_key="OPS-9001")
    assert "commands" not in item_of(gated(State.PENDING, standing=standing))


def test_jira_is_not_asked_where_nobody_wants_it_to_be() -> None:
    ungated = record(transition(7, State.PENDING))

    assert "commands" not in item_of(gated(State.PENDING, mode="Manual"))
    assert "commands" not in item_of(ungated)


def test_the_command_is_the_one_jira_knows() -> None:
    assert COMMAND[0]["command"] == INITIATE_GATING


@needs_schema
@pytest.mark.parametrize("standing", [None, ALLOWED, OVERRIDDEN])
@pytest.mark.parametrize("state", State)
def test_gated_rollouts_are_sent_as_jiras_schema_wants_it(state: State, standing: GateStanding | None) -> None:
    told = gated(state, standing=standing)
    body = submit_request([deployment_data(told, told.due[0])], properties={"cluster": "east"}, product="operator/1")

    assert faults_of_submit(body) == []


# The decision


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (OVERRIDDEN, "(override by alice: pager 123)"),
        (GateStanding(decision="Allowed", reason="Overridden", message="pager 123"), "(override: pager 123)"),
        (GateStanding(decision="Allowed", reason="Overridden", by="alice"), "(override by alice)"),
        (GateStanding(decision="Allowed", reason="Approved", by="bob", message="tested"), "(approved by bob: tested)"),
        (GateStanding(decision="Refused", reason="Refused", by="bob", message="no"), "(refused by bob: no)"),
        (ALLOWED, "(allowed in Jira: OPS-9001)"),
        (
            GateStanding(decision="Refused", reason="PreventedByJira", issue_key="OPS-2", message="long"),
            "(prevented in Jira: OPS-2)",
        ),
        (GateStanding(decision="Refused", reason="ExpiredAtJira", issue_key="OPS-2"), "(expired in Jira: OPS-2)"),
        (GateStanding(decision="Allowed", reason="AllowedByJira", message="by a change"), "(by a change)"),
        (GateStanding(decision="Allowed", reason="TimeoutAllowed", message="no answer in 24h"), "(no answer in 24h)"),
        (GateStanding(decision="Allowed", reason="ErrorAllowed"), "(ErrorAllowed)"),
        (GateStanding(decision="Refused"), "(Refused)"),
    ],
)
def test_jira_is_told_who_decided_and_why(standing: GateStanding, said: str) -> None:
    """R6: an override is told to Jira."""
    told = gated(State.IN_PROGRESS, standing=standing)

    assert item_of(told)["description"] == f"{DESCRIPTION} {said}"


@pytest.mark.parametrize("state", State)
def test_a_decision_is_told_from_when_the_rollout_no_longer_waits(state: State) -> None:
    decided = with_decision(DESCRIPTION, state, OVERRIDDEN)

    assert ("override" in decided) == (state is not State.PENDING)


@pytest.mark.parametrize("gate", [None, GateStanding(), GateStanding(status="awaiting", message="waits")])
def test_without_a_decision_a_description_stays_right_or_wrong(gate: GateStanding | None) -> None:
    assert with_decision(" x\n" * 200, State.FAILED, gate) == " x\n" * 200


def test_the_decision_is_kept_where_both_do_not_fit() -> None:
    standing = GateStanding(decision="Allowed", reason="Overridden", by="a" * 300, message="pager\n123")

    assert with_decision("x" * 255, State.IN_PROGRESS, OVERRIDDEN) == f"{'x' * 223}… (override by alice: pager 123)"
    assert with_decision("short", State.IN_PROGRESS, standing).endswith("a…)")


@given(st.text(max_size=600), st.text(max_size=600), st.text(max_size=600), st.sampled_from(["Overridden", "Other"]))
def test_no_decision_breaks_jiras_bound(description: str, by: str, message: str, reason: str) -> None:
    standing = GateStanding(decision="Allowed", reason=reason, by=by, message=message)

    assert 0 < len(with_decision(description, State.SUCCESSFUL, standing)) <= 255
