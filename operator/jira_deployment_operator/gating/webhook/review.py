"""AdmissionReview, version 1: what the API server asks, and the form of the answer."""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final, Self

_API_VERSION: Final = "admission.k8s.io/v1"
_KIND: Final = "AdmissionReview"


class WrongReview(Exception):
    """The body is no AdmissionReview that can be answered. The message names the field and what is expected."""


@dataclass(frozen=True, slots=True)
class Review:
    """One write that the API server asks about; `object` or `old` is empty where the operation has none."""

    uid: str
    group: str
    kind: str
    subresource: str
    operation: str
    user: str
    namespace: str
    object: dict[str, Any]
    old: dict[str, Any]

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Read the body of a request. Raises `WrongReview`."""
        try:
            review = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise WrongReview(f"the body is not JSON: {error}") from error
        if not isinstance(review, dict):
            raise WrongReview(f"the body must be an {_KIND}, not {_shape(review)}")
        for field, expected in (("apiVersion", _API_VERSION), ("kind", _KIND)):
            if review.get(field) != expected:
                raise WrongReview(f"{field} must be {expected!r}, not {str(review.get(field))[:100]!r}")
        request = _mapping(review, "request")
        kind = _mapping(request, "request.kind")
        return cls(
            uid=_text(request, "request.uid"),
            group=_text(kind, "request.kind.group"),
            kind=_text(kind, "request.kind.kind"),
            subresource=_text(request, "request.subResource", default=""),
            operation=_text(request, "request.operation"),
            user=_text(_mapping(request, "request.userInfo"), "request.userInfo.username"),
            namespace=_text(request, "request.namespace", default=""),
            object=_mapping(request, "request.object", may_be_absent=True),
            old=_mapping(request, "request.oldObject", may_be_absent=True),
        )


def answer(uid: str, patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the AdmissionReview that allows the write, changed by `patch`, a JSON patch, if there is one."""
    response: dict[str, Any] = {"uid": uid, "allowed": True}
    if patch:
        encoded = base64.b64encode(json.dumps(patch, separators=(",", ":")).encode())
        response |= {"patchType": "JSONPatch", "patch": encoded.decode()}
    return {"apiVersion": _API_VERSION, "kind": _KIND, "response": response}


def _mapping(parent: dict[str, Any], path: str, *, may_be_absent: bool = False) -> dict[str, Any]:
    value = parent.get(path.rpartition(".")[2])
    if value is None and may_be_absent:
        return {}
    if not isinstance(value, dict):
        raise WrongReview(f"{path} must be an object, not {_shape(value)}")
    return value


def _text(parent: dict[str, Any], path: str, *, default: str | None = None) -> str:
    value = parent.get(path.rpartition(".")[2], default)
    if not isinstance(value, str):
        raise WrongReview(f"{path} must be a text, not {_shape(value)}")
    return value


def _shape(value: Any) -> str:
    match value:
        case None:
            return "absent"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a text"
        case _:
            return "a number or boolean"
