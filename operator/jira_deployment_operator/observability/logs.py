"""Structured logs that hold no secret.

Redaction works on what was formatted, so it also covers exceptions and the messages of libraries. It
knows the values of the secrets in use (`hide`) and the shapes in which tokens travel.
"""

import json
import logging
import re
import sys
import time
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from jira_deployment_operator.settings import Log

_QUOTE: Final = r"(?:\\*[\"'])?"
_SHAPES: Final = re.compile(
    rf"(?i)(bearer\s+|jwt\s+|{_QUOTE}(?:client_secret|access_token|authorization){_QUOTE}\s*[:=]\s*{_QUOTE}"
    r"(?:bearer\s+|jwt\s+)?)[A-Za-z0-9._~+/=-]{6,}"
)
_HIDDEN: Final = "[redacted]"
_SHORTEST_SECRET: Final = 6

_secrets: dict[str, None] = {}
_SECRETS_MAX: Final = 500
"""Tokens are renewed every few minutes: only the newest can still appear. Enough for fifty sites and more."""


def hide(secret: str) -> None:
    """Never show `secret` in a log line from now on, in whichever way JSON may write it."""
    if len(secret) < _SHORTEST_SECRET:
        return
    for shown in {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}:
        _secrets.pop(shown, None)
        _secrets[shown] = None
    while len(_secrets) > _SECRETS_MAX:
        del _secrets[next(iter(_secrets))]


def redact(text: str) -> str:
    """Return `text` with every known secret and everything shaped like a credential blotted out."""
    found = [secret for secret in _secrets if secret in text]
    for secret in sorted(found, key=len, reverse=True):  # one may begin like another
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
