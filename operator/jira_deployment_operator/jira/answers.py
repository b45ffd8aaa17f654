"""What Jira answers, read with more patience than what it is sent: any list may be absent or null.

An answer that cannot be read leaves open whether Jira has taken a deployment, which is then sent again.
What only informs is therefore read as far as it can be.
"""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field

from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.jira.schema import Model, as_issue_key, as_timestamp, as_url

WORD_MAX: Final = 64
"""Characters kept of the word for how a gate stands."""


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


def _word(said: Any) -> str:
    """One printable line, bounded, since records and terminals show it; what is no text is no word."""
    if not isinstance(said, str):
        return ""
    printable = "".join(each if each.isprintable() else " " for each in said[: 4 * WORD_MAX])
    return " ".join(printable.split())[:WORD_MAX]


def _issue_details(said: Any) -> list[Any]:
    """The details that name an issue, which is the only type there is today."""
    objects = [each for each in said if isinstance(each, dict)] if isinstance(said, list | tuple) else []
    return [each for each in objects if each.get("type", "issue") in ("issue", None)]


class GatingDetail(Model):
    """The change request on which a gate's answer is given; what is not of its form is left out."""

    issue_key: Annotated[str | None, BeforeValidator(as_issue_key)] = None
    issue_link: Annotated[str | None, BeforeValidator(as_url)] = None


class GatingStatus(Model):
    """How a deployment's gate stands in Jira. Everything may be missing; whoever reads it must fail safe.

    Read by Jira's names alone: a `status` of something else must not pass for a word about the gate.
    """

    model_config = ConfigDict(populate_by_name=False)

    status: Annotated[str, BeforeValidator(_word), Field(alias="gatingStatus")] = ""
    """Jira's word as it came, `""` if there was none: `allowed`, `prevented`, `awaiting`, `invalid`, the undocumented
    `expired`, or one that nobody knows yet."""
    updated: Annotated[str | None, BeforeValidator(as_timestamp), Field(alias="updatedTimestamp")] = None
    details: Annotated[tuple[GatingDetail, ...], BeforeValidator(_issue_details)] = ()

    @property
    def issue_key(self) -> str | None:
        """The change request's key."""
        return self.details[0].issue_key if self.details else None

    @property
    def issue_link(self) -> str | None:
        """Where a person finds the change request."""
        return self.details[0].issue_link if self.details else None
