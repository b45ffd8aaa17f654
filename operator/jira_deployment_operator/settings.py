"""The settings a platform team gives the operator: one YAML file, checked whole before anything starts.

The file is the only source: what runs is what can be read there. Secrets are never in it, only the
names of the mounted files that hold them. Requests go to addresses in this file and to no others (R9).
"""

import contextlib
import fnmatch
import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from string import Template
from typing import Annotated, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

import yaml
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

URL_FIELDS: Final = frozenset({"cluster", "namespace", "kind", "name"})
"""Names that `workloadUrl` may use as `${name}`."""

_ANY_URL: Final = TypeAdapter(AnyUrl)
_NOT_ABSOLUTE: Final = "must be an absolute URL such as https://acme.atlassian.net, without user or query"
_BLANK: Final = re.compile(r"\s")


class SettingsError(Exception):
    """The settings cannot be used. The message names the file, the key's path and what is allowed."""


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


def _url_template(template: str) -> str:
    used = set(Template(template).get_identifiers())
    if not Template(template).is_valid() or used - URL_FIELDS:
        allowed = ", ".join(f"${{{name}}}" for name in sorted(URL_FIELDS))
        raise ValueError(f"may only use {allowed}")
    if urlsplit(template).scheme not in ("http", "https"):
        raise ValueError("must begin with https:// or http://")
    _absolute(Template(template).substitute(dict.fromkeys(URL_FIELDS, "name")))
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
    requests_per_second: Annotated[float, Field(ge=1, le=100)] = 5.0
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
    default_site: Name | None = None
    atlassian: Atlassian = Atlassian()
    workload_url: UrlTemplate | None = None
    restarts_are_rollouts: bool = False
    history_limit: Annotated[int, Field(ge=1, le=100)] = 10
    sweep_seconds: Annotated[float, Field(ge=1)] = 60.0
    log: Log = Log()
    http: Http = Http()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        names = [site.name for site in self.sites]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sites: each name must be unique, used twice: {', '.join(twice)}")
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


def load(path: Path) -> Settings:
    """Read and check the settings file. Raises `SettingsError` with one line for each thing that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not valid YAML: it is not UTF-8") from error
    except yaml.YAMLError as error:  # its own text quotes the line, which may hold what should not be shown
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path}: is not valid YAML{place}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: must be a YAML mapping with the keys `cluster` and `sites`")
    for key in content:
        if not isinstance(key, str):
            raise SettingsError(
                f"{path}: {key}: no such key; in YAML, `on`, `yes` and numbers must be quoted to be text"
            )
    try:
        return Settings(**content)
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in _lines(error))) from error


def _lines(error: ValidationError) -> Iterator[str]:
    """One line for each mistake; that a list of refused entries counts as empty is no further mistake."""
    places = [each["loc"] for each in error.errors(include_input=False)]
    for each in error.errors(include_input=False):
        place = each["loc"]
        follows = any(other != place and other[: len(place)] == place for other in places)
        if not (each["type"] == "too_short" and follows):
            yield f"{_path(place)}{each['msg'].removeprefix('Value error, ')}"


def _path(location: tuple[int | str, ...]) -> str:
    """`sites[0].auth.clientIdFile: `, as a person would write the key's path."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return f"{path.removeprefix('.')}: " if path else ""
