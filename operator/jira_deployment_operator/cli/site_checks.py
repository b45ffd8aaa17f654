"""What `doctor` looks at in Jira, site by site, in the order in which a request meets it.

Nothing of a user's changes: reading and deleting are tried on a deployment that does not exist, which is a
404 to the one and nothing to do to the other. There is no such way to try writing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jira_deployment_operator.cli.check import Check, failed, ok, skipped
from jira_deployment_operator.jira.authentication import Authentication, authentication_for
from jira_deployment_operator.jira.client import PRODUCT, JiraClient
from jira_deployment_operator.jira.credentials import read_secret
from jira_deployment_operator.jira.errors import JiraError, JiraRefusesAccess
from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.jira.transport import Transport
from jira_deployment_operator.settings import Connect, OAuth, Settings, Site

NOBODYS: Final = DeploymentKey(
    pipeline_id="jira-deployment-operator-doctor", environment_id="no-such-environment", deployment_sequence_number=1
)
"""The key of a deployment that nobody has ever submitted."""

_MAY_WRITE: Final = "may write deployments"
_WRITING_CHANGES: Final = "not checked, since that would change data"


@dataclass(frozen=True, slots=True)
class _Step:
    """One look. Where one that `all_depends_on` fails, those after it cannot tell anything."""

    name: str
    look: Callable[[], Awaitable[str]]
    advice: str
    all_depends_on: bool = True


async def check_site(site: Site, settings: Settings) -> AsyncIterator[Check]:
    """Yield how things are at one site."""
    area, gating = f"site {site.name}", settings.gating
    transport = Transport(site.name, timeout_seconds=site.timeout_seconds, user_agent=PRODUCT)
    try:
        authentication = authentication_for(site, settings, transport)
        client = JiraClient(site.name, authentication=authentication, transport=transport)
        missing = ""
        for step in _steps(site, authentication, client, gates=gating.enforces("Pause") or gating.enforces("Endpoint")):
            if missing:
                yield skipped(area, step.name, f"cannot be told without {missing}")
                continue
            try:
                yield ok(area, step.name, await step.look())
            except JiraError as error:
                yield failed(area, step.name, str(error), _advice(step, error, site))
                missing = step.name if step.all_depends_on else ""
        yield skipped(area, _MAY_WRITE, _WRITING_CHANGES)
    finally:
        await transport.close()


def _steps(site: Site, authentication: Authentication, client: JiraClient, *, gates: bool) -> tuple[_Step, ...]:
    async def read_credentials() -> str:
        for path in _files(site):
            await read_secret(path)
        return ", ".join(str(path) for path in _files(site))

    async def find_tenant() -> str:
        return await authentication.base_url()

    async def get_token() -> str:
        await authentication.authorize("GET", f"{await authentication.base_url()}{NOBODYS.path}")
        return "Atlassian gave one" if isinstance(site.auth, OAuth) else "signed with the app's shared secret"

    async def read() -> str:
        await client.get(NOBODYS)
        return "asked for a deployment that does not exist"

    async def delete() -> str:
        await client.delete(NOBODYS)
        return "asked to delete a deployment that does not exist"

    async def ask_gate() -> str:
        await client.gating_status(NOBODYS)
        return "asked for the gate of a deployment that does not exist"

    gating = _Step("may ask how gates stand", ask_gate, _GATING_ADVICE, all_depends_on=False)
    return (
        _Step(
            "credential files",
            read_credentials,
            "mount the site's Secret there, with these names and something in them (chart: sites[].existingSecret)",
        ),
        _Step(
            "address",
            find_tenant,
            f"check sites[].url ({site.url}): is it the site's own and newest address? Or set sites[].cloudId",
        ),
        _Step("token", get_token, _CREDENTIAL_ADVICE[site.auth.type]),
        _Step("may read deployments", read, _PERMISSION_ADVICE[site.auth.type], all_depends_on=False),
        _Step("may delete deployments", delete, _PERMISSION_ADVICE[site.auth.type], all_depends_on=False),
        *((gating,) if gates else ()),
    )


_CREDENTIAL_ADVICE: Final = {
    "oauth": "create a credential under Jira's settings, Apps, OAuth credentials, and put it into the site's Secret",
    "connect": "put the key and the shared secret of the installed Connect app into the site's Secret",
}

_PERMISSION_ADVICE: Final = {
    "oauth": "the credential must have the permission Deployments: Jira's settings, Apps, OAuth credentials",
    "connect": "the app must be installed at this site, with the scopes READ, WRITE and DELETE",
}

_GATING_ADVICE: Final = (
    "gates of mode Jira cannot be decided by this site: use mode Manual, or a site and a credential that Jira Service "
    "Management lets gate deployments"
)


def _files(site: Site) -> tuple[Path, Path]:
    match site.auth:
        case OAuth() as auth:
            return auth.client_id_file, auth.client_secret_file
        case Connect() as auth:
            return auth.app_key_file, auth.shared_secret_file


def _advice(step: _Step, error: JiraError, site: Site) -> str:
    if isinstance(error, JiraRefusesAccess):
        return step.advice
    return (
        f"check the way from here to {site.url} and to the addresses under `atlassian` (network policies, HTTPS_PROXY, "
        "NO_PROXY), then try again"
    )
