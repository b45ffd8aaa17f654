"""The stand-in itself: its address, its routes, and what tests, the demo and benchmarks see of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from sandbox.jira.address import SITE_PATH
from sandbox.jira.answers import Answers
from sandbox.jira.approvers import Approvers
from sandbox.jira.board import Board
from sandbox.jira.change import ChangeSignal
from sandbox.jira.connect import ConnectTokens
from sandbox.jira.credentials import Credentials
from sandbox.jira.deletion import DeleteByKey, DeleteByProperties
from sandbox.jira.exchange import Answer, Operation
from sandbox.jira.fault_plan import FaultPlan
from sandbox.jira.gateway import UNKNOWN, Gateway
from sandbox.jira.gating import Gates, GatingStatusByKey
from sandbox.jira.journal import Journal, JournalEntry
from sandbox.jira.listener import LOOPBACK, Listener
from sandbox.jira.lookup import GetByKey
from sandbox.jira.schema import AnswerViolatesSchemaError, Schema, Violations
from sandbox.jira.sites import DEFAULT_SITE, JiraSite, Sites
from sandbox.jira.store import DeploymentKey, Store, StoredDeployment
from sandbox.jira.submit import Submit
from sandbox.jira.tenant import tenant_info
from sandbox.jira.tokens import Tokens

MAX_BODY_BYTES = 1024 * 1024
"""What a request may carry before it is a 413; the real limit is unpublished (fact 1.5)."""
_READ_AT_MOST = 64 * 1024 * 1024
_CLOUD = "/jira/deployments/0.1/cloud/{cloudId}"
_REST = SITE_PATH + "/rest/deployments/0.1"
_BY_KEY = "/pipelines/{pipelineId}/environments/{environmentId}/deployments/{deploymentSequenceNumber}"

T = TypeVar("T")


class StandInJira(Approvers):
    """A Jira on the loopback interface; use it as `async with StandInJira() as jira`."""

    def __init__(
        self,
        sites: Sequence[JiraSite] = (DEFAULT_SITE,),
        *,
        port: int = 0,
        token_lifetime: float = 900.0,
        storage_delay: float = 0.05,
        gating_delay: float = 0.2,
        max_body_bytes: int = MAX_BODY_BYTES,
        openapi: Path | None = None,
        check_schema: bool = True,
    ) -> None:
        self.faults = FaultPlan()
        self._sites = Sites(sites)
        self._default_site = sites[0].name
        self._anything, self._stored = ChangeSignal(), ChangeSignal()
        self._gates = {site.name: Gates(gating_delay, self._on_stored) for site in sites}
        self._stores = {site.name: Store(storage_delay, self._on_stored, self._gates[site.name]) for site in sites}
        self._journal = Journal(self._anything.notify)
        self._violations = Violations()
        self._credentials = Credentials(self._sites)
        self._tokens = Tokens(self._sites, self._credentials, token_lifetime, self._violations)
        self._connect = ConnectTokens(self._credentials, self._violations)
        self._gateway = Gateway(
            sites=self._sites,
            journal=self._journal,
            faults=self.faults,
            violations=self._violations,
            schema=Schema.load(openapi) if check_schema else None,
            answer_faults=[],
        )
        self._max_body_bytes = max_body_bytes
        self._wanted_port = port
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    async def __aenter__(self) -> Self:
        # A handler ends with its connection: a hanging answer is over when the client gives up.
        self._runner = web.AppRunner(
            self._application(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await self._runner.setup()
        try:
            self._listener = Listener(self._runner, self._wanted_port)
            await self._listener.accept()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener:
            await self._listener.close()
        if self._runner:
            await self._runner.cleanup()
        for store in self._stores.values():
            store.close()
        for gates in self._gates.values():
            gates.close()
        if error is None and self._gateway.answer_faults:
            raise AnswerViolatesSchemaError("; ".join(self._gateway.answer_faults))

    # Where it is

    @property
    def url(self) -> str:
        """The address to use as api.atlassian.com, and as the authorisation host; also its web page."""
        return f"http://{LOOPBACK}:{self._open_listener().port}"

    def site_url(self, name: str) -> str:
        """Give the address to use as https://<site>.atlassian.net."""
        if self._sites.named(name) is None:
            raise KeyError(name)
        return self.url + SITE_PATH.format(site=name)

    async def refuse_connections(self) -> None:
        """Be down: close the port and cut every connection."""
        await self._open_listener().refuse()

    async def accept_connections(self) -> None:
        """Be up again, on the same port."""
        await self._open_listener().accept()

    # What it saw

    @property
    def journal(self) -> list[JournalEntry]:
        """Every request made to Jira in order of arrival; visits of the web page are not in it."""
        return self._journal.entries

    def requests(self, operation: str, site: str | None = None) -> list[JournalEntry]:
        """List the journal's entries of one operation."""
        return [e for e in self.journal if e.operation == operation and site in (None, e.site)]

    @property
    def violations(self) -> list[str]:
        """What clients sent against the schema or the documented rules."""
        return self._violations.messages

    @property
    def early_requests(self) -> list[JournalEntry]:
        """The requests that came before a Retry-After was over."""
        return self.faults.early_requests

    @property
    def schema_checked(self) -> bool:
        """Whether the OpenAPI file was found and is applied."""
        return self._gateway.schema is not None

    # What it stored

    def deployments(self, site: str | None = None) -> list[StoredDeployment]:
        """List what a site has stored, in the order of first storage; the first site unless named."""
        return list(self._stores[site or self._default_site].deployments.values())

    def deployment(
        self, pipeline_id: str, environment_id: str, number: int, site: str | None = None
    ) -> StoredDeployment | None:
        """Find one stored deployment by its key."""
        key = DeploymentKey(pipeline_id, environment_id, number)
        return self._stores[site or self._default_site].deployments.get(key)

    def for_issue(self, issue_key: str, site: str | None = None) -> list[StoredDeployment]:
        """List the deployments an issue shows."""
        return [stored for stored in self.deployments(site) if issue_key in stored.issue_keys]

    # Waiting for it

    async def changed(self) -> None:
        """Wait until the next request arrives or ends, the next update is stored, or a gate changes."""
        await self._anything.beyond(self._anything.count)

    async def until(self, condition: Callable[[], T]) -> T:
        """Wait until the condition gives something true; bound it with `asyncio.timeout`."""
        while not (value := condition()):
            await self.changed()
        return value

    # Its credentials

    def revoke_tokens(self, site: str | None = None) -> None:
        """Make the tokens issued to the site so far worthless."""
        self._tokens.revoke_tokens(site or self._default_site)

    def revoke_credentials(self, site: str | None = None) -> None:
        """Delete the site's credential; its tokens end with it."""
        self._credentials.revoke(site or self._default_site)
        self.revoke_tokens(site)

    def restore_credentials(self, site: str | None = None) -> None:
        """Let the site's credential work again; tokens revoked stay revoked."""
        self._credentials.restore(site or self._default_site)

    def rotate_credentials(self, site: str | None = None) -> JiraSite:
        """Replace the site's secret; the returned site holds the new one, the old one ends with its tokens."""
        rotated = self._credentials.rotate(site or self._default_site)
        self.revoke_tokens(site)
        return rotated

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_READ_AT_MOST)
        routes: list[tuple[str, str, str, Operation]] = [
            ("POST", "/oauth/token", "token", self._tokens.issue),
            ("GET", SITE_PATH + "/_edge/tenant_info", "tenant_info", tenant_info),
        ]
        for base, guard in ((_CLOUD, self._tokens.guard), (_REST, self._connect.guard)):
            routes += [(method, base + path, name, guard(operation)) for method, path, name, operation in self._api()]
        for method, path, name, operation in routes:
            application.router.add_route(method, path, self._gateway.door(name, operation))
        Board(self._stores, self._gates, self._stored).add_routes(application)
        Answers(self._gates).add_routes(application)
        application.router.add_route("*", "/{path:.*}", self._gateway.door(UNKNOWN, lambda _: Answer(404)))
        return application

    def _api(self) -> list[tuple[str, str, str, Operation]]:
        stores, violations = self._stores, self._violations
        gating_status = GatingStatusByKey(self._gates, violations, self.site_url)
        return [
            ("POST", "/bulk", "submit", Submit(stores, violations, self._max_body_bytes)),
            ("DELETE", "/bulkByProperties", "delete_by_properties", DeleteByProperties(stores, violations)),
            ("GET", _BY_KEY, "get", GetByKey(stores, violations)),
            ("GET", f"{_BY_KEY}/gating-status", "gating_status", gating_status),
            ("DELETE", _BY_KEY, "delete", DeleteByKey(stores, violations)),
        ]

    def _on_stored(self) -> None:
        self._stored.notify()
        self._anything.notify()

    def _open_listener(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the stand-in has no address yet: use it with `async with`")
        return self._listener
