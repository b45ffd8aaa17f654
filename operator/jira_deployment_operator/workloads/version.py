"""The version of a workload: the identity of its pod template.

Revision numbers, condition reasons, generations and annotations of the workload move for other
reasons (a pause, a scaling, an edit of a label), and the controllers' own hashes are specific to Go
and appear late. So the operator hashes the stored template itself.
"""

import hashlib
import json
from typing import Any, Final

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
"""Set by `kubectl rollout restart`: the same version is started again, by default not a new one."""

POD_TEMPLATE_HASH: Final = "pod-template-hash"


def template_version(template: dict[str, Any], *, restart_is_new: bool = False) -> str:
    """Return the version of a pod template, 64 hexadecimal digits.

    Nulls, empty objects and empty lists do not count, because controllers and converters add and
    remove them; neither does the controllers' `pod-template-hash` label.
    """
    ignored = frozenset({POD_TEMPLATE_HASH} if restart_is_new else {POD_TEMPLATE_HASH, RESTARTED_AT})
    metadata = template.get("metadata") or {}
    kept = {
        **template,
        "metadata": {
            **metadata,
            "labels": _without(metadata.get("labels"), ignored),
            "annotations": _without(metadata.get("annotations"), ignored),
        },
    }
    canonical = json.dumps(_compact(kept), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without(entries: dict[str, Any] | None, ignored: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in (entries or {}).items() if key not in ignored}


def _compact(value: Any) -> Any:
    """Drop what says nothing, from the inside out; falsy scalars such as 0 and false do say something."""
    if isinstance(value, dict):
        entries = {key: _compact(each) for key, each in value.items()}
        return {key: each for key, each in entries.items() if each is not None and each not in ({}, [])}
    if isinstance(value, list):
        return [_compact(each) for each in value]
    return value
