"""The small pieces that the page is made of. Pure."""

from typing import Final

from jira_deployment_operator.api.states import State
from jira_deployment_operator.status_page.markup import Markup, tag
from jira_deployment_operator.status_page.snapshot import Issue
from jira_deployment_operator.tracking.transitions import epoch_ms

STATES: Final = {
    State.PENDING: "Pending",
    State.IN_PROGRESS: "In progress",
    State.SUCCESSFUL: "Successful",
    State.FAILED: "Failed",
    State.CANCELLED: "Cancelled",
    State.ROLLED_BACK: "Rolled back",
}
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def count(number: int, thing: str) -> str:
    """Return how many there are, in words."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def pill(state: State | None) -> Markup:
    """Return a state as a coloured word."""
    return tag("span", STATES[state] if state else "Not begun", class_="pill", data_state=state or "none")


def when(time: str, now: str) -> Markup:
    """Return how long before `now` something was, and when that was for whoever asks."""
    length = span(epoch_ms(now) - epoch_ms(time))
    return tag("time", f"{length} ago" if length else "just now", datetime=time, title=clock(time))


def clock(time: str) -> str:
    """Return a timestamp as people read it."""
    return f"{time[:10]} {time[11:19]} UTC"


def lasting(since: str, now: str) -> Markup:
    """Return how long something has lasted by `now`."""
    length = span(epoch_ms(now) - epoch_ms(since))
    return tag("time", f"for {length}" if length else "just now", datetime=since, title=f"since {clock(since)}")


def span(milliseconds: int) -> str:
    """Return a length of time, calm to look at: of seconds only tens, and nothing below."""
    seconds = max(0, milliseconds // 1000)
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds // 10 * 10} s" if seconds >= 10 else ""


def issue(found: Issue) -> Markup:
    """Return an issue, as a link to it if there is one."""
    if not found.url:
        return tag("span", found.key)
    return tag("a", found.key, href=found.url, target="_blank", rel="noopener noreferrer")


def command(text: str, label: str) -> Markup:
    """Return a command, and a button that copies it, which shows where scripts run."""
    return tag(
        "div",
        tag("code", text),
        tag("button", "Copy", type="button", class_="copy", aria_label=f"Copy the command to {label}"),
        class_="command",
    )


def left_out(number: int) -> Markup | None:
    """Return how many more there are, if there are any."""
    return tag("p", f"and {number:,} more: filter to see them", class_="soft more") if number else None
