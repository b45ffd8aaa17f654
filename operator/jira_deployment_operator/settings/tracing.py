"""The settings of tracing: where spans go, if anywhere."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from jira_deployment_operator.settings.group import Group

_ALLOWED = (
    "must be the http or https address of an OTLP receiver, such as http://otel-collector.observability:4318, "
    "without user, query or fragment"
)


def _receiver(url: str) -> str:
    """Plain http is allowed: spans hold no secret, and receivers in a cluster rarely speak TLS."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or "@" in url or "?" in url or "#" in url or any(letter.isspace() for letter in url):
        raise ValueError(_ALLOWED)
    return url.rstrip("/")


class Tracing(Group):
    """Where spans go by OTLP over HTTP; nowhere if `endpoint` is empty."""

    endpoint: Annotated[str, Field(max_length=2000), AfterValidator(_receiver)] = ""
