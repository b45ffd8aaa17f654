"""Whatever kind a workload is of, it is looked at in the same way."""

from typing import Any

import pytest

from jira_deployment_operator.workloads.kinds import KINDS, Kind
from jira_deployment_operator.workloads.observation import Phase, WorkloadKey
from jira_deployment_operator.workloads.rollout import ReferencedTemplate, TemplateMissingError
from tests.unit.samples import pod_template, workload

PATHS = {
    "Deployment": "/apis/apps/v1/{}deployments",
    "Rollout": "/apis/argoproj.io/v1alpha1/{}rollouts",
    "StatefulSet": "/apis/apps/v1/{}statefulsets",
    "DaemonSet": "/apis/apps/v1/{}daemonsets",
}


def created(kind: Kind, **spec: Any) -> dict[str, Any]:
    return workload(kind.api_version, kind.name, generation=1, spec=spec, status=None)


def test_the_kinds_that_are_followed() -> None:
    assert set(KINDS) == set(PATHS)
    assert all(kind.name == name for name, kind in KINDS.items())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_where_the_api_server_serves_them(kind: Kind) -> None:
    path = PATHS[kind.name]

    assert kind.path() == path.format("")
    assert kind.path("shop") == path.format("namespaces/shop/")
    assert kind.path("shop", "web") == path.format("namespaces/shop/") + "/web"
    assert f"/apis/{kind.group}/{kind.version}/{kind.plural}" == kind.path()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_workload_that_was_created_a_moment_ago_moves(kind: Kind) -> None:
    body = created(kind)

    seen = kind.observe(body, version_of=lambda template: template["spec"]["containers"][0]["image"])

    assert seen.workload == kind.key_of(body) == WorkloadKey(kind.name, "shop", "web")
    assert (seen.phase, seen.reason) == (Phase.PROGRESSING, "NotObserved")
    assert seen.version == "registry.example.com/shop/web:1.0"


def test_a_template_is_handed_on_where_it_is_asked_for() -> None:
    kind = KINDS["Rollout"]
    body = created(kind, template=None, workloadRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "base"})

    with pytest.raises(TemplateMissingError):
        kind.observe(body)
    assert kind.observe(body, template=ReferencedTemplate(3, pod_template())).label == "1.0"
