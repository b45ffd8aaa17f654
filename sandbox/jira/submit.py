"""Submitting deployments: judged item by item, answered at once, stored later (facts 1.2 to 1.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.jira.associations import Association, Links, sort_links, with_links
from sandbox.jira.checks import GATING_COMMAND, asks_for_gate, item_faults, request_faults
from sandbox.jira.exchange import Answer, Exchange, errors
from sandbox.jira.schema import Violations
from sandbox.jira.store import DeploymentKey, Store

NO_VALID_ASSOCIATIONS = "No valid associations found for deployment"
TOO_LARGE = "Data is too large. Submit fewer deployments in each payload"
NO_SERVICE = f"'{GATING_COMMAND}' needs a service: at least one known value of 'serviceIdOrKeys'"
TWICE = "A deployment must not appear twice in a request"


class Submit:
    """The operation submitDeployments."""

    def __init__(self, stores: Mapping[str, Store], violations: Violations, max_body_bytes: int) -> None:
        self._stores = stores
        self._violations = violations
        self._max_body_bytes = max_body_bytes

    def __call__(self, exchange: Exchange) -> Answer:
        """Judge the request, hand what is good to the store, and answer."""
        if exchange.size > self._max_body_bytes:
            return errors(413, TOO_LARGE)
        faults = _whole_request_faults(exchange.entry.body)
        if faults:
            self._violations.record(exchange.entry, *faults)
            return errors(400, *faults)
        verdict = _Verdict()
        for item in exchange.entry.body["deployments"]:
            self._judge(exchange, item, verdict)
        return Answer(202, verdict.as_json())

    def _judge(self, exchange: Exchange, item: dict[str, Any], verdict: "_Verdict") -> None:
        site = exchange.known_site
        key = _key(item)
        faults = list(item_faults(item))
        self._violations.record(exchange.entry, *faults)
        faults += [poison.message for poison in exchange.poisoned if poison.picks(item)]
        if faults:
            verdict.reject(key, faults)
            return
        links = sort_links(site, item)
        verdict.note_unknown(links)
        if links.spoiled:
            self._violations.record(exchange.entry, "an association value is empty")
        if not links.carry:
            verdict.reject(key, [NO_VALID_ASSOCIATIONS])
            return
        if asks_for_gate(item) and not links.have_service:
            # Fact 3.2. A team that has not linked its service is no mistake of the client, so it is no violation.
            verdict.reject(key, [NO_SERVICE])
            return
        verdict.accepted.append(key)
        properties = exchange.entry.body.get("properties", {})
        self._stores[site.name].submit(key, with_links(item, links), properties)


@dataclass
class _Verdict:
    accepted: list[DeploymentKey] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    unknown_issue_keys: dict[str, None] = field(default_factory=dict)
    unknown_associations: list[Association] = field(default_factory=list)

    def reject(self, key: DeploymentKey, messages: list[str]) -> None:
        self.rejected.append({"key": key.as_json(), "errors": [{"message": message} for message in messages]})

    def note_unknown(self, links: Links) -> None:
        self.unknown_issue_keys.update(dict.fromkeys(links.unknown_issue_keys))
        self.unknown_associations.extend(link for link in links.unknown if link not in self.unknown_associations)

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "unknownIssueKeys": list(self.unknown_issue_keys),
            "acceptedDeployments": [key.as_json() for key in self.accepted],
            "rejectedDeployments": self.rejected,
        }
        # None of the lists is promised, and the real one leaves this one out when it is empty (fixture B1).
        if self.unknown_associations:
            body["unknownAssociations"] = self.unknown_associations
        return body


def _whole_request_faults(body: Any) -> list[str]:
    if not isinstance(body, dict):
        return ["The body must be a JSON object"]
    faults = list(dict.fromkeys(request_faults(body)))
    if not faults:
        keys = [_key(item) for item in body["deployments"]]
        # What the real one does with a key that comes twice is unknown; a client must not depend on it.
        if len(set(keys)) < len(keys):
            faults.append(TWICE)
    return faults


def _key(item: Mapping[str, Any]) -> DeploymentKey:
    return DeploymentKey(item["pipeline"]["id"], item["environment"]["id"], item["deploymentSequenceNumber"])
