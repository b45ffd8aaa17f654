"""The section of rollouts, newest first. Pure."""

from collections.abc import Iterator

from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.status_page.holds import commands
from jira_deployment_operator.status_page.markup import Markup, tag
from jira_deployment_operator.status_page.parts import clock, count, issue, left_out, pill, when
from jira_deployment_operator.status_page.query import Query
from jira_deployment_operator.status_page.snapshot import Gate, Rollout, Snapshot, Transition


def section(seen: Snapshot, query: Query) -> Iterator[Markup | None]:
    """Yield the section's content."""
    shown = len(seen.rollouts) + seen.rollouts_left_out
    number = f"{shown:,} of {seen.totals.rollouts:,}" if query else f"{shown:,}"
    yield tag("h2", "Rollouts ", tag("small", number), id="rollouts-title", tabindex="-1")
    if not seen.rollouts:
        yield _nothing(query)
        return
    yield tag(
        "p",
        "The newest of each workload, and those before it of which Jira must still be told.",
        class_="soft note",
    )
    yield tag("ul", *(_rollout(each, seen.at) for each in seen.rollouts), class_="rows")
    yield left_out(seen.rollouts_left_out)


def _nothing(query: Query) -> Markup:
    if query:
        return tag("p", "No rollout matches the filter. ", tag("a", "Show all", href="/"), class_="none")
    return tag(
        "div",
        tag("p", "No rollout yet. The operator follows a workload as soon as somebody asks for it:"),
        tag(
            "ul",
            tag("li", "by a ", tag("code", "JiraDeploymentLink"), " that names it, or"),
            tag(
                "li", "by the annotation ", tag("code", 'jira-operator.dev/report: "true"'), " on it or its namespace."
            ),
        ),
        class_="none",
    )


def _rollout(rollout: Rollout, now: str) -> Markup:
    where = rollout.workload
    return tag(
        "li",
        tag(
            "div",
            pill(rollout.state),
            tag("strong", where.name, title=where.kind, class_="name"),
            tag("span", rollout.version, class_="version"),
            tag("span", f"{where.namespace} · {rollout.environment.name}", class_="place"),
            tag("span", *_issues(rollout), class_="issues"),
            tag("span", when(rollout.started_at, now), class_="when"),
            class_="line",
        ),
        _told(rollout),
        tag("details", tag("summary", _summary(rollout)), *_details(rollout, now)),
        class_="row",
        data_key=f"rollout {where.namespace}/{rollout.record}",
    )


def _issues(rollout: Rollout) -> Iterator[Markup | str]:
    for number, each in enumerate(rollout.issues):
        if number:
            yield " "
        yield issue(each)
    if rollout.issues_left_out:
        yield f" and {rollout.issues_left_out:,} more"


def _told(rollout: Rollout) -> Markup | None:
    if not rollout.told or (rollout.told_well and not _is_due(rollout) and not rollout.is_baseline):
        return None
    return tag("p", rollout.told, class_="why soft" if rollout.told_well else "reason")


def _is_due(rollout: Rollout) -> bool:
    return any(each.delivery is Delivery.DUE for each in rollout.transitions)


def _summary(rollout: Rollout) -> str:
    if not rollout.transitions:
        return "Details"
    number = len(rollout.transitions) + rollout.transitions_left_out
    return f"{count(number, 'transition')}, the newest {rollout.transitions[-1].delivery}"


def _details(rollout: Rollout, now: str) -> Iterator[Markup | None]:
    where = rollout.workload
    yield tag(
        "dl",
        *_fact("Workload", f"{where.kind} {where.namespace}/{where.name}"),
        *_fact("Record", rollout.record),
        *_fact("Environment", f"{rollout.environment.name} ({rollout.environment.type}), {rollout.environment.id}"),
        *_fact("Pipeline", rollout.pipeline),
        *_fact("Site", rollout.site),
        *_fact("Gate", _gate(rollout.gate)),
    )
    if rollout.transitions:
        yield tag(
            "div",
            tag(
                "table",
                tag("caption", "Transitions, newest first"),
                tag("thead", tag("tr", *(tag("th", head, scope="col") for head in ("State", "When", "Jira", "Why")))),
                tag("tbody", *(_transition(each, now) for each in reversed(rollout.transitions))),
            ),
            class_="scroll",
        )
    if rollout.transitions_left_out:
        yield tag("p", f"and {rollout.transitions_left_out:,} before them", class_="soft")
    if rollout.commands:
        yield tag("p", "It is refused, and stays held until another version is applied, or somebody overrides it:")
        yield from commands(rollout.commands)
    if rollout.earlier:
        yield tag("p", "Before it: ", *_earlier(rollout), class_="earlier")


def _fact(name: str, value: str) -> tuple[Markup, ...]:
    return (tag("dt", name), tag("dd", value)) if value else ()


def _gate(gate: Gate | None) -> str:
    if gate is None:
        return ""
    by = f" by {gate.by}" if gate.by else ""
    return ": ".join(each for each in (f"{gate.decision or 'waits'}{by}", gate.reason, gate.message) if each)


def _transition(transition: Transition, now: str) -> Markup:
    why = f"{transition.reason}: {transition.message}" if transition.message else transition.reason
    return tag(
        "tr",
        tag("td", pill(transition.state)),
        tag("td", when(transition.time, now), tag("small", clock(transition.time))),
        tag("td", tag("span", transition.delivery, data_delivery=transition.delivery, class_="delivery")),
        tag("td", why),
    )


def _earlier(rollout: Rollout) -> Iterator[Markup | str]:
    for number, each in enumerate(rollout.earlier):
        yield ", " if number else ""
        yield tag("span", each.version, class_="version")
        yield " "
        yield pill(each.state)
