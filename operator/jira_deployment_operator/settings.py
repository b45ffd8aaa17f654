"""The settings a platform team gives the operator: one YAML file, checked whole before anything starts.

The file is the only source: what runs is what can be read there. Secrets are never in it, only the
names of the mounted files that hold them. Requests go to addresses in this file and to no others (R9).
"""

import fnmatch
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

URL_FIELDS: Final = frozenset({"cluster", "namespace", "kind", "name"})
"""Names that `workloadUrl` may use as `${name}`."""


class SettingsError(Exception):
    """The settings cannot be used. The message names the file, the key's path and what is allowed."""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _https(url: str) -> str:
    """Plain http would show tokens to everyone on the way; on the machine itself there is no way."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an absolute URL such as https://acme.atlassian.net, without user or query")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
        return url.rstrip("/")
    raise ValueError("must begin with https:// (http:// is allowed for loopback addresses only)")


def _url_template(template: str) -> str:
    used = set(Template(template).get_identifiers())
    if not Template(template).is_valid() or used - URL_FIELDS:
        allowed = ", ".join(f"${{{name}}}" for name in sorted(URL_FIELDS))
        raise ValueError(f"may only use {allowed}")
    if urlsplit(template).scheme not in ("http", "https"):
        raise ValueError("must begin with https:// or http://")
    return template


Url = Annotated[str, AfterValidator(_https)]
UrlTemplate = Annotated[str, Field(max_length=1000), AfterValidator(_url_template)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class OAuth(_Group):
    """OAuth 2.0 client credentials (2LO), created under Jira's settings, Apps, OAuth credentials."""

    type: Literal["oauth"]
    client_id_file: Path
    client_secret_file: Path


class Site(_Group):
    """One Jira Cloud site and who may report to it."""

    name: Name
    url: Url
    cloud_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    auth: OAuth
    allowed_namespaces: Annotated[tuple[str, ...], Field(min_length=1)]
    requests_per_second: Annotated[float, Field(ge=1, le=100)] = 10.0
    timeout_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0

    def allows(self, namespace: str) -> bool:
        """Return whether workloads of `namespace` may be reported to this site."""
        return any(fnmatch.fnmatchcase(namespace, pattern) for pattern in self.allowed_namespaces)


class Atlassian(_Group):
    """Atlassian's own addresses; another one is only of use where a gateway stands between."""

    api_url: Url = "https://api.atlassian.com"
    auth_url: Url = "https://api.atlassian.com"


class Log(_Group):
    """How the operator logs."""

    format: Literal["json", "text"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Http(_Group):
    """Where health and metrics are served."""

    host: str = "0.0.0.0"  # noqa: S104 - probes come from the kubelet, scrapes from Prometheus
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Settings(_Group):
    """All settings. Raises `pydantic.ValidationError`; `load` turns that into a `SettingsError`."""

    cluster: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]
    sites: Annotated[tuple[Site, ...], Field(min_length=1)]
    default_site: Name = ""
    atlassian: Atlassian = Atlassian()
    workload_url: UrlTemplate | None = None
    restarts_are_rollouts: bool = False
    history_limit: Annotated[int, Field(ge=1, le=100)] = 10
    sweep_seconds: Annotated[float, Field(ge=1)] = 60.0
    log: Log = Log()
    http: Http = Http()

    @model_validator(mode="before")
    @classmethod
    def _take_the_only_site(cls, data: Any) -> Any:
        """With one site there is nothing to choose."""
        sites = data.get("sites") if isinstance(data, Mapping) else None
        if sites and isinstance(sites, list) and len(sites) == 1 and isinstance(sites[0], Mapping):
            return {"defaultSite": sites[0].get("name"), **data}
        return data

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [site.name for site in self.sites]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sites: each name must be unique, used twice: {', '.join(twice)}")
        if self.default_site not in names:
            raise ValueError(f"defaultSite: must be one of {', '.join(names)}")
        return self

    def site(self, name: str) -> Site:
        """Return the site called `name`; raises `KeyError` if there is none."""
        for site in self.sites:
            if site.name == name:
                return site
        raise KeyError(name)


def load(path: Path) -> Settings:
    """Read and check the settings file. Raises `SettingsError` with one line for each thing that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: must be a YAML mapping with the keys `cluster` and `sites`")
    try:
        return Settings(**content)
    except ValidationError as error:
        lines = [f"{path}: {_path(each['loc'])}{each['msg']}" for each in error.errors(include_input=False)]
        raise SettingsError("\n".join(lines)) from error


def _path(location: tuple[int | str, ...]) -> str:
    """`sites[0].auth.clientIdFile: `, as a person would write the key's path."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return f"{path.removeprefix('.')}: " if path else ""
