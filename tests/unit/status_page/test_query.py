"""What a filter finds, and what it says when it is asked for something that does not exist (R10)."""

import pytest

from jira_deployment_operator.api.states import State
from jira_deployment_operator.status_page.query import TEXT_MAX, Query
from tests.unit.status_page.showing import done

WEB = done("web", site="acme", label="1.28", issue_keys=("SHOP-1", "PAY-22"))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        (Query(), True),
        (Query(namespace="shop"), True),
        (Query(namespace="sho"), False),
        (Query(site="acme"), True),
        (Query(site="globex"), False),
        (Query(state=State.SUCCESSFUL), True),
        (Query(state=State.FAILED), False),
        (Query(text="WEB"), True),
        (Query(text="pay-22"), True),
        (Query(text="1.28 web shop"), True),
        (Query(text="1.28 cart"), False),
        (Query(text="east.shop"), True),
        (Query(text="deployment-web-1"), True),
        (Query(namespace="shop", state=State.SUCCESSFUL, text="1.28", site="acme"), True),
        (Query(namespace="shop", state=State.SUCCESSFUL, text="1.29", site="acme"), False),
        (Query(namespace="elsewhere", text="1.28"), False),
    ],
)
def test_all_that_is_asked_for_must_be_so(query: Query, is_found: bool) -> None:
    assert query.matches(WEB) is is_found


def test_it_survives_an_address() -> None:
    query = Query(namespace="shop", state=State.ROLLED_BACK, text="a&b=c <d>")
    assert str(query) == "namespace=shop&state=rolled_back&text=a%26b%3Dc+%3Cd%3E"
    assert Query.read({"namespace": "shop", "state": "rolled_back", "text": " a&b=c <d> ", "site": ""}) == query


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"state": "happy"}, "state must be one of pending, in_progress, successful, failed, cancelled, rolled_back"),
        ({"limit": "7"}, "there is no such filter; there are namespace, site, state and text"),
        ({"text": "x" * (TEXT_MAX + 1)}, "a filter may have at most 200 characters"),
    ],
)
def test_r10_what_cannot_be_asked_is_told_with_what_can(asked: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        Query.read(asked)


def test_only_one_that_leaves_something_out_is_one() -> None:
    assert not Query.read({"text": "  ", "state": ""})
    assert Query(text="x")
