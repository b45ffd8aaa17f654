"""What a deployment is linked to, and which of it a site knows.

Facts 1.4 and 1.5: a deployment is stored for the values Jira knows; with none of them known it is rejected.
An empty value spoils its deployment (fixture B3). Commits and repositories alone do not carry a deployment
here: whether the real one stores such a deployment is unverified, so the stand-in takes the older, stricter
documentation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.jira.sites import JiraSite

ISSUE_TYPES = frozenset({"issueKeys", "issueIdOrKeys"})
SERVICE_TYPE = "serviceIdOrKeys"
ENTITY_TYPES = frozenset({"commit", "repository"})

_ISSUE_KEY = re.compile(r"\w{1,255}-\d{1,255}")

Association = dict[str, Any]


@dataclass
class Links:
    """The associations of one deployment, sorted by what the site knows."""

    known: list[Association] = field(default_factory=list)
    unknown: list[Association] = field(default_factory=list)
    spoiled: bool = False

    @property
    def carry(self) -> bool:
        """Whether the deployment may be stored."""
        return not self.spoiled and any(link["associationType"] not in ENTITY_TYPES for link in self.known)

    @property
    def have_service(self) -> bool:
        """Whether there is a service to which a change request could belong."""
        return any(link["associationType"] == SERVICE_TYPE for link in self.known)

    @property
    def unknown_issue_keys(self) -> list[str]:
        """The unknown values that have the form of an issue key."""
        return [
            value
            for link in self.unknown
            if link["associationType"] in ISSUE_TYPES
            for value in link["values"]
            if _ISSUE_KEY.fullmatch(value)
        ]


def associations_of(data: Mapping[str, Any]) -> list[Association]:
    """Read a valid deployment's links; the deprecated `issueKeys` field is one association of that type."""
    if "issueKeys" in data:
        return [{"associationType": "issueKeys", "values": data["issueKeys"]}]
    associations: list[Association] = data.get("associations", [])
    return associations


def issue_keys_of(data: Mapping[str, Any]) -> list[str]:
    """List the issues a stored deployment is shown on."""
    return _values(data, ISSUE_TYPES)


def services_of(data: Mapping[str, Any]) -> list[str]:
    """List the services a stored deployment belongs to."""
    return _values(data, frozenset({SERVICE_TYPE}))


def sort_links(site: JiraSite, data: Mapping[str, Any]) -> Links:
    """Sort a valid deployment's links into what the site knows and what it does not."""
    links = Links()
    for association in associations_of(data):
        kind, values = association["associationType"], association["values"]
        known = [value for value in values if _knows(site, kind, value)]
        unknown = [value for value in values if not _knows(site, kind, value)]
        links.spoiled = links.spoiled or "" in values
        if known:
            links.known.append({"associationType": kind, "values": known})
        # An empty issue key cannot be told back: the answer's schema has no place for it.
        tellable = unknown if kind == SERVICE_TYPE else [value for value in unknown if value]
        if tellable:
            links.unknown.append({"associationType": kind, "values": tellable})
    return links


def with_links(data: Mapping[str, Any], links: Links) -> dict[str, Any]:
    """Copy a deployment so that it carries only the known links."""
    if "issueKeys" in data:
        return {**data, "issueKeys": links.known[0]["values"]}
    return {**data, "associations": links.known}


def _knows(site: JiraSite, kind: str, value: Any) -> bool:
    if kind in ISSUE_TYPES:
        return site.knows_issue(value)
    return site.knows_service(value) if kind == SERVICE_TYPE else True


def _values(data: Mapping[str, Any], kinds: frozenset[str]) -> list[str]:
    return [
        value
        for association in associations_of(data)
        if association["associationType"] in kinds
        for value in association["values"]
    ]
