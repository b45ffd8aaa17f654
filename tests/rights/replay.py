"""Reads an audit log from its beginning: what was granted when, what our accounts asked for, and whether they might.

Requests are judged by what the chart granted before they were made, not by what the API server answered; but it must
have come to the same decision. While it starts it may come to another, as it listens before it has read any role; and
so it may in a namespace that goes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import yaml

from tests.rights.features import features_in
from tests.rights.grants import Grants, account_of
from tests.rights.rights import SETTINGS, Granted, Right, granted_to, is_settings
from tests.rights.rules import Request

WRITES: Final = ("create", "update", "patch")
KINDS: Final = {
    "roles": "Role",
    "clusterroles": "ClusterRole",
    "rolebindings": "RoleBinding",
    "clusterrolebindings": "ClusterRoleBinding",
}
_ACCOUNT: Final = account_of("", "").removesuffix(":")
_RELEVANT: Final = (f'"username":"{_ACCOUNT}', '"responseObject":', '"verb":"delete"')
"""What the lines of an audit log that matter have in them; most lines are of the control plane's own."""


@dataclass
class Usage:
    """What was granted under the same features, and what of it was used."""

    granted: set[Right] = field(default_factory=set)
    used: set[Right] = field(default_factory=set)


@dataclass(frozen=True)
class Installed:
    """The chart in a namespace: what its names begin with, and the features it was installed with."""

    fullname: str
    features: frozenset[str]

    def has(self, account: str) -> bool:
        """Whether the chart has made this ServiceAccount, the operator's or another component's."""
        return account == self.fullname or account.startswith(f"{self.fullname}-")


@dataclass
class Replay:
    """What was found up to now; `refused` are requests that should not have been made, told to people.

    `starts` are the times in which the API server was about to start, as its log writes times.
    """

    starts: Sequence[tuple[str, str]] = ()
    usage: dict[frozenset[str], Usage] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    _grants: Grants = field(default_factory=Grants)
    _gone: set[str] = field(default_factory=set)
    """Namespaces that were deleted: what is granted in them goes at some moment soon after."""
    _installed: dict[str, Installed] = field(default_factory=dict)
    # What an account had, as long as the features are the same: while a release is uninstalled, it loses one after
    # the other.
    _granted: dict[tuple[str, Installed], set[Granted]] = field(default_factory=dict)
    _changed: set[tuple[str, Installed]] = field(default_factory=set)

    def read(self, lines: Iterable[str]) -> Self:
        """Take in the lines of an audit log."""
        for line in lines:
            if any(each in line for each in _RELEVANT):
                self.take(json.loads(line))
        return self

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event."""
        if event["user"]["username"].startswith(_ACCOUNT):
            self._judge(event)
        if event.get("responseStatus", {}).get("code", 500) < 300 and "dryRun=" not in event["requestURI"]:
            self._learn(event)

    def _learn(self, event: Mapping[str, Any]) -> None:
        asked, body = event.get("objectRef") or {}, event.get("responseObject")
        if asked.get("resource") in KINDS:
            self._changed = set(self._granted)
        if asked.get("resource") == "namespaces" and event["verb"] == "delete":
            self._gone.add(asked["name"])
        if event["verb"] == "delete" and asked.get("resource") in KINDS:
            self._grants.remove((KINDS[asked["resource"]], asked.get("namespace", ""), asked["name"]))
        elif event["verb"] in WRITES and body:
            self._grants.put(body)
            if is_settings(body):
                fullname = body["metadata"]["name"].removesuffix(SETTINGS)
                settings = yaml.safe_load(body["data"]["settings.yaml"])
                self._installed[body["metadata"]["namespace"]] = Installed(fullname, features_in(settings))

    def _judge(self, event: Mapping[str, Any]) -> None:
        user = event["user"]["username"]
        namespace, _, name = user.removeprefix(_ACCOUNT).partition(":")
        installed = self._installed.get(namespace)
        if installed is None or not installed.has(name):
            return  # an account of somebody else, such as a test's own beside the release
        request, granted = Request.of(event), self._granted_to(event["user"], installed)
        allowing = [each for each in granted if each.allows(request)]
        if not allowing:
            self.refused.append(f"{user}: {request}: the chart does not grant it")
        elif _is_forbidden(event) and not self._is_excused(event, request):
            self.refused.append(f"{user}: {request}: was forbidden, though the chart grants it")
        usage = self.usage.setdefault(installed.features, Usage())
        usage.granted |= {each.right for each in granted if each.right}
        usage.used |= {each.right for each in allowing if each.right}

    def _is_excused(self, event: Mapping[str, Any], request: Request) -> bool:
        starts = any(begin <= event["requestReceivedTimestamp"] <= end for begin, end in self.starts)
        return starts or request.namespace in self._gone

    def _granted_to(self, user: Mapping[str, Any], installed: Installed) -> set[Granted]:
        key = user["username"], installed
        if key in self._changed or key not in self._granted:
            now = granted_to(self._grants, user["username"], user.get("groups", ()), installed.fullname)
            self._granted[key] = self._granted.get(key, set()) | set(now)
            self._changed.discard(key)
        return self._granted[key]


def _is_forbidden(event: Mapping[str, Any]) -> bool:
    """Whether the API server's authorizer said no; policies may refuse a request as well, whoever makes it."""
    return bool((event.get("annotations") or {}).get("authorization.k8s.io/decision") == "forbid")
