"""What a rollout is linked to: in order, once each, and never more than Jira takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.record import ASSOCIATED_MAX, Associations, Commit
from jira_deployment_operator.linking.associations import associations

EXPLICIT = ("SHOP-1", "SHOP-2")
IN_TEXTS = ("SHOP-2", "PAY-1")
CARRIED = ("PAY-1", "OPS-9", "SHOP-1")


def keys(number: int, project: str = "SHOP") -> tuple[str, ...]:
    return tuple(f"{project}-{each}" for each in range(1, number + 1))


def size(found: Associations) -> int:
    return sum(len(each) for each in (found.issue_keys, found.services, found.commits, found.repositories))


def test_named_keys_come_first_then_those_in_texts_then_those_carried_over_each_once() -> None:
    found = associations(issue_keys=EXPLICIT, keys_in_texts=IN_TEXTS, carried_keys=CARRIED)

    assert found == Associations(issue_keys=("SHOP-1", "SHOP-2", "PAY-1", "OPS-9"))


@pytest.mark.parametrize(
    ("commit", "repository", "wanted"),
    [
        (None, None, Associations(services=("s",))),
        ("abc", "repo", Associations(services=("s",), commits=(Commit(hash="abc", repository="repo"),))),
        (None, "repo", Associations(services=("s",), repositories=("repo",))),
        ("abc", None, Associations(services=("s",))),
    ],
    ids=["neither", "both", "repository", "commit"],
)
def test_a_commit_needs_its_repository(commit: str | None, repository: str | None, wanted: Associations) -> None:
    assert associations(services=("s", "s"), commit=commit, repository=repository) == wanted


@pytest.mark.parametrize(
    ("named", "in_texts", "carried", "services", "commit", "kept", "left_out"),
    [
        (500, 0, 0, 0, False, 500, 0),
        (501, 0, 0, 0, False, 500, 1),
        (500, 0, 0, 100, False, 400, 100),
        (500, 0, 0, 100, True, 399, 101),
        (100, 300, 300, 0, False, 500, 200),
        (0, 0, 600, 0, True, 499, 101),
        (10, 0, 0, 600, True, 0, 10),
    ],
)
def test_where_there_are_too_many_the_last_issue_keys_give_way(
    *, named: int, in_texts: int, carried: int, services: int, commit: bool, kept: int, left_out: int
) -> None:
    all_keys = (*keys(named), *keys(in_texts, "TEXT"), *keys(carried, "OLD"))

    found = associations(
        issue_keys=keys(named),
        keys_in_texts=keys(in_texts, "TEXT"),
        carried_keys=keys(carried, "OLD"),
        services=[f"service-{each}" for each in range(services)],
        commit="abc" if commit else None,
        repository="repo" if commit else None,
    )

    assert found.issue_keys == all_keys[:kept]
    assert (len(found.issue_keys), found.left_out) == (kept, left_out)
    assert len(found.commits) == commit
    assert size(found) <= ASSOCIATED_MAX


_many = st.integers(0, 600)


@given(named=_many, in_texts=_many, carried=_many, services=_many, commit=st.booleans(), repository=st.booleans())
def test_there_are_never_more_values_or_kinds_than_jira_takes(
    *, named: int, in_texts: int, carried: int, services: int, commit: bool, repository: bool
) -> None:
    found = associations(
        issue_keys=keys(named),
        keys_in_texts=keys(in_texts, "TEXT"),
        carried_keys=keys(carried),
        services=keys(services),
        commit="abc" if commit else None,
        repository="repo" if repository else None,
    )

    assert size(found) <= ASSOCIATED_MAX
    assert len(found.issue_keys) + found.left_out == max(named, carried) + in_texts
    assert not (found.commits and found.repositories)
