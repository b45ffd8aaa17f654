"""The queue between kopf's handlers and the tracker: bounded by the number of workloads, not of events.

Each workload has one short mailbox. Status noise (the same version in the same phase) replaces the
look before it; looks that tracking could tell apart are kept in order. One worker at a time gets a
workload, so its rollouts are followed strictly one look after the other.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from jira_deployment_operator.workloads.observation import Observation, WorkloadKey

MAILBOX_MAX: Final = 16
"""Looks kept for one workload; beyond it the oldest go, since any later one leads to the same end."""

RETRY_FIRST_SECONDS: Final = 0.2
RETRY_LARGEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Gone:
    """The object `uid` of a workload was deleted."""

    workload: WorkloadKey
    uid: str


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The link called `link` that spoke of a workload was deleted."""

    workload: WorkloadKey
    link: str


Look = Observation | Gone | Unlinked


@dataclass(slots=True)
class _Mailbox:
    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=MAILBOX_MAX))
    queued: bool = False
    in_work: bool = False
    failures: int = 0


class Intake:
    """Hands looks at workloads over to workers."""

    def __init__(self) -> None:
        self._mailboxes: dict[WorkloadKey, _Mailbox] = {}
        self._ready: asyncio.Queue[WorkloadKey] = asyncio.Queue()

    def __len__(self) -> int:
        return len(self._mailboxes)

    def put(self, look: Look) -> None:
        """Take in a look; never blocks."""
        mailbox = self._mailboxes.setdefault(look.workload, _Mailbox())
        last = mailbox.looks[-1] if mailbox.looks else None
        if isinstance(look, Observation) and isinstance(last, Observation) and look.shows_the_same_as(last):
            mailbox.looks.pop()
        mailbox.looks.append(look)
        if not mailbox.in_work and mailbox.failures == 0:
            self._enqueue(look.workload, mailbox)

    async def next(self) -> tuple[WorkloadKey, list[Look]]:
        """Return a workload with looks at it; the caller must call `done` or `failed` afterwards."""
        workload = await self._ready.get()
        mailbox = self._mailboxes[workload]
        mailbox.queued, mailbox.in_work = False, True
        looks = list(mailbox.looks)
        mailbox.looks.clear()
        return workload, looks

    def done(self, workload: WorkloadKey) -> None:
        """The looks were followed."""
        mailbox = self._mailboxes[workload]
        mailbox.in_work, mailbox.failures = False, 0
        if mailbox.looks:
            self._enqueue(workload, mailbox)
        else:
            del self._mailboxes[workload]

    def failed(self, workload: WorkloadKey, unfollowed: list[Look]) -> float:
        """Put looks back, to be tried again after the returned seconds, which double from failure to failure."""
        mailbox = self._mailboxes[workload]
        newer = list(mailbox.looks)
        mailbox.looks.clear()
        mailbox.looks.extend((*unfollowed, *newer))
        mailbox.in_work = False
        mailbox.failures += 1
        pause = min(RETRY_FIRST_SECONDS * float(2 ** min(mailbox.failures - 1, 16)), RETRY_LARGEST_SECONDS)
        asyncio.get_running_loop().call_later(pause, self._enqueue, workload, mailbox)
        return pause

    def _enqueue(self, workload: WorkloadKey, mailbox: _Mailbox) -> None:
        if not mailbox.queued:
            mailbox.queued = True
            self._ready.put_nowait(workload)
