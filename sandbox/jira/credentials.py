"""Which secret of each site is good at this moment: credentials get lost, come back and are replaced."""

import secrets

from sandbox.jira.sites import JiraSite, Sites


class Credentials:
    """The credential of each site, as its administrator sees it."""

    def __init__(self, sites: Sites) -> None:
        self._current = {site.name: site for site in sites}
        self._revoked: set[str] = set()

    def secret(self, site: str) -> str | None:
        """Give the secret that is good now; None while the credential is revoked."""
        return None if site in self._revoked else self._current[site].secret

    def revoke(self, site: str) -> None:
        """Delete the credential (for Connect: uninstall the app)."""
        self._revoked.add(self._current[site].name)

    def restore(self, site: str) -> None:
        """Let the credential work again."""
        self._revoked.discard(site)

    def rotate(self, site: str) -> JiraSite:
        """Replace the secret, revoked or not: the returned site holds the new one, the old one is refused."""
        self._current[site] = self._current[site].with_secret(secrets.token_hex(32))
        self._revoked.discard(site)
        return self._current[site]
