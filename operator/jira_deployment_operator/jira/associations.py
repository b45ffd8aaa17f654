"""What a deployment is linked to, in the shapes Jira wants: issues, services, and the code that was deployed.

Jira takes at most three associations and refuses an empty one together with the whole request (facts 1.4,
1.5). Commit and repository share the third place: a commit names its repository.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from jira_deployment_operator.api.record import ASSOCIATED_MAX, Associations
from jira_deployment_operator.jira.schema import IssueIdOrKey, Model, Text

ASSOCIATIONS_MAX: Final = 3

_SOME: Final = Field(min_length=1, max_length=ASSOCIATED_MAX)


class IssueAssociation(Model):
    """Jira issues by key or id."""

    association_type: Literal["issueIdOrKeys"]
    values: Annotated[tuple[IssueIdOrKey, ...], _SOME]


class ServiceAssociation(Model):
    """Services of Jira Service Management by id."""

    association_type: Literal["serviceIdOrKeys"]
    values: Annotated[tuple[Text, ...], _SOME]


class CommitId(Model):
    """A commit by the ids of whoever told Jira about its repository."""

    commit_hash: Text
    repository_id: Text


class CommitAssociation(Model):
    """Commits."""

    association_type: Literal["commit"]
    values: Annotated[tuple[CommitId, ...], _SOME]


class RepositoryId(Model):
    """A repository by the id of whoever told Jira about it."""

    repository_id: Text


class RepositoryAssociation(Model):
    """Repositories."""

    association_type: Literal["repository"]
    values: Annotated[tuple[RepositoryId, ...], _SOME]


Association = Annotated[
    IssueAssociation | ServiceAssociation | CommitAssociation | RepositoryAssociation,
    Field(discriminator="association_type"),
]


def _not_too_many(associations: tuple[Association, ...]) -> tuple[Association, ...]:
    count = sum(len(each.values) for each in associations)
    if count > ASSOCIATED_MAX:
        raise ValueError(f"must have at most {ASSOCIATED_MAX} values in all, has {count}")
    return associations


AssociationList = Annotated[
    tuple[Association, ...], Field(min_length=1, max_length=ASSOCIATIONS_MAX), AfterValidator(_not_too_many)
]


def associations_of(linked: Associations) -> list[dict[str, Any]]:
    """Return what a record is linked to as Jira writes it, not yet checked; empty if it is linked to nothing."""
    commits = [{"commitHash": each.hash, "repositoryId": each.repository} for each in linked.commits]
    repositories = [] if commits else [{"repositoryId": each} for each in linked.repositories]
    wanted: dict[str, Any] = {
        "issueIdOrKeys": linked.issue_keys,
        "serviceIdOrKeys": linked.services,
        "commit": commits,
        "repository": repositories,
    }
    return [{"associationType": kind, "values": values} for kind, values in wanted.items() if values]
