"""R6: who asks that a rollout waits, in the order in which admission holds it, and under whose terms."""

from typing import Any, Final

import pytest

from jira_deployment_operator.api.annotations import GATE
from jira_deployment_operator.api.hold import Hold
from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.api.names import LABEL_REQUIRED_GATE
from jira_deployment_operator.gating.demand import (
    ANNOTATION,
    CAN_BE_HELD,
    HOLD,
    NAMESPACE_ANNOTATION,
    REQUIRED,
    Demand,
    demand_of,
)
from jira_deployment_operator.linking.selection import Chosen
from jira_deployment_operator.settings import Gating
from jira_deployment_operator.workloads.kinds import KINDS
from tests.unit.samples import CREATED, observation

ENFORCED: Final = {"mechanism": "Policy", "endpoint": {"enabled": True}}
IN_FORCE: Final = Hold("5d4cbe5c-3")


def link(name: str = "web", **gate: Any) -> JiraDeploymentLink:
    """Return a link for the workload; without words of a gate it has none."""
    spec: dict[str, Any] = {"workloadRef": {"kind": "Deployment", "name": "web"}}
    return JiraDeploymentLink.from_object(
        {
            "metadata": {"namespace": "shop", "name": name, "uid": name, "creationTimestamp": CREATED},
            "spec": {**spec, "gate": gate} if gate else spec,
        }
    )


def demanded(
    *links: JiraDeploymentLink,
    required: str | None = None,
    namespace: str | None = None,
    template: str | None = None,
    own: str | None = None,
    kind: str = "Deployment",
    hold: Hold | None = None,
    **gating: Any,
) -> Demand | None:
    """Return the demand where each source says what is given; `gating` are keys of the settings."""

    def said(key: str, word: str | None) -> dict[str, str]:
        return {} if word is None else {key: word}

    seen = observation(kind=kind, annotations=said(GATE, own), template_annotations=said(GATE, template), hold=hold)
    return demand_of(
        seen,
        Chosen(links[0], links[1:]) if links else Chosen(),
        namespace_annotations=said(GATE, namespace),
        namespace_labels=said(LABEL_REQUIRED_GATE, required),
        settings=Gating(**{**ENFORCED, **gating}),
    )


def asked(demand: Demand | None) -> tuple[str, str] | None:
    return (demand.mode, demand.source) if demand else None


# Precedence

JIRA: Final = link(mode="Jira")
MANUAL: Final = link(mode="Manual")
OFF: Final = link(mode="Off")
BARE: Final = link()

TABLE: Final[dict[str, tuple[Demand | None, tuple[str, str] | None]]] = {
    "nobody": (demanded(), None),
    "the label": (demanded(required="Manual"), ("Manual", REQUIRED)),
    "the label before all others": (
        demanded(JIRA, required="Manual", template="Off", own="Off", namespace="Off"),
        ("Manual", REQUIRED),
    ),
    "a label that says Off, or nonsense, requires nothing": (demanded(required="Off"), None),
    "a label in small letters requires nothing": (demanded(required="jira"), None),
    "the pod template": (demanded(template="Manual"), ("Manual", ANNOTATION)),
    "the pod template before the workload": (demanded(template="Manual", own="Jira"), ("Manual", ANNOTATION)),
    "the pod template switches off what the workload asks for": (demanded(template="Off", own="Jira"), None),
    "the pod template switches off what a link asks for": (demanded(JIRA, template="Off"), None),
    "a word that nobody knows counts as none": (demanded(template="jira", own="Manual"), ("Manual", ANNOTATION)),
    "an empty word counts as none": (demanded(JIRA, own=""), ("Jira", "link web")),
    "the workload": (demanded(own="Jira"), ("Jira", ANNOTATION)),
    "the workload before a link": (demanded(JIRA, own="Manual"), ("Manual", ANNOTATION)),
    "the workload switches off what namespace and link ask for": (demanded(JIRA, own="Off", namespace="Jira"), None),
    "a link": (demanded(MANUAL), ("Manual", "link web")),
    "a link before the namespace": (demanded(JIRA, namespace="Manual"), ("Jira", "link web")),
    "a link that is overruled, but asks": (demanded(BARE, link("old", mode="Jira")), ("Jira", "link old")),
    "a link that says Off switches off no other link": (demanded(OFF, link("old", mode="Jira")), ("Jira", "link old")),
    "the strongest link that asks": (
        demanded(link("one", mode="Manual"), link("two", mode="Jira")),
        ("Manual", "link one"),
    ),
    "a link that pauses before a stronger one that does not": (
        demanded(link("one", mode="Manual", enforcement="Endpoint"), link("two", mode="Jira")),
        ("Jira", "link two"),
    ),
    "the namespace before a link that does not pause": (
        demanded(link("one", mode="Manual", enforcement="Endpoint"), namespace="Jira"),
        ("Jira", NAMESPACE_ANNOTATION),
    ),
    "a link that does not pause": (
        demanded(link("one", mode="Manual", enforcement="Endpoint")),
        ("Manual", "link one"),
    ),
    "the namespace": (demanded(namespace="Jira"), ("Jira", NAMESPACE_ANNOTATION)),
    "the namespace, with a link that says Off": (demanded(OFF, namespace="Jira"), ("Jira", NAMESPACE_ANNOTATION)),
    "the namespace says Off": (demanded(namespace="Off"), None),
    "a hold that nobody asks for any more": (demanded(hold=IN_FORCE), ("Jira", HOLD)),
    "a hold whose workload was switched off": (demanded(own="Off", hold=IN_FORCE), ("Jira", HOLD)),
    "a hold whose namespace was switched off": (demanded(namespace="Off", hold=IN_FORCE), ("Jira", HOLD)),
    "a hold that somebody else asks for now": (demanded(MANUAL, hold=IN_FORCE), ("Manual", "link web")),
    "a hold where none is set any more": (demanded(JIRA, hold=IN_FORCE, mechanism="Off"), ("Jira", HOLD)),
    "nothing is enforced": (demanded(JIRA, required="Jira", own="Jira", mechanism="Off"), None),
}


