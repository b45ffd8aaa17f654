"""Which link speaks of a workload."""

from itertools import permutations

import pytest

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.linking.selection import Chosen, choose
from tests.unit.linking.builders import a_link

LABELS = {"app": "web", "team": "shop"}
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def by_label(name: str, created_at: str = OLD, *, deleted: bool = False, value: str = "web") -> JiraDeploymentLink:
    return a_link(name, created_at=created_at, deleted=deleted, selector={"matchLabels": {"app": value}})


def by_name(name: str, created_at: str = OLD, *, deleted: bool = False, workload: str = "web") -> JiraDeploymentLink:
    ref = {"kind": "Deployment", "name": workload}
    return a_link(name, created_at=created_at, deleted=deleted, workloadRef=ref)


@pytest.mark.parametrize(
    ("links", "ranked"),
    [
        ([], []),
        ([by_name("a", workload="api")], []),
        ([by_label("a", value="api")], []),
        ([by_label("a")], ["a"]),
        ([by_name("a")], ["a"]),
        ([by_label("old"), by_name("new", NEW)], ["new", "old"]),
        ([by_name("new", NEW), by_name("old", OLD)], ["old", "new"]),
        ([by_label("new", NEW), by_label("old", OLD)], ["old", "new"]),
        ([by_name("b"), by_name("a")], ["a", "b"]),
        ([by_name("gone", deleted=True), by_label("stays", NEW)], ["stays"]),
        ([by_name("gone", deleted=True)], []),
        ([by_label("c", NEW), by_label("d"), by_name("b", NEW), by_name("a"), by_name("x", workload="api")], "abdc"),
    ],
    ids=lambda value: None,
)
def test_the_named_workload_comes_first_then_the_older_link(links: list[JiraDeploymentLink], ranked: list[str]) -> None:
    for order in permutations(links):
        chosen = choose(order, "Deployment", "web", LABELS)

        found = ([chosen.link.name] if chosen.link else []) + [each.name for each in chosen.overruled]
        assert found == list(ranked)


def test_the_kind_counts_as_well_as_the_name() -> None:
    assert choose([by_name("a")], "Rollout", "web", LABELS) == Chosen()
