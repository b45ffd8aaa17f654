"""R4, R5: what the handlers hand over, and the settings that keep kopf's hands off users' objects."""

from typing import Any

import kopf
import pytest

from jira_deployment_operator.kube.events import Events
from jira_deployment_operator.ledger.ledger import Ledger
from jira_deployment_operator.watch.handlers import Watch, kopf_settings
from jira_deployment_operator.watch.intake import Intake
from jira_deployment_operator.watch.namespaces import Namespaces
from jira_deployment_operator.watch.sweep import Sweep
from tests.unit.simulation import SETTINGS, Fates, StoringApiServer


def deployment(annotations: dict[str, str], template_annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 1, "annotations": annotations},
        "spec": {"template": {"metadata": {"annotations": template_annotations or {}}, "spec": {"containers": []}}},
    }


def watch() -> tuple[Watch, Intake, Namespaces]:
    api_server = StoringApiServer(Fates())
    ledger, intake, namespaces = Ledger(api_server, history_limit=3), Intake(), Namespaces()
    made = Watch(
        settings=SETTINGS,
        api_server=api_server,
        ledger=ledger,
        namespaces=namespaces,
        intake=intake,
        sweep=Sweep(api_server=api_server, ledger=ledger, intake=intake, interval_seconds=60),
        events=Events(api_server),
    )
    return made, intake, namespaces


@pytest.mark.parametrize(
    ("own", "template", "namespace", "is_handed_over"),
    [
        pytest.param({}, {}, {}, False, id="nobody asks"),
        pytest.param({"other.dev/report": "true"}, {}, {}, False, id="somebody else's annotation"),
        pytest.param({"jira-operator.dev/report": "true"}, {}, {}, True, id="the workload asks"),
        pytest.param({}, {"jira-operator.dev/report": "true"}, {}, True, id="the pod template asks"),
        pytest.param({}, {}, {"jira-operator.dev/report": "true"}, True, id="the namespace asks"),
        pytest.param({}, {}, {"jira-operator.dev/report": "false"}, False, id="the namespace opts out"),
        pytest.param({"jira-operator.dev/report": "maybe"}, {}, {}, True, id="a wrong value must be told"),
    ],
)
def test_only_workloads_that_ask_for_it_are_handed_over(
    own: dict[str, str], template: dict[str, str], namespace: dict[str, str], is_handed_over: bool
) -> None:
    made, intake, namespaces = watch()
    namespaces.see({"metadata": {"name": "shop", "annotations": namespace}})
    made.see_deployment(deployment(own, template))
    assert len(intake) == is_handed_over


def test_the_deletion_of_an_unknown_workload_is_no_news() -> None:
    made, intake, _ = watch()
    made.see_deployment(deployment({"jira-operator.dev/report": "true"}), deleted=True)
    assert len(intake) == 0


def test_kopf_neither_removes_nor_sets_anything() -> None:
    settings = kopf_settings()
    assert settings.persistence.finalizer != kopf.OperatorSettings().persistence.finalizer
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.persistence.diffbase_storage.build(body=kopf.Body({})) == {}


def test_only_event_handlers_are_registered() -> None:
    made, _, _ = watch()
    registry = made.registry()
    assert len(list(registry._watching.get_all_handlers())) == 2
    for other in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert list(other.get_all_handlers()) == []