@pytest.mark.parametrize(("demand", "wanted"), TABLE.values(), ids=TABLE.keys())
def test_r6_the_sources_count_in_this_order(demand: Demand | None, wanted: tuple[str, str] | None) -> None:
    assert asked(demand) == wanted


@pytest.mark.parametrize("kind", [each for each in KINDS if each not in CAN_BE_HELD])
def test_kinds_without_a_pause_are_never_held(kind: str) -> None:
    assert demanded(JIRA, required="Jira", own="Jira", namespace="Jira", kind=kind) is None


@pytest.mark.parametrize("kind", CAN_BE_HELD)
def test_kinds_with_a_pause_can_be_held(kind: str) -> None:
    assert asked(demanded(kind=kind, required="Jira")) == ("Jira", REQUIRED)


def test_what_is_not_enforced_here_is_not_demanded() -> None:
    at_endpoint = link(mode="Jira", enforcement="Endpoint")

    assert demanded(at_endpoint, endpoint={"enabled": False}) is None
    assert asked(demanded(at_endpoint, mechanism="Off")) == ("Jira", "link web")


# Terms


def policies(demand: Demand | None) -> dict[str, object]:
    assert demand is not None
    return {
        name: getattr(demand, name)
        for name in ("first_deployment", "timeout_seconds", "on_timeout", "on_error", "on_prevented", "on_rollback")
    }


SAFE: Final[dict[str, object]] = {
    "first_deployment": False,
    "timeout_seconds": None,
    "on_timeout": "Hold",
    "on_error": "Hold",
    "on_prevented": "Cancel",
    "on_rollback": "Allow",
}
SAYS_ALL: Final = link(
    mode="Jira",
    firstDeployment=True,
    timeout="30m",
    onTimeout="Allow",
    onError="Allow",
    onPrevented="Hold",
    onRollback="Gate",
)
DEFAULTS: Final = {
    "firstDeployment": True,
    "timeout": "1h",
    "onTimeout": "Cancel",
    "onError": "Allow",
    "onPrevented": "Hold",
    "onRollback": "Gate",
}
AS_DEFAULTS: Final[dict[str, object]] = {
    "first_deployment": True,
    "timeout_seconds": 3600,
    "on_timeout": "Cancel",
    "on_error": "Allow",
    "on_prevented": "Hold",
    "on_rollback": "Gate",
}


def test_without_any_word_about_it_a_hold_lasts_until_somebody_answers() -> None:
    assert policies(demanded(JIRA)) == SAFE


def test_what_a_link_says_counts() -> None:
    wanted = {**AS_DEFAULTS, "timeout_seconds": 1800, "on_timeout": "Allow"}

    assert policies(demanded(SAYS_ALL)) == wanted
    assert policies(demanded(SAYS_ALL, defaults={"firstDeployment": False, "onTimeout": "Cancel"})) == wanted


