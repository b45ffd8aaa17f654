"""R6: what waits for another tool's question is recorded as waiting until it is allowed, and then until it moves."""

from dataclasses import replace
from typing import Any

import pytest

from jira_deployment_operator.api.gate import GateStanding, GateTerms
from jira_deployment_operator.api.hold import Hold, endpoint_id, hold_id, is_at_endpoint
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.record import JiraDeployment, Opening
from jira_deployment_operator.api.states import State
from jira_deployment_operator.gating.demand import Demand, demand_of
from jira_deployment_operator.gating.verdicts import Leaked, at_endpoint, leaked, waiting_under
from jira_deployment_operator.ledger.ledger import summary
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.tracking.rollouts import Advance, Open, Rollout, follow
from jira_deployment_operator.workloads import deployment
from jira_deployment_operator.workloads.observation import Observation, Phase
from tests.unit import samples
from tests.unit.simulation import link_body

NEW = "b" * 64
RAN = Rollout(1, samples.UID, samples.VERSION, State.SUCCESSFUL)


def settings(mechanism: str = "Policy", *, endpoint: bool = True) -> Settings:
    return samples.settings(gating={"mechanism": mechanism, "endpoint": {"enabled": endpoint}})


def a_link(name: str = "web", **gate: Any) -> JiraDeploymentLink:
    return JiraDeploymentLink.from_object(link_body(name, gate={"mode": "Jira", **gate}))


AT_ENDPOINT = a_link(enforcement="Endpoint")


def demanded(
    *links: JiraDeploymentLink, of: Observation | None = None, by: Settings | None = None, **namespace: dict[str, str]
) -> Demand | None:
    chosen = Chosen(links[0], links[1:]) if links else Chosen()
    return demand_of(
        of or seen(),
        chosen,
        namespace_annotations=namespace.get("annotations", {}),
        namespace_labels=namespace.get("labels", {}),
        settings=(by or settings()).gating,
    )


def seen(phase: Phase = Phase.PROGRESSING, version: str = NEW, **changes: Any) -> Observation:
    return replace(samples.observation(phase, version=version), generation=4, **changes)


def record(*states: State, decision: Any = None, hold: str = "5d4cbe5c-e4") -> JiraDeployment:
    made = samples.record(
        *(samples.transition(number, state) for number, state in enumerate(states, start=1)),
        ordinal=2,
        version=NEW,
        gate=GateTerms(mode="Jira", enforcement="Endpoint", hold=hold, source="link web"),
        opening=Opening(state=State.PENDING, reason="Gated", message=""),
    )
    return made.model_copy(update={"status": made.status.model_copy(update={"gate": GateStanding(decision=decision)})})


def looked(
    newest: JiraDeployment | None, of: Observation, demand: Demand | None, *, allowed: bool = False
) -> Observation:
    rollouts = [RAN, summary(newest)] if newest else [RAN]
    return at_endpoint(rollouts, of, demand, allowed=allowed, waiting_under=waiting_under(newest, of))


def test_the_id_is_told_from_every_holds() -> None:
    assert endpoint_id(samples.UID, 4) == "5d4cbe5c-e4"
    assert is_at_endpoint(endpoint_id(samples.UID, 4))
    assert not is_at_endpoint(hold_id(samples.UID, 4))
    assert not is_at_endpoint(hold_id("eeeeeeee-1", 4))
    assert not is_at_endpoint("")


@pytest.mark.parametrize("phase", [Phase.PROGRESSING, Phase.UNOBSERVED, Phase.PAUSED, Phase.FAILED, Phase.ABORTED])
def test_a_new_version_waits(phase: Phase) -> None:
    found = looked(None, seen(phase), demanded(AT_ENDPOINT))

    assert (found.phase, found.hold_id) == (Phase.HELD, "5d4cbe5c-e4")
    assert follow([RAN], found) == (Open(State.PENDING, found.reason, found.message),)
    terms = demanded(AT_ENDPOINT)
    assert terms is not None
    assert terms.terms(found.hold_id).enforcement == "Endpoint"


def test_it_waits_under_the_same_id_whatever_else_changes_in_the_workload() -> None:
    newest = record(State.PENDING)
    found = looked(newest, replace(seen(), generation=9), demanded(AT_ENDPOINT))

    assert found.hold_id == "5d4cbe5c-e4"
    assert follow([RAN, summary(newest)], found) == ()


def test_it_waits_on_though_the_link_was_deleted_or_asks_no_more() -> None:
    """Whoever may delete a link must not be able to allow a rollout by that."""
    newest = record(State.PENDING)
    for demand in (None, demanded(a_link(mode="Off"))):
        assert looked(newest, seen(), demand).phase is Phase.HELD


def test_once_allowed_it_is_followed_again() -> None:
    newest = record(State.PENDING, decision="Allowed")
    found = looked(newest, seen(), demanded(AT_ENDPOINT), allowed=True)

    assert [step.state for step in follow([RAN, summary(newest)], found) if isinstance(step, Advance)] == [
        State.IN_PROGRESS
    ]


