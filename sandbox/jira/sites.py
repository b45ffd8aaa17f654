"""The Jira sites the stand-in plays, and what each of them knows.

Which issues exist is a rule instead of a list, so that a test may use any key of a known project. An unknown
key is information in Jira's answer, not an error: things like `UTF-8` look like keys and are none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_ISSUE_KEY = re.compile(r"(?P<project>[A-Z][A-Z0-9_]*)-[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True)
class JiraSite:
    """One Jira Cloud site with one OAuth credential (Jira → Settings → Apps → OAuth credentials)."""

    name: str
    cloud_id: str
    client_id: str
    client_secret: str = field(repr=False)
    projects: frozenset[str] = frozenset({"SHOP", "PAY", "OPS"})
    unknown_issues: frozenset[str] = frozenset()
    unknown_services: frozenset[str] = frozenset()

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


class Sites:
    """The sites by each of the names a request may use for them."""

    def __init__(self, sites: Sequence[JiraSite]) -> None:
        if not sites:
            raise ValueError("a stand-in Jira needs at least one site")
        self._by_name = {site.name: site for site in sites}
        self._by_cloud_id = {site.cloud_id: site for site in sites}
        self._by_client_id = {site.client_id: site for site in sites}
        for name, index in (
            ("name", self._by_name),
            ("cloud_id", self._by_cloud_id),
            ("client_id", self._by_client_id),
        ):
            if len(index) != len(sites):
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