@pytest.mark.parametrize(
    "demand",
    [
        demanded(JIRA, defaults=DEFAULTS),
        demanded(own="Jira", defaults=DEFAULTS),
        demanded(namespace="Jira", defaults=DEFAULTS),
        demanded(required="Jira", defaults=DEFAULTS),
        demanded(hold=IN_FORCE, defaults=DEFAULTS),
    ],
    ids=["link", "annotation", "namespace", "label", "hold"],
)
def test_what_is_left_out_is_the_platform_teams_choice(demand: Demand | None) -> None:
    assert policies(demand) == AS_DEFAULTS


def test_a_link_can_go_back_behind_the_platform_teams_defaults() -> None:
    demand = demanded(link(mode="Jira", firstDeployment=False, onTimeout="Hold", onError="Hold"), defaults=DEFAULTS)

    assert demand is not None
    assert (demand.first_deployment, demand.on_timeout, demand.on_error) == (False, "Hold", "Hold")
    assert demand.timeout_seconds is None


def test_r6_what_the_platform_team_requires_has_its_own_terms_and_no_teams() -> None:
    assert policies(demanded(SAYS_ALL, required="Jira")) == SAFE


def test_an_annotation_says_who_is_asked_and_the_workloads_link_the_rest() -> None:
    demand = demanded(SAYS_ALL, own="Manual")

    assert demand is not None
    assert (demand.mode, demand.source, demand.timeout_seconds) == ("Manual", ANNOTATION, 1800)


def test_an_annotation_holds_by_a_pause_whatever_the_link_says() -> None:
    demand = demanded(link(mode="Jira", enforcement="Endpoint"), own="Manual")

    assert demand is not None
    assert demand.enforcement == "Pause"


@pytest.mark.parametrize(
    ("gate", "settings", "wanted"),
    [
        ({"timeout": "1h", "onTimeout": "Allow"}, {"maxHold": "2h"}, (3600, "Allow")),
        ({"timeout": "2h", "onTimeout": "Allow"}, {"maxHold": "2h"}, (7200, "Allow")),
        ({"timeout": "3h", "onTimeout": "Allow"}, {"maxHold": "2h"}, (7200, "Cancel")),
        ({"timeout": "3h", "onTimeout": "Allow"}, {"maxHold": "2h", "onMaxHold": "Allow"}, (7200, "Allow")),
        ({"timeout": "1h", "onTimeout": "Hold"}, {"maxHold": "2h"}, (7200, "Cancel")),
        ({"onTimeout": "Allow"}, {"maxHold": "2h"}, (7200, "Cancel")),
        ({}, {"maxHold": "2h"}, (7200, "Cancel")),
        ({"timeout": "1h"}, {}, (None, "Hold")),
        ({"onTimeout": "Allow"}, {}, (None, "Allow")),
        ({"timeout": "1h"}, {"defaults": {"onTimeout": "Cancel"}}, (3600, "Cancel")),
        ({"onTimeout": "Cancel"}, {"defaults": {"timeout": "1d"}}, (86_400, "Cancel")),
    ],
)
def test_no_hold_lasts_longer_than_the_platform_team_lets_it(
    gate: dict[str, Any], settings: dict[str, Any], wanted: tuple[int | None, str]
) -> None:
    demand = demanded(link(mode="Jira", **gate), **settings)

    assert demand is not None
    assert (demand.timeout_seconds, demand.on_timeout) == wanted


def test_the_terms_of_a_record_are_those_of_the_demand() -> None:
    demand = demanded(SAYS_ALL)
    assert demand is not None

    terms = demand.terms("5d4cbe5c-2", returning=True)

    assert (terms.mode, terms.hold, terms.source, terms.enforcement) == ("Jira", "5d4cbe5c-2", "link web", "Pause")
    assert (terms.timeout_seconds, terms.on_timeout) == (1800, "Allow")
    assert (terms.on_error, terms.on_prevented) == ("Allow", "Hold")
    assert (terms.returning, terms.leaked) == (True, False)


def test_r10_the_longest_name_of_a_link_fits_into_the_record() -> None:
    demand = demanded(link("a" * 253, mode="Jira"))

    assert demand is not None
    assert len(demand.source) <= 300


def test_a_hold_in_force_is_a_pause_whoever_asks_now() -> None:
    """Else it would never be taken off."""
    demand = demanded(link(mode="Jira", enforcement="Endpoint"), hold=IN_FORCE)

    assert demand is not None
    assert demand.terms(IN_FORCE.id).enforcement == "Pause"
