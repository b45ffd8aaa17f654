"""R5: the settings that keep kopf's hands off users' objects."""

import kopf

from jira_deployment_operator.watch.tuning import kopf_settings


def test_kopf_neither_removes_nor_sets_anything() -> None:
    settings = kopf_settings()
    assert settings.persistence.finalizer != kopf.OperatorSettings().persistence.finalizer
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.persistence.diffbase_storage.build(body=kopf.Body({})) == {}
