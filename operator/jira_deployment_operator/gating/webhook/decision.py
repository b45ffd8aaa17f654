"""From the API server's question to the decision that the policies would come to: with what is in memory alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from jira_deployment_operator.api.link import JiraDeploymentLink
from jira_deployment_operator.gating.admission import Rules, Write, decide
from jira_deployment_operator.gating.webhook.review import Review

_GATED: Final = (("apps", "Deployment"), ("argoproj.io", "Rollout"))
_OPERATIONS: Final[Mapping[str, Literal["CREATE", "UPDATE"]]] = {"CREATE": "CREATE", "UPDATE": "UPDATE"}


@dataclass(frozen=True, slots=True)
class Decision:
    """Returns the patch for a write by what is known of its namespace when it is asked."""

    rules: Rules
    links: Callable[[str], Sequence[JiraDeploymentLink]]
    labels: Callable[[str], Mapping[str, str]]
    annotations: Callable[[str], Mapping[str, str]]

    def __call__(self, review: Review) -> list[dict[str, Any]]:
        """Return the JSON patch; what can bring no new version is left alone."""
        operation = _OPERATIONS.get(review.operation)
        if operation is None or (review.group, review.kind) not in _GATED or review.subresource:
            return []
        return decide(
            Write(
                kind=review.kind,
                operation=operation,
                user=review.user,
                object=review.object,
                old=review.old,
                namespace_labels=self.labels(review.namespace),
                namespace_annotations=self.annotations(review.namespace),
                links=self.links(review.namespace),
            ),
            self.rules,
        )
