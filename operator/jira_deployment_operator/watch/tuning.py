"""kopf's settings for watching many objects and writing none; each was measured (facts: kopf, sections 0 and 9)."""

from typing import Any, Final

import kopf

from jira_deployment_operator.api.names import GROUP


class _NoDiffBase(kopf.AnnotationsDiffBaseStorage):
    """kopf builds a diff base of every object, for handlers we do not have: half the cost of an event."""

    def build(self, **_: Any) -> Any:
        return {}


class _NoProgress(kopf.AnnotationsProgressStorage):
    """The same for progress annotations, which there are none of."""

    def clear(self, *, essence: Any) -> Any:
        return essence


IDENTITY: Final[Any] = "jira-deployment-operator"
"""kopf's name for this process, for peers that it has not. Without one it asks for the user's: a number has none."""


def kopf_settings() -> kopf.OperatorSettings:
    """Return the settings."""
    settings = kopf.OperatorSettings()
    # With kopf's default name, an operator without finalizers removes those of other kopf operators.
    settings.persistence.finalizer = f"{GROUP}/never-set"
    settings.persistence.diffbase_storage = _NoDiffBase(prefix=GROUP)
    settings.persistence.progress_storage = _NoProgress(prefix=GROUP)
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.queueing.worker_limit = 100
    settings.queueing.idle_timeout = 0.05
    return settings
