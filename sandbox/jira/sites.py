"""The Jira sites the stand-in plays, and what each of them knows.

Which issues exist is a rule instead of a list, so that a test may use any key of a known project. An unknown
key is information in Jira's answer, not an error: things like `UTF-8` look like keys and are none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

_ISSUE_KEY = re.compile(r"(?P<project>[A-Z][A-Z0-9_]*)-[1-9][0-9]{0,3}", re.ASCII)

SHARED_SECRET_AT_LEAST = 32
"""Bytes of a key for HS256 (RFC 7518, section 3.2); Atlassian's own secrets are longer."""


@dataclass(frozen=True)
class JiraSite:
    """One Jira Cloud site with one credential.

    Either an OAuth one (Jira → Settings → Apps → OAuth credentials) or that of an installed Connect app.
    """

    name: str
    cloud_id: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    projects: frozenset[str] = frozenset({"SHOP", "PAY", "OPS"})
    unknown_issues: frozenset[str] = frozenset()
    unknown_services: frozenset[str] = frozenset()
    app_key: str = field(default="", kw_only=True)
    shared_secret: str = field(default="", kw_only=True, repr=False)
    gating: bool = field(default=True, kw_only=True)
    """Whether the credential may read how gates stand; Atlassian documents it for some kinds of apps only."""

    def __post_init__(self) -> None:
        oauth, connect = (self.client_id, self.client_secret), (self.app_key, self.shared_secret)
        if not (all(oauth) and not any(connect)) and not (all(connect) and not any(oauth)):
            raise ValueError(f"{self.name} needs a client id and secret, or an app key and shared secret")
        if connect[1] and len(self.shared_secret.encode()) < SHARED_SECRET_AT_LEAST:
            raise ValueError(f"{self.name} needs a shared secret of at least {SHARED_SECRET_AT_LEAST} bytes")

    @property
    def auth(self) -> Literal["oauth", "connect"]:
        """How a client proves itself to this site."""
        return "connect" if self.app_key else "oauth"

    @property
    def secret(self) -> str:
        """The secret half of the credential."""
        return self.shared_secret if self.auth == "connect" else self.client_secret

    def with_secret(self, secret: str) -> Self:
        """Copy the site with another secret."""
        return replace(self, shared_secret=secret) if self.auth == "connect" else replace(self, client_secret=secret)

    def knows_issue(self, key: str) -> bool:
        """Tell whether the issue exists: a known project and a number from 1 to 9999.

        Issues are known by key alone here; a bare issue id is unknown to every site.
        """
        match = _ISSUE_KEY.fullmatch(key)
        return match is not None and match["project"] in self.projects and key not in self.unknown_issues

    def knows_service(self, service: str) -> bool:
        """Tell whether the service exists: every one that is not declared unknown, and never an empty id."""
        return bool(service) and service not in self.unknown_services


DEFAULT_SITE = JiraSite(
    name="acme",
    cloud_id="11223344-a1b2-4b33-8c44-def123456789",
    client_id="stand-in-client-id",
    client_secret="stand-in-client-secret",
)
CONNECT_SITE = JiraSite(
    name="globex",
    cloud_id="55667788-b2c3-4d44-9e55-abc987654321",
    app_key="stand-in-app",
    shared_secret="stand-in-shared-secret-of-at-least-32-bytes",
)


class Sites:
    """The sites by each of the names a request may use for them."""

    def __init__(self, sites: Sequence[JiraSite]) -> None:
        if not sites:
            raise ValueError("a stand-in Jira needs at least one site")
        self._by_name = {site.name: site for site in sites}
        self._by_cloud_id = {site.cloud_id: site for site in sites}
        clients = [site for site in sites if site.auth == "oauth"]
        self._by_client_id = {site.client_id: site for site in clients}
        for name, index, indexed in (
            ("name", self._by_name, sites),
            ("cloud_id", self._by_cloud_id, sites),
            ("client_id", self._by_client_id, clients),
        ):
            if len(index) != len(indexed):
                raise ValueError(f"two sites share a {name}")

    def __iter__(self) -> Iterator[JiraSite]:
        return iter(self._by_name.values())

    def named(self, name: str) -> JiraSite | None:
        """Find the site as the first label of its host name."""
        return self._by_name.get(name)

    def of_cloud(self, cloud_id: str) -> JiraSite | None:
        """Find the site as api.atlassian.com names it."""
        return self._by_cloud_id.get(cloud_id)

    def of_client(self, client_id: object) -> JiraSite | None:
        """Find the site whose credential this client id is."""
        return self._by_client_id.get(client_id) if isinstance(client_id, str) else None
