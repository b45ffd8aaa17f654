"""Names and paths of records. Two operators that see the same derive the same name (R3)."""

import hashlib
from typing import Final

from jira_deployment_operator.api.names import GROUP, RECORD_PLURAL, VERSION
from jira_deployment_operator.workloads.observation import WorkloadKey

NAME_MAX: Final = 253
"""Kubernetes' limit for the name of an object."""

_DIGEST_LENGTH: Final = 10
_ORDINAL_MAX_LENGTH: Final = 12


def record_name(workload: WorkloadKey, ordinal: int) -> str:
    """Return `<kind>-<workload>-<ordinal>`; a workload's name that is too long is cut and ends in a hash."""
    stem = f"{workload.kind.lower()}-{workload.name}"
    room = NAME_MAX - _ORDINAL_MAX_LENGTH - 1
    if len(stem) > room:
        digest = hashlib.sha256(stem.encode()).hexdigest()[:_DIGEST_LENGTH]
        stem = f"{stem[: room - _DIGEST_LENGTH - 1].rstrip('.-')}-{digest}"
    return f"{stem}-{ordinal}"


def collection(namespace: str = "") -> str:
    """Return the path of a namespace's records, or of all records."""
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{where}/{RECORD_PLURAL}"


def path(namespace: str, name: str) -> str:
    """Return the path of one record."""
    return f"{collection(namespace)}/{name}"
