"""The checks Jira makes itself, split as it does: what spoils a deployment, and what spoils the request.

Fact 1.5: an invalid single deployment is rejected inside a 202; a 400 is for the request as a whole. Yet
"Associations must provide at least one value." comes as a 400 (fixture C1), so one bad item spoils its batch.
Wordings follow the fixtures where one was ever seen.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sandbox.jira.associations import ENTITY_TYPES, ISSUE_TYPES, SERVICE_TYPE, associations_of

ITEMS_AT_MOST = 100
VALUES_AT_MOST = 500
PROPERTIES_AT_MOST = 5
STATES = ("unknown", "pending", "in_progress", "cancelled", "failed", "rolled_back", "successful")
ENVIRONMENT_TYPES = ("unmapped", "development", "testing", "staging", "production")
GATING_COMMAND = "initiate_deployment_gating"

_ISSUE_KEY = re.compile(r"\w{1,255}-\d{1,255}")
_ISSUE_ID_OR_KEY = re.compile(r"\w{1,255}-\d{1,255}|\d{1,255}")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class _Text(NamedTuple):
    path: str
    longest: int = 255
    required: bool = True


_TEXTS = (
    _Text("displayName"),
    _Text("url", 2000),
    _Text("description"),
    _Text("label", required=False),
    _Text("pipeline.displayName"),
    _Text("pipeline.url", 2000),
    _Text("environment.displayName"),
)
_ADDRESSES = ("url", "pipeline.url")


def request_faults(body: Mapping[str, Any]) -> Iterator[str]:
    """Tell what makes Jira refuse the request as a whole."""
    items = body.get("deployments")
    if not isinstance(items, list) or not items:
        yield "At least one 'deployments' is required"
        return
    if len(items) > ITEMS_AT_MOST:
        yield f"At most {ITEMS_AT_MOST} 'deployments' are allowed. Found {len(items)}."
    yield from property_faults(body.get("properties", {}))
    for item in items:
        yield from _spoiling_faults(item)


def asks_for_gate(item: Mapping[str, Any]) -> bool:
    """Tell whether a deployment comes with the command to open a gate."""
    commands = item.get("commands")
    return isinstance(commands, list) and any(
        isinstance(command, dict) and command.get("command") == GATING_COMMAND for command in commands
    )


def item_faults(item: Mapping[str, Any]) -> Iterator[str]:
    """Tell what makes Jira reject this one deployment."""
    for text in _TEXTS:
        yield from _text_faults(item, text)
    yield from _number_faults(item)
    if item.get("state") not in STATES:
        yield f"'state' must be one of {', '.join(STATES)}"
    if _at(item, "environment.type") not in ENVIRONMENT_TYPES:
        yield f"'environment.type' must be one of {', '.join(ENVIRONMENT_TYPES)}"
    if not _is_date_time(item.get("lastUpdated")):
        yield "'lastUpdated' must be a date-time"
    if item.get("schemaVersion", "1.0") != "1.0":
        yield "'schemaVersion' must be 1.0"
    yield from _command_faults(item)
    yield from _link_faults(item)


def property_faults(properties: Any) -> Iterator[str]:
    """Tell what is wrong with the properties deployments are submitted with, and deleted by."""
    if not isinstance(properties, dict):
        yield "'properties' must be an object"
        return
    if len(properties) > PROPERTIES_AT_MOST:
        yield f"At most {PROPERTIES_AT_MOST} 'properties' are allowed. Found {len(properties)}."
    for name, value in properties.items():
        if ":" in name or name.startswith("_"):
            yield f"Property key '{name}' must not contain ':' or start with '_'"
        if not isinstance(value, str) or len(value) > 255:
            yield f"Property '{name}' must be a string of at most 255 characters"


def is_integer(value: object) -> bool:
    """Tell whether a JSON value is an int64 (a number in a string is none)."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def has_key(item: Mapping[str, Any]) -> bool:
    """Tell whether the deployment can be named, which an answer needs in order to reject it alone."""
    ids = (_at(item, "pipeline.id"), _at(item, "environment.id"))
    named = all(isinstance(value, str) and 0 < len(value) <= 255 for value in ids)
    return named and is_integer(item.get("deploymentSequenceNumber"))


