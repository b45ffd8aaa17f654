"""What Jira links a rollout to, within the number of values it takes (facts: Jira's deployments API, 1.4 and 5)."""

from collections.abc import Iterable
from itertools import chain

from jira_deployment_operator.api.record import ASSOCIATED_MAX, Associations, Commit


def associations(
    *,
    issue_keys: Iterable[str] = (),
    keys_in_texts: Iterable[str] = (),
    carried_keys: Iterable[str] = (),
    services: Iterable[str] = (),
    commit: str | None = None,
    repository: str | None = None,
) -> Associations:
    """Return the associations of a rollout, each value once.

    Where there are too many, issue keys give way: first those carried over, then those found in
    texts, last those that were named. Jira knows a commit only together with its repository, so a
    commit alone is left out; whoever reads the wishes tells of it.
    """
    commits = (Commit(hash=commit, repository=repository),) if commit and repository else ()
    repositories = (repository,) if repository and not commit else ()
    services = _unique(services)[: ASSOCIATED_MAX - len(commits) - len(repositories)]
    room = ASSOCIATED_MAX - len(commits) - len(repositories) - len(services)
    keys = _unique(chain(issue_keys, keys_in_texts, carried_keys))
    return Associations(
        issue_keys=keys[:room],
        services=services,
        commits=commits,
        repositories=repositories,
        left_out=len(keys[room:]),
    )


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
