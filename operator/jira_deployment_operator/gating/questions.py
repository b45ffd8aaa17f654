"""What tools ask the gate endpoint, taken apart: the workload that is meant, and the token that was sent. Pure."""

import base64
import binascii
import json
import re
from typing import Any, Final

from jira_deployment_operator.gating.demand import CAN_BE_HELD
from jira_deployment_operator.workloads import deployment
from jira_deployment_operator.workloads.observation import WorkloadKey

_KINDS: Final = {kind.lower(): kind for kind in CAN_BE_HELD}
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_NAMESPACE_MAX: Final = 63
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAME_MAX: Final = 253


class WrongQuestion(Exception):
    """The question is not about a workload; the message says what is wrong with it."""


def workload(kind: str, namespace: str, name: str) -> WorkloadKey:
    """Return the workload that is meant. Raises `WrongQuestion` for one that cannot exist, or cannot be gated."""
    known = _KINDS.get(kind.lower())
    if known is None:
        raise WrongQuestion(f"kind: must be one of {', '.join(CAN_BE_HELD)}")
    if len(namespace) > _NAMESPACE_MAX or not _NAMESPACE.fullmatch(namespace):
        raise WrongQuestion("namespace: is not the name of a namespace")
    if len(name) > _NAME_MAX or not _NAME.fullmatch(name):
        raise WrongQuestion("name: is not the name of a workload")
    return WorkloadKey(known, namespace, name)


def flaggers(body: bytes) -> WorkloadKey:
    """Return the workload that a webhook of Flagger's is about. Raises `WrongQuestion`.

    Flagger sends the name of its Canary, which is usually its target's too; `metadata.name` and `metadata.kind` of
    the webhook say otherwise.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongQuestion("the body is not JSON") from error
    if not isinstance(said, dict):
        raise WrongQuestion("the body is not a JSON object")
    metadata = said.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise WrongQuestion("metadata: must be an object")
    return workload(
        _text(metadata, "kind", "metadata.kind", default=deployment.KIND),
        _text(said, "namespace", "namespace"),
        _text(metadata, "name", "metadata.name", default=_text(said, "name", "name")),
    )


def token_of(authorization: str) -> bytes:
    """Return the token in the value of a header `Authorization`, empty if there is none.

    Flagger can send no header but the one that credentials in a URL make, `http://any:TOKEN@HOST/`: so the password
    of Basic authentication counts as well.
    """
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value.encode(errors="surrogateescape")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def _text(said: dict[str, Any], key: str, field: str, *, default: str = "") -> str:
    value = said.get(key, default)
    if not isinstance(value, str):
        raise WrongQuestion(f"{field}: must be a text")
    return value
