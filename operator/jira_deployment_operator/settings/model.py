"""The settings a platform team gives the operator: one YAML file, checked whole before anything starts.

The file is the only source: what runs is what can be read there. Secrets are never in it, only the
names of the mounted files that hold them. Requests go to addresses in this file and to no others (R9).
"""

import contextlib
import fnmatch
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    BeforeValidator,
    Field,
    TypeAdapter,
    model_validator,
)

from jira_deployment_operator.api import values
from jira_deployment_operator.api.link import WorkloadKind
from jira_deployment_operator.api.record import EnvironmentType
from jira_deployment_operator.settings.election import Election
from jira_deployment_operator.settings.gating import Gating
from jira_deployment_operator.settings.group import Group
from jira_deployment_operator.settings.status_page import StatusPage
from jira_deployment_operator.settings.tracing import Tracing

_ANY_URL: Final = TypeAdapter(AnyUrl)
_NOT_ABSOLUTE: Final = "must be an absolute URL such as https://acme.atlassian.net, without user or query"
_BLANK: Final = re.compile(r"\s")
_NAME: Final = re.compile(r"\$\{([A-Za-z]+)\}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _absolute(url: str) -> SplitResult:
    """Return the parts of a URL that requests, or browsers, can go to; raises `ValueError` for any other."""
    with contextlib.suppress(ValueError):
        _ANY_URL.validate_python(url)
        parts = urlsplit(url)
        if parts.hostname and parts.username is None and parts.port != 0 and not _BLANK.search(url):
            return parts
    raise ValueError(_NOT_ABSOLUTE)


def _https(url: str) -> str:
    """Plain http would show tokens to everyone on the way; on the machine itself there is no way."""
    parts = _absolute(url)
    if parts.query or parts.fragment:
        raise ValueError(_NOT_ABSOLUTE)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return url.rstrip("/")
    raise ValueError("must begin with https:// (http:// is allowed for loopback addresses only)")


def _of_environment(raw: str) -> str:
    """An environment's name must not change with the workload: Jira knows it by the namespace alone."""
    values.template(raw)
    if set(_NAME.findall(raw.replace("$$", ""))) - {"cluster", "namespace"}:
        raise ValueError("may only use ${cluster} and ${namespace}")
    return raw


Url = Annotated[str, Field(max_length=values.URL_MAX), AfterValidator(_https)]
Template = Annotated[str, AfterValidator(values.template)]
UrlTemplate = Annotated[str, AfterValidator(values.url_template)]
IdTemplate = Annotated[str, Field(max_length=255, pattern=r"^([A-Za-z0-9._-]|\$\{(cluster|namespace)\})+$")]
NamespacePattern = Annotated[str, Field(min_length=1, max_length=255)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class OAuth(Group):
    """OAuth 2.0 client credentials (2LO), created under Jira's settings, Apps, OAuth credentials."""

    type: Literal["oauth"]
    client_id_file: Path
    client_secret_file: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The mounted files that hold the credentials."""
        return self.client_id_file, self.client_secret_file


class Connect(Group):
    """A Connect app's key and shared secret (JWT, HS256): only for apps that are installed already.

    Atlassian has ended new private Connect apps (facts: Jira's deployments API, section 2.2).
    """

    type: Literal["connect"]
    app_key_file: Path
    shared_secret_file: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The mounted files that hold the credentials."""
        return self.app_key_file, self.shared_secret_file


class _Chosen(BaseModel):
    type: Literal["oauth", "connect"]


def _by_type(value: Any) -> OAuth | Connect:
    """A discriminated union would put its tag into a mistake's path, where no file has such a key."""
    if isinstance(value, OAuth | Connect):
        return value
    model = OAuth if _Chosen.model_validate(value).type == "oauth" else Connect
    return model.model_validate(value)


Auth = Annotated[OAuth | Connect, BeforeValidator(_by_type)]


class Site(Group):
    """One Jira Cloud site and who may report to it."""

    name: Name
    url: Url
    cloud_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    auth: Auth
    allowed_namespaces: Annotated[tuple[str, ...], Field(min_length=1)]
    requests_per_second: Annotated[float, Field(ge=1, le=100)] = 5.0
    timeout_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0

    def allows(self, namespace: str) -> bool:
        """Return whether workloads of `namespace` may be reported to this site."""
        return any(fnmatch.fnmatchcase(namespace, pattern) for pattern in self.allowed_namespaces)


class Atlassian(Group):
    """Atlassian's own addresses; another one is only of use where a gateway stands between."""

    api_url: Url = "https://api.atlassian.com"
    auth_url: Url = "https://api.atlassian.com"


class EnvironmentRule(Group):
    """How Jira shows the namespaces that match by name (globs), by labels, or both; the first such rule counts.

    `id` and `name` may use `${cluster}` and `${namespace}`; what is left out is derived from the namespace.
    """

    namespaces: tuple[NamespacePattern, ...] = ()
    labels: Annotated[dict[str, str], Field(max_length=20, default_factory=dict)]
    id: IdTemplate | None = None
    name: Annotated[str, AfterValidator(_of_environment)] | None = None
    type: EnvironmentType | None = None

    @model_validator(mode="after")
    def _check_that_it_matches_something(self) -> Self:
        if not self.namespaces and not self.labels:
            raise ValueError("must have `namespaces`, `labels` or both")
        return self


class IssueKeys(Group):
    """Which issue keys count."""

    projects: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,254}$")], ...], Field(max_length=1000)
    ] = ()
    """Only keys of these projects are taken from texts, so that UTF-8 is no issue; all projects if empty."""
    from_texts: bool = True
    """Whether keys are looked for in the annotations that hold texts."""
    carry_over: bool = True
    """Whether a rollout takes over the keys of those before it that never succeeded."""


class Texts(Group):
    """Templates for what Jira shows, where neither annotations nor a link say it."""

    display_name: Template = "${name} ${version}"
    description: Template | None = None
    label: Template | None = None
    url: UrlTemplate | None = None


class Log(Group):
    """How the operator logs."""

    format: Literal["json", "text"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Http(Group):
    """Where health and metrics are served."""

    host: str = "0.0.0.0"  # noqa: S104 - probes come from the kubelet, scrapes from Prometheus
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Settings(Group):
    """All settings. Raises `pydantic.ValidationError`; `load` turns that into a `SettingsError`."""

    cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]
    sites: Annotated[tuple[Site, ...], Field(min_length=1)]
    default_site: Name | None = None
    sources: Annotated[tuple[WorkloadKind, ...], Field(min_length=1)] = get_args(WorkloadKind)
    """The kinds of workloads that are followed."""
    watch_namespaces: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    """The namespaces that are looked at, with rights in them alone; the whole cluster if there are none."""
    atlassian: Atlassian = Atlassian()
    environments: Annotated[tuple[EnvironmentRule, ...], Field(max_length=100)] = ()
    issue_keys: IssueKeys = IssueKeys()
    texts: Texts = Texts()
    restarts_are_rollouts: bool = False
    history_limit: Annotated[int, Field(ge=1, le=100)] = 10
    sweep_seconds: Annotated[float, Field(ge=1)] = 60.0
    settling_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """How long after its end a rollout's associations still follow its link."""
    confirm_after_seconds: Annotated[float, Field(ge=1, le=86400)] = 30.0
    """How long after Jira accepted a final state it is asked whether it has stored it."""
    gating: Gating = Gating()
    election: Election = Election()
    log: Log = Log()
    http: Http = Http()
    status_page: StatusPage = StatusPage()
    tracing: Tracing = Tracing()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [site.name for site in self.sites]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sites: each name must be unique, used twice: {', '.join(twice)}")
        namespaces = self.watch_namespaces
        twice = sorted({name for name in namespaces if namespaces.count(name) > 1})
        if twice:
            raise ValueError(f"watchNamespaces: named twice: {', '.join(twice)}")
        if self.site_by_default not in names:
            raise ValueError(f"defaultSite: must be one of {', '.join(names)}")
        return self

    @property
    def site_by_default(self) -> str:
        """The name of the site for workloads that name none; with one site there is nothing to choose."""
        return self.default_site or (self.sites[0].name if len(self.sites) == 1 else "")

    def site(self, name: str) -> Site:
        """Return the site called `name`; raises `KeyError` if there is none."""
        for site in self.sites:
            if site.name == name:
                return site
        raise KeyError(name)
