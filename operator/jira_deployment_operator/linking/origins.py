"""The words for who said what, so that whoever asks why Jira shows something can be told."""

from collections.abc import Mapping
from typing import Final

from jira_deployment_operator.settings import EnvironmentRule

POD_TEMPLATE: Final = "pod template"
WORKLOAD: Final = "workload"
NAMESPACE: Final = "namespace"
SETTINGS: Final = "settings"
DEFAULT: Final = "default"
"""Nobody said anything usable: what the operator derives by itself counts."""

GATE: Final = "gate"
"""A rollout that waits for somebody must be reported, so that there is something to ask about."""

TEXTS: Final = "text annotations"
EARLIER_ROLLOUTS: Final = "earlier rollouts"

_LINK: Final = "link "


def of_link(name: str) -> str:
    """Return the word for a link as a source."""
    return f"{_LINK}{name}"


def is_link(origin: str) -> bool:
    """Return whether a source is a link."""
    return origin.startswith(_LINK)


def completed(
    said: Mapping[str, str],
    *,
    rule: EnvironmentRule | None,
    by_default: frozenset[str],
    keys_in_texts: bool,
    carried_keys: bool,
) -> dict[str, str]:
    """Return the source of every field of a target: also of those that no source speaks of directly.

    `rule` is the platform team's for the namespace; `by_default` are the texts that no template gave.
    """
    by_rule = {
        "environment": rule and rule.id,
        "environment_name": rule and rule.name,
        "environment_type": rule and rule.type,
    }
    found = {"pipeline": DEFAULT, **{name: SETTINGS if value else DEFAULT for name, value in by_rule.items()}}
    if "environment" in said:
        found["environment_name"] = said["environment"]
    found |= said
    found |= dict.fromkeys(by_default, DEFAULT)
    if keys_in_texts:
        found["keys_in_texts"] = TEXTS
    if carried_keys:
        found["carried_keys"] = EARLIER_ROLLOUTS
    return found
