"""The page, written whole by the operator: it reads the same with scripts and without. Pure.

The script in it only fetches the page again and takes over what differs, so there is one place that says how anything
looks. What it takes over are the elements marked `data-live`; what has a `data-key` is the same thing as before.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.status_page import holds, rollouts
from jira_deployment_operator.status_page.markup import Markup, join, tag
from jira_deployment_operator.status_page.parts import STATES, clock, count, pill, when
from jira_deployment_operator.status_page.query import TEXT_MAX, Query
from jira_deployment_operator.status_page.snapshot import Operator, Site, Snapshot

_NOSCRIPT_SECONDS: Final = 30
_CONDITIONS: Final = {"ok": "OK", "unavailable": "Not available", "stalled": "Stalled"}


def render(seen: Snapshot, query: Query) -> str:
    """Return the page as HTML."""
    return f"<!doctype html>\n{tag('html', _head(seen), _body(seen, query), lang='en')}\n"


def _head(seen: Snapshot) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="application-name", content="jira-deployment-operator"),
        tag("title", _title(seen)),
        tag("link", rel="icon", href="/static/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="/static/status.css"),
        tag("script", src="/static/status.js", type="module"),
        tag("noscript", tag("meta", http_equiv="refresh", content=str(_NOSCRIPT_SECONDS))),
    )


def _title(seen: Snapshot) -> str:
    stalled = [each for each in seen.sites if each.condition == "stalled"]
    news = [
        f"{len(stalled)} stalled" if stalled else "",
        f"{seen.totals.holds} held" if seen.totals.holds else "",
    ]
    return " · ".join([*filter(None, news), "Rollouts", seen.operator.cluster])


def _body(seen: Snapshot, query: Query) -> Markup:
    return tag(
        "body", tag("a", "Skip to the rollouts", class_="skip", href="#rollouts"), _top(seen), _main(seen, query)
    )


def _top(seen: Snapshot) -> Markup:
    return tag(
        "header",
        tag("img", src="/static/icon.svg", alt="", width="32", height="32"),
        tag(
            "div",
            tag("h1", "Rollouts and Jira"),
            tag("p", f"cluster {seen.operator.cluster} · jira-deployment-operator {seen.operator.version}"),
        ),
        tag("p", f"as of {clock(seen.at)}", id="connection", class_="connection", role="status"),
        class_="top",
    )


def _main(seen: Snapshot, query: Query) -> Markup:
    lost = tag("p", id="lost", class_="banner", data_tone="bad", role="alert", hidden=True)
    notice = tag("div", _role(seen.operator), id="role", data_live=True)
    if seen.operator.role != "leading":
        return tag("main", lost, notice)
    return tag(
        "main",
        lost,
        notice,
        tag("section", *_sites(seen), id="sites", data_live=True, aria_labelledby="sites-title"),
        _filter(seen, query),
        tag("section", *holds.section(seen, query), id="holds", data_live=True, aria_labelledby="holds-title"),
        tag(
            "section",
            *rollouts.section(seen, query),
            id="rollouts",
            data_live=True,
            aria_labelledby="rollouts-title",
        ),
        tag("footer", _footer(query), id="footer", data_live=True),
    )


def _footer(query: Query) -> Markup:
    address = f"/status.json?{query}" if query else "/status.json"
    return tag(
        "p",
        "This page only shows what the operator has in memory: it changes nothing. The same for programs: ",
        tag("a", address, href=address),
    )


def _role(operator: Operator) -> Markup | None:
    if operator.role == "starting":
        return tag(
            "p",
            tag("strong", "The operator is starting."),
            f" It still waits for: {', '.join(operator.waits_for)}. What it knows is shown as soon as it has read it.",
            class_="banner",
        )
    if operator.role == "leading":
        return None
    if not operator.leader:
        return tag("p", tag("strong", "This replica stands by."), " Just now no replica leads.", class_="banner")
    place = f" -n {operator.leader_namespace}" if operator.leader_namespace else ""
    return tag(
        "div",
        tag(
            "p", tag("strong", "This replica stands by: "), tag("b", operator.leader), " leads, and knows the rollouts."
        ),
        tag("p", "To look there: ", tag("code", f"kubectl port-forward{place} pod/{operator.leader} {operator.port}")),
        class_="banner",
    )


def _sites(seen: Snapshot) -> Iterator[Markup]:
    yield tag("h2", "Sites", id="sites-title")
    yield tag("ul", *(_site(each, seen.at) for each in seen.sites), class_="sites")


def _site(site: Site, now: str) -> Markup:
    due = "nothing due"
    if site.outbox:
        due = f"{count(site.outbox, 'transition')} due"
    age = join([", the oldest ", when(site.oldest_due_at, now)]) if site.oldest_due_at else None
    accepted: Markup | str = "nothing accepted since the operator started"
    if site.last_accepted_at:
        accepted = join(["last accepted ", when(site.last_accepted_at, now)])
    return tag(
        "li",
        tag(
            "p",
            tag("span", _CONDITIONS[site.condition], class_="pill", data_condition=site.condition),
            " ",
            tag("strong", site.name),
            " ",
            tag("a", site.url.partition("://")[2], href=site.url, rel="noopener noreferrer", class_="soft"),
        ),
        tag("p", due, age, " · ", accepted, class_="soft"),
        tag("p", site.reason, class_="reason") if site.reason else None,
        tag("p", "Gates cannot be asked there: ", site.gating_refusal, class_="reason")
        if site.gating_refusal
        else None,
        data_key=f"site {site.name}",
        data_site=site.name,
    )


def _filter(seen: Snapshot, query: Query) -> Markup:
    left_out = (
        tag("option", f"and {seen.namespaces_left_out:,} more: search for them", disabled=True)
        if seen.namespaces_left_out
        else None
    )
    states = tag("div", *_states(seen, query), id="states", data_live=True, class_="states")
    return tag(
        "form",
        states,
        tag(
            "div",
            _field(
                "Search",
                tag(
                    "input",
                    type="search",
                    name="text",
                    value=query.text,
                    maxlength=str(TEXT_MAX),
                    placeholder="workload, version, issue",
                    autocomplete="off",
                ),
            ),
            _field(
                "Namespace", _select("namespace", query.namespace, [(each, each) for each in seen.namespaces], left_out)
            ),
            _field("State", _select("state", query.state or "", [(each.value, STATES[each]) for each in State])),
            _field("Site", _select("site", query.site, [(each.name, each.name) for each in seen.sites])),
            tag("button", "Filter", type="submit"),
            class_="fields",
        ),
        id="filter",
        method="get",
        action="/",
        role="search",
        aria_label="Filter holds and rollouts",
    )


def _states(seen: Snapshot, query: Query) -> Iterator[Markup]:
    for state, number in seen.totals.states.items():
        is_chosen = query.state is state
        address = str(replace(query, state=None if is_chosen else state))
        yield tag(
            "a",
            pill(state),
            f" {number:,}",
            href=f"/?{address}",
            class_="chip",
            aria_current="true" if is_chosen else None,
            data_key=f"state {state}",
        )
    if query:
        yield tag("a", "Show all", href="/", class_="all")


def _field(label: str, control: Markup) -> Markup:
    return tag("label", tag("span", label), control)


def _select(name: str, chosen: str, options: list[tuple[str, str]], more: Markup | None = None) -> Markup:
    known = [value for value, _ in options]
    unknown = [(chosen, chosen)] if chosen and chosen not in known else []
    return tag(
        "select",
        tag("option", "any", value=""),
        *(tag("option", text, value=value, selected=value == chosen) for value, text in [*unknown, *options]),
        more,
        name=name,
    )