def test_a_refused_version_stays_refused() -> None:
    newest = record(State.PENDING, State.CANCELLED, decision="Refused")
    found = looked(newest, replace(seen(), generation=9), demanded(AT_ENDPOINT))

    assert found.phase is Phase.HELD
    assert follow([RAN, summary(newest)], found) == ()


def test_a_version_that_was_given_up_and_is_wanted_again_waits_anew() -> None:
    newest = record(State.PENDING, State.CANCELLED)
    found = looked(newest, replace(seen(), generation=9), demanded(AT_ENDPOINT))

    assert found.hold_id == "5d4cbe5c-e9"
    assert [type(step) for step in follow([RAN, summary(newest)], found)] == [Open]


def test_flaggers_target_has_no_pods_and_is_complete_at_once_but_waits_all_the_same() -> None:
    """Flagger keeps its target at zero, where each new version is complete as soon as it is seen."""
    body = samples.deployment(replicas=0, progressing="NewReplicaSetAvailable")
    idle = replace(deployment.observe(body), version=NEW)
    assert (idle.phase, idle.wants_pods) == (Phase.COMPLETE, False)

    demand = demanded(AT_ENDPOINT)
    assert leaked([RAN], idle, demand, allowed=False) is None
    assert looked(None, idle, demand).phase is Phase.HELD
    # Allowed, it waits for its tool to bring it up: until then nothing of it runs.
    newest = record(State.PENDING, decision="Allowed")
    assert looked(newest, idle, demand, allowed=True).phase is Phase.HELD
    up = replace(idle, wants_pods=True, phase=Phase.SCALING)
    assert looked(newest, up, demand, allowed=True) == up
    assert not idle.shows_the_same_as(replace(idle, wants_pods=True))


@pytest.mark.parametrize("phase", [Phase.COMPLETE, Phase.SCALING])
def test_a_version_that_is_there_though_nobody_allowed_it_is_told_once(phase: Phase) -> None:
    demand = demanded(AT_ENDPOINT)
    for newest in (None, record(State.PENDING)):
        rollouts = [RAN, summary(newest)] if newest else [RAN]
        assert leaked(rollouts, seen(phase), demand, allowed=False) == Leaked(None)
        assert looked(newest, seen(phase), demand) == seen(phase)
    assert leaked([RAN, summary(record(State.PENDING, State.SUCCESSFUL))], seen(phase), demand, allowed=False) is None
    assert leaked([RAN, summary(record(State.PENDING))], seen(phase), demand, allowed=True) is None
    assert leaked([RAN], seen(), demand, allowed=False) is None


def test_first_deployments_and_returns_wait_for_nobody() -> None:
    demand = demanded(AT_ENDPOINT)
    assert at_endpoint([], seen(), demand, allowed=False, waiting_under="") == seen()
    back = seen(version=samples.VERSION)
    other = Rollout(2, samples.UID, NEW, State.SUCCESSFUL)
    assert at_endpoint([RAN, other], back, demand, allowed=False, waiting_under="") == back
    gated = demanded(a_link(enforcement="Endpoint", onRollback="Gate"))
    assert at_endpoint([RAN, other], back, gated, allowed=False, waiting_under="").phase is Phase.HELD


def test_a_pause_that_admission_has_set_is_taken_off_by_the_operator_whatever_the_link_says() -> None:
    """Its terms say Pause: with Endpoint nobody would ever take it off."""
    held = seen(Phase.HELD, hold=Hold("5d4cbe5c-4"))
    demand = demanded(AT_ENDPOINT)
    assert demand is not None
    assert looked(None, held, demand) == held
    assert demand.terms(held.hold_id).enforcement == "Pause"
    assert demand.terms("").enforcement == "Endpoint"


def source(demand: Demand | None) -> tuple[str, str] | None:
    return (demand.source, demand.enforcement) if demand else None


def test_who_pauses_goes_before_who_asks_an_endpoint_as_admission_has_it() -> None:
    pausing = a_link("other")
    annotated = replace(seen(), annotations={"jira-operator.dev/gate": "Jira"})
    in_namespace = {"jira-operator.dev/gate": "Manual"}

    assert source(demanded(AT_ENDPOINT)) == ("link web", "Endpoint")
    assert source(demanded(AT_ENDPOINT, pausing)) == ("link other", "Pause")
    assert source(demanded(AT_ENDPOINT, of=annotated)) == ("annotation", "Pause")
    assert source(demanded(AT_ENDPOINT, annotations=in_namespace)) == ("annotation of the namespace", "Pause")
    required = demanded(AT_ENDPOINT, labels={"jira-operator.dev/required-gate": "Jira"})
    assert source(required) == ("required by the namespace's label", "Pause")


def test_what_this_cluster_does_not_enforce_is_not_demanded() -> None:
    pausing = a_link("other")
    assert source(demanded(AT_ENDPOINT, by=settings("Off"))) == ("link web", "Endpoint")
    assert source(demanded(pausing, AT_ENDPOINT, by=settings("Off"))) == ("link web", "Endpoint")
    assert demanded(pausing, by=settings("Off")) is None
    assert demanded(AT_ENDPOINT, by=settings(endpoint=False)) is None
    assert demanded(AT_ENDPOINT, of=replace(seen(), workload=replace(seen().workload, kind="DaemonSet"))) is None
