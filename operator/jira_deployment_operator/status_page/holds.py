"""The section of what waits to be allowed. Pure."""

from collections.abc import Iterator

from jira_deployment_operator.status_page.markup import Markup, join, tag
from jira_deployment_operator.status_page.parts import command, issue, lasting, left_out
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Commands, Hold, Snapshot


def section(seen: Snapshot, query: Query) -> Iterator[Markup | None]:
    """Yield the section's content."""
    shown = len(seen.holds) + seen.holds_left_out
    number = f"{shown:,}" if shown == seen.totals.holds else f"{shown:,} of {seen.totals.holds:,}"
    yield tag("h2", "Holds ", tag("small", number), id="holds-title")
    if not seen.holds:
        yield tag(
            "p", "No hold matches the filter." if query and seen.totals.holds else "Nothing is held.", class_="none"
        )
        return
    yield tag("ul", *(_hold(each, seen.at) for each in seen.holds), class_="rows")
    yield left_out(seen.holds_left_out)


def _hold(hold: Hold, now: str) -> Markup:
    where = hold.workload
    key = f"hold {where.namespace}/{hold.record}"
    return tag(
        "li",
        tag(
            "div",
            tag("span", "Held", class_="pill", data_condition="held"),
            _name(hold),
            tag("span", hold.version, class_="version"),
            tag("span", where.namespace, class_="place"),
            tag("span", issue(hold.issue), class_="issues") if hold.issue else None,
            tag("span", lasting(hold.since, now), class_="when"),
            class_="line",
        ),
        tag("p", hold.waits_for, tag("span", f" · gate set by {hold.terms_from}", class_="soft"), class_="why"),
        tag("p", "It was held late: pods of this version may exist.", class_="reason") if hold.leaked else None,
        tag("details", tag("summary", "How to answer"), *commands(hold.commands)),
        data_key=key,
        class_="row",
    )


def commands(known: Commands) -> Iterator[Markup]:
    """Yield the ways to answer a hold."""
    ways = (("Approve", known.approve), ("Refuse", known.refuse), ("Override", known.override))
    for name, text in ways:
        if text:
            yield _way(name, command(text, name.lower()))
    yield _way("Override with kubectl alone", command(known.override_by_kubectl, "override with kubectl"))
    yield tag("p", "Put your reason in place of REASON: it is recorded, and told to Jira.", class_="soft")


def _way(name: str, *how: Markup) -> Markup:
    return tag("div", tag("p", name, class_="way"), join(how))


def _name(hold: Hold) -> Markup:
    return tag("strong", hold.workload.name, title=hold.workload.kind, class_="name")