def _spoiling_faults(item: Any) -> Iterator[str]:
    if not isinstance(item, dict) or not has_key(item):
        yield "Each deployment needs 'pipeline.id', 'environment.id' and 'deploymentSequenceNumber'"
        return
    if "issueKeys" in item and "associations" in item:
        yield (
            "issueKeys and associations are mutually exclusive. "
            "Either only specify issueKeys or pass issueKeys as an associationType."
        )
    associations = item.get("associations")
    if isinstance(associations, list):
        empty = any(isinstance(link, dict) and link.get("values") in ([], None) for link in associations)
        if empty or not associations:
            yield "Associations must provide at least one value."


def _text_faults(item: Mapping[str, Any], text: _Text) -> Iterator[str]:
    value = _at(item, text.path)
    if value is None and (text.required or text.path not in item):
        if text.required:
            yield f"'{text.path}' is required"
    elif not isinstance(value, str):
        yield f"'{text.path}' must be a string"
    elif text.required and not value:
        yield f"'{text.path}' is required"
    elif len(value) > text.longest:
        yield f"'{text.path}' must be at most {text.longest} characters"
    elif text.path in _ADDRESSES and not _is_address(value):
        yield f"'{text.path}' must be an absolute URL"


def _number_faults(item: Mapping[str, Any]) -> Iterator[str]:
    if item.get("updateSequenceNumber") is None:
        yield "'updateSequenceNumber' is required"
    elif not is_integer(item["updateSequenceNumber"]):
        yield "'updateSequenceNumber' must be an integer"
    if "duration" in item and not is_integer(item["duration"]):
        yield "'duration' must be an integer"


def _command_faults(item: Mapping[str, Any]) -> Iterator[str]:
    commands = item.get("commands", [])
    if not isinstance(commands, list) or not all(isinstance(command, dict) for command in commands):
        yield "'commands' must be an array of objects"
    elif item.get("state") != "pending" and asks_for_gate(item):
        # Fact 3.2: "The API returns an error if state does not fit the command".
        yield f"'{GATING_COMMAND}' needs the state pending"


def _link_faults(item: Mapping[str, Any]) -> Iterator[str]:
    if item.get("issueKeys") in (None, []) and "associations" not in item:
        yield "At least one 'issueKeys' is required"
        return
    name = "issueKeys" if "issueKeys" in item else "associations"
    links: Any = associations_of(item)
    if not isinstance(links, list) or not all(_is_link(link) for link in links):
        yield f"'{name}' is invalid"
        return
    limit = 100 if name == "issueKeys" else 3
    if len(item[name]) > limit:
        yield f"At most {limit} '{name}' are allowed. Found {len(item[name])}."
    total = sum(len(link["values"]) for link in links)
    if total > VALUES_AT_MOST:
        yield (
            "Sum of Association values across all association types can have a maximum of "
            f"{VALUES_AT_MOST} elements. Found {total}."
        )
    if name == "issueKeys" and not all(_ISSUE_KEY.fullmatch(key) for key in item[name]):
        yield "'issueKeys' is invalid"


def _is_link(link: Any) -> bool:
    if not isinstance(link, dict) or not isinstance(link.get("values"), list):
        return False
    kind, values = link.get("associationType"), link["values"]
    if kind in ISSUE_TYPES:
        return all(isinstance(value, str) and (not value or _ISSUE_ID_OR_KEY.search(value)) for value in values)
    if kind == SERVICE_TYPE:
        return all(isinstance(value, str) and len(value) <= 255 for value in values)
    needed = ("repositoryId", "commitHash") if kind == "commit" else ("repositoryId",)
    return kind in ENTITY_TYPES and all(isinstance(value, dict) and _has_texts(value, needed) for value in values)


def _has_texts(value: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return all(isinstance(value.get(name), str) and len(value[name]) <= 255 for name in names)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not any(sign <= " " for sign in text)


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def _at(item: Mapping[str, Any], path: str) -> Any:
    value: Any = item
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
