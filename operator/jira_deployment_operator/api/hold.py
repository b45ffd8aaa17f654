"""The hold on a workload, and the answers to it, as they stand in annotations.

`jira-operator.dev/hold` is `<id>[ paused][ leaked]`. The id names one hold and no other: the first characters of the
workload's uid, and the generation that the held pod template got. So an answer that comes back from the dead, by
`kubectl rollout undo`, from Git or with a workload of the same name, opens nothing (R6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from jira_deployment_operator.api import annotations

FIRST: Final = "first"
"""The id at the creation of a workload, when its uid is not known yet."""

PAUSED: Final = "paused"
"""Flag: the user had paused the workload before the hold, so it stays paused when the hold opens."""

LEAKED: Final = "leaked"
"""Flag: the operator set the hold after the fact, so pods of the version may exist."""

_UID_LENGTH: Final = 8
_AT_ENDPOINT: Final = "e"

AnswerKind = Literal["override", "approve", "refuse"]
_ANSWERS: Final[Mapping[AnswerKind, str]] = {
    "override": annotations.OVERRIDE,
    "refuse": annotations.REFUSE,
    "approve": annotations.APPROVE,
}
"""In the order in which they count where several are given."""


def hold_id(uid: str, generation: int) -> str:
    """Return the id of a hold."""
    return f"{uid[:_UID_LENGTH]}-{generation}"


def endpoint_id(uid: str, generation: int) -> str:
    """Return the id of what waits at the gate endpoint: it answers to it like to a hold, and is never one's id."""
    return hold_id(uid, generation).replace("-", f"-{_AT_ENDPOINT}")


def is_at_endpoint(id_: str) -> bool:
    """Return whether an id is of what waits at the gate endpoint, so that nothing is paused."""
    return id_.rpartition("-")[2].startswith(_AT_ENDPOINT)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold: its id, whether the user's own pause stays after it, whether it came late."""

    id: str
    keeps_paused: bool = False
    leaked: bool = False

    @classmethod
    def parse(cls, value: str, *, uid: str) -> Self | None:
        """Read the annotation's value on the object `uid`; None if it is empty."""
        words = value.split()
        if not words:
            return None
        return cls(
            hold_id(uid, 1) if words[0] == FIRST else words[0],
            keeps_paused=PAUSED in words[1:],
            leaked=LEAKED in words[1:],
        )

    def __str__(self) -> str:
        return " ".join([self.id, *([PAUSED] if self.keeps_paused else []), *([LEAKED] if self.leaked else [])])


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered to a hold, why, and who it was as far as admission could see."""

    kind: AnswerKind
    hold: str
    reason: str
    by: str = ""


def answer_of(annotated: Mapping[str, str], hold: str) -> Answer | None:
    """Return the answer to the hold of this id, None if there is none: an answer to another hold is none."""
    for kind, key in _ANSWERS.items():
        words = annotated.get(key, "").split(maxsplit=1)
        if len(words) == 2 and words[0] == hold:
            stamp = annotated.get(annotations.DECIDED_BY, "").split(maxsplit=1)
            by = stamp[1] if len(stamp) == 2 and stamp[0] == hold else ""
            return Answer(kind, hold, " ".join(words[1].split()), by)
    return None


def in_force(body: Mapping[str, Any]) -> Hold | None:
    """Return the hold in force on a workload as stored by the API server: the annotation and the pause together."""
    metadata = body["metadata"]
    value = (metadata.get("annotations") or {}).get(annotations.HOLD, "")
    return Hold.parse(value, uid=metadata.get("uid", "")) if body["spec"].get("paused") is True else None


def annotation_for(kind: AnswerKind) -> str:
    """Return the key of the annotation that gives such an answer."""
    return _ANSWERS[kind]
