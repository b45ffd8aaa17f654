"""What Jira answers, read with more patience than what it is sent: any list may be absent or null.

An answer that cannot be read leaves open whether Jira has taken a deployment, which is then sent again.
What only informs is therefore read as far as it can be.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator

from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.jira.schema import Model


class ErrorMessage(Model):
    """One of Jira's reasons."""

    message: str | None = None


class RejectedDeployment(Model):
    """A deployment that Jira did not take, and why."""

    key: DeploymentKey
    errors: tuple[ErrorMessage, ...] | None = None

    @property
    def reason(self) -> str:
        """Jira's words in one line."""
        return "; ".join(each.message for each in self.errors or () if each.message) or "no reason given"


class AssociationSaid(Model):
    """An association as Jira tells it."""

    association_type: Any = None
    values: Any = None


def _objects(said: Any) -> list[Any]:
    return [each for each in said if isinstance(each, dict | AssociationSaid)] if isinstance(said, list | tuple) else []


AssociationsSaid = Annotated[tuple[AssociationSaid, ...], BeforeValidator(_objects)]


def _texts(said: Any) -> list[str]:
    return [each for each in said if isinstance(each, str) and each] if isinstance(said, list | tuple) else []


def _values(associations: tuple[AssociationSaid, ...], *types: str) -> frozenset[str]:
    """The texts among the values of some types; those of commits are objects, and left out."""
    return frozenset(value for each in associations if each.association_type in types for value in _texts(each.values))


class SubmitAnswer(Model):
    """Jira's 202, read item by item."""

    accepted_deployments: tuple[DeploymentKey, ...] | None = None
    rejected_deployments: tuple[RejectedDeployment, ...] | None = None
    unknown_issue_keys: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    unknown_associations: AssociationsSaid = ()

    @property
    def accepted(self) -> frozenset[DeploymentKey]:
        """The deployments that Jira took."""
        return frozenset(self.accepted_deployments or ())

    @property
    def rejected(self) -> dict[DeploymentKey, str]:
        """The deployments that Jira refused, with its reason."""
        return {each.key: each.reason for each in self.rejected_deployments or ()}

    @property
    def unknown_issues(self) -> frozenset[str]:
        """Issues that the site does not have, in whichever of its two lists Jira names them."""
        return frozenset(self.unknown_issue_keys) | _values(self.unknown_associations, "issueIdOrKeys", "issueKeys")

    @property
    def unknown_services(self) -> frozenset[str]:
        """Ids of services that the site does not have."""
        return _values(self.unknown_associations, "serviceIdOrKeys")


class StoredDeployment(Model):
    """What Jira has stored of a deployment; updates and deletions under way are not in it."""

    update_sequence_number: int
    state: str
    """One of Jira's words, of which the operator sends all but `unknown`."""
    last_updated: str | None = None
    associations: AssociationsSaid = ()
    issue_keys: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    """The form of older clients."""

    @property
    def issues(self) -> frozenset[str]:
        """Issues that the deployment is linked to, by key or id."""
        return frozenset(self.issue_keys) | _values(self.associations, "issueIdOrKeys", "issueKeys")

    @property
    def services(self) -> frozenset[str]:
        """Ids of the services that the deployment is linked to."""
        return _values(self.associations, "serviceIdOrKeys")
