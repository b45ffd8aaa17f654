"""The page as it is written: what anybody may have put into a record is text, whatever it looks like (R8, R9)."""

from html.parser import HTMLParser
from typing import Any

import pytest

from jira_deployment_operator.api.gate import GateStanding
from jira_deployment_operator.api.record import Environment, JiraDeployment, Pipeline, Workload
from jira_deployment_operator.api.states import Delivery, State
from jira_deployment_operator.status_page.markup import Markup, tag
from jira_deployment_operator.status_page.page import render
from jira_deployment_operator.status_page.parts import span
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Operator, Site
from jira_deployment_operator.tracking.rollouts import Rollout
from tests.unit.gating.held import held
from tests.unit.samples import NOW, record, transition
from tests.unit.status_page.showing import HOSTILE, done, operator, snapshot

TWO_MINUTES_AGO = "2026-11-23T22:28:00.000Z"


class Read(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and all its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def hostile() -> tuple[JiraDeployment, ...]:
    """Records whose every text is an attack; schemas allow none of most of these."""
    texts: dict[str, Any] = {
        "workload": Workload(kind=HOSTILE, name=HOSTILE, uid="1"),
        "label": HOSTILE,
        "site": HOSTILE,
        "pipeline": Pipeline(id=HOSTILE, display_name=HOSTILE, url=HOSTILE),
        "environment": Environment(id=HOSTILE, display_name=HOSTILE, type="production"),
        "url": "javascript:alert(1)",
    }
    rejected = transition(1, State.FAILED, Delivery.REJECTED, reason=HOSTILE, message=HOSTILE)
    standing = GateStanding(
        status=HOSTILE, reason=HOSTILE, message=HOSTILE, by=HOSTILE, issue_key=HOSTILE, issue_link="javascript:alert(1)"
    )
    refused = standing.model_copy(update={"decision": "Refused"})
    return tuple(
        each.model_copy(update={"namespace": HOSTILE, "name": f"{HOSTILE}{number}"})
        for number, each in enumerate(
            [
                record(rejected, issue_keys=(HOSTILE,), **texts),
                held(standing=standing, spec=texts, source=HOSTILE, mode="Manual", leaked=True),
                held(standing=refused, state=State.CANCELLED, spec=texts, source=HOSTILE),
            ]
        )
    )


def test_r9_whatever_stands_in_records_is_text() -> None:
    sites = (
        Site(
            name=HOSTILE,
            url="https://acme.example",
            condition="stalled",
            reason=HOSTILE,
            outbox=3,
            oldest_due_at=NOW,
            last_accepted_at=NOW,
            gating_refusal=HOSTILE,
        ),
    )
    query = Query(namespace=HOSTILE, site=HOSTILE, text=HOSTILE)
    known = (Rollout(0, "1", "v", State.FAILED, label=HOSTILE),)
    everything = snapshot(*hostile(), sites=sites, known=known, by=operator(cluster=HOSTILE))
    for query_ in (Query(), query):
        read = Read(render(everything, query_))
        assert [each["src"] for each in read.all("script")] == ["/static/status.js"]
        assert [each["src"] for each in read.all("img")] == ["/static/icon.svg"]
        assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
        links = [each["href"] or "" for each in (*read.all("a"), *read.all("link"))]
        assert links
        assert all(link.startswith(("https://acme.example/", "https://acme.example", "/", "#")) for link in links)
        assert read.text.count(HOSTILE) > 20


def test_markup_is_escaped_unless_it_was_made_here() -> None:
    assert tag("p", "<b>", tag("i", '"&"'), None, title='a"b<c') == (
        '<p title="a&quot;b&lt;c">&lt;b&gt;<i>&quot;&amp;&quot;</i></p>'
    )
    assert tag("input", name="x", disabled=True, hidden=False, value=None) == '<input name="x" disabled>'
    assert isinstance(tag("p"), Markup)


@pytest.mark.parametrize(
    ("by", "said", "unsaid"),
    [
        (operator(role="starting", waits_for=("records", "watches")), "It still waits for: records, watches.", "Sites"),
        (operator(role="standing by"), "Just now no replica leads.", "Sites"),
        (
            operator(role="standing by", leader="jdo-7", leader_namespace="jira-operator"),
            "kubectl port-forward -n jira-operator pod/jdo-7 8081",
            "Nothing is held.",
        ),
        (operator(), "Nothing is held.", "stands by"),
    ],
)
def test_a_replica_that_is_not_at_work_says_so_and_claims_nothing(by: Operator, said: str, unsaid: str) -> None:
    read = Read(render(snapshot(by=by), Query()))
    assert said in read.text
    assert unsaid not in read.text


def test_what_is_empty_says_why() -> None:
    nothing = Read(render(snapshot(), Query())).text
    assert "Nothing is held." in nothing
    assert "No rollout yet." in nothing
    unmatched = Read(render(snapshot(done(), held(), query=Query(text="x-y-z")), Query(text="x-y-z"))).text
    assert "No hold matches the filter." in unmatched
    assert "No rollout matches the filter." in unmatched
    assert "0 of 2" in unmatched


def test_what_is_left_out_is_counted() -> None:
    seen = snapshot(done(), held()).model_copy(
        update={"rollouts_left_out": 1234, "holds_left_out": 56, "namespaces_left_out": 7}
    )
    text = Read(render(seen, Query())).text
    for words in ("and 1,234 more", "and 56 more", "and 7 more"):
        assert words in text


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({"condition": "ok"}, ("OK", "nothing due", "nothing accepted since the operator started")),
        (
            {"condition": "ok", "outbox": 1, "oldest_due_at": "2026-11-23T22:28:00.000Z"},
            ("1 transition due", "2 min ago"),
        ),
        (
            {"condition": "unavailable", "reason": "503", "outbox": 1200},
            ("Not available", "503", "1,200 transitions due"),
        ),
        ({"condition": "stalled", "reason": "403: no app"}, ("Stalled", "403: no app")),
        ({"condition": "ok", "gating_refusal": "403"}, ("Gates cannot be asked there: 403",)),
        ({"condition": "ok", "last_accepted_at": "2026-11-23T22:29:40.000Z"}, ("last accepted", "20 s ago")),
    ],
)
def test_a_site_tells_how_it_stands(site: dict[str, object], words: tuple[str, ...]) -> None:
    shown = Site.model_validate({"name": "acme", "url": "https://acme.example", "outbox": 0, **site})
    text = Read(render(snapshot(sites=(shown,)), Query())).text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5000, ""),
        (9_999, ""),
        (10_000, "10 s"),
        (59_999, "50 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (86_399_999, "23 h"),
        (86_400_000, "1 d"),
    ],
)
def test_a_length_of_time_is_calm(milliseconds: int, text: str) -> None:
    assert span(milliseconds) == text
