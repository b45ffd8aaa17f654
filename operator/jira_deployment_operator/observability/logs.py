"""Structured logs that hold no secret.

Redaction works on what was formatted, so it also covers exceptions and the messages of libraries. It
knows the values of the secrets in use (`hide`) and the shapes in which tokens travel.
"""

import logging
import re
import sys
import time
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from jira_deployment_operator.settings import Log

_SHAPES: Final = re.compile(
    r"(?i)(bearer\s+|jwt\s+|\"?(?:client_secret|access_token|authorization)\"?\s*[:=]\s*[\"']?(?:bearer\s+|jwt\s+)?)"
    r"[A-Za-z0-9._~+/=-]{6,}"
)
_HIDDEN: Final = "[redacted]"
_SHORTEST_SECRET: Final = 6

_secrets: dict[str, None] = {}
_SECRETS_MAX: Final = 64
"""Tokens are renewed every few minutes: only the newest can still appear."""


def hide(secret: str) -> None:
    """Never show `secret` in a log line from now on."""
    if len(secret) < _SHORTEST_SECRET:
        return
    _secrets.pop(secret, None)
    _secrets[secret] = None
    while len(_secrets) > _SECRETS_MAX:
        del _secrets[next(iter(_secrets))]


def redact(text: str) -> str:
    """Return `text` with every known secret and everything shaped like a credential blotted out."""
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    return _SHAPES.sub(rf"\1{_HIDDEN}", text)


class _RedactingJson(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _RedactingText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure(log: Log) -> None:
    """Send all logs to standard error in the wanted format."""
    handler = logging.StreamHandler(sys.stderr)
    if log.format == "json":
        formatter: logging.Formatter = _RedactingJson(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    else:
        formatter = _RedactingText("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    formatter.default_time_format, formatter.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log.level.upper())
    # kopf tells at INFO of every event of every object that its handler succeeded.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
