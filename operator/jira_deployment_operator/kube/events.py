"""Kubernetes Events: how a user learns with `kubectl describe` that something is wrong with an object.

The same message about the same object is told once, not at every look at it. An Event that cannot be
written is logged and dropped: Events are no record.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from jira_deployment_operator.api.conditions import MESSAGE_MAX
from jira_deployment_operator.api.names import FIELD_MANAGER
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError
from jira_deployment_operator.observability import metrics

_log = logging.getLogger(__name__)

REASON_INVALID_ANNOTATION: Final = "InvalidAnnotation"
REASON_INVALID_LINK: Final = "InvalidLink"
REASON_NO_ISSUE_KEYS: Final = "NoIssueKeys"

_REMEMBERED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """The object an Event is about; `namespace` is empty for cluster-scoped objects."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class Events:
    """Writes Events, each distinct one once in the lifetime of the operator."""

    def __init__(self, api_server: ApiServer, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._api_server = api_server
        self._now = now
        self._told: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def warn(self, subject: Subject, reason: str, message: str) -> None:
        """Tell about something that a person should mend; what was told before is not told again."""
        if await self.tell(subject, reason, message):
            metrics.WARNINGS.labels(reason).inc()

    async def tell(
        self, subject: Subject, reason: str, message: str, *, type_: Literal["Normal", "Warning"] = "Warning"
    ) -> bool:
        """Tell about something that has happened; return False if it was told before, and is not told again."""
        key = (subject.uid, reason, message)
        if key in self._told:
            self._told.move_to_end(key)
            return False
        self._told[key] = None
        if len(self._told) > _REMEMBERED_MAX:
            self._told.popitem(last=False)
        namespace = subject.namespace or "default"
        try:
            await self._api_server.create(
                f"/api/v1/namespaces/{namespace}/events", self._event(subject, reason, message, type_)
            )
        except ApiServerError as error:
            metrics.API_WRITES.labels("event", "failed").inc()
            _log.warning(
                "could not write an Event: %s", error, extra={"namespace": subject.namespace, "reason": reason}
            )
        else:
            metrics.API_WRITES.labels("event", "ok").inc()
        return True

    def _event(self, subject: Subject, reason: str, message: str, type_: str) -> dict[str, Any]:
        now = self._now().isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "generateName": f"{subject.name[:200]}.",
                "namespace": subject.namespace or "default",
            },
            "involvedObject": {
                "apiVersion": subject.api_version,
                "kind": subject.kind,
                "namespace": subject.namespace or None,
                "name": subject.name,
                "uid": subject.uid,
            },
            "type": type_,
            "reason": reason,
            "message": message[:MESSAGE_MAX],
            "source": {"component": FIELD_MANAGER},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
