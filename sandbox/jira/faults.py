"""Everything that can go wrong between a client and Jira, to be put in place by a `FaultPlan`.

A fault wraps the operation: it may answer in its stead, delay it, or let it work and lose the answer, which
is what tells a client that retries safely from one that merely retries.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.jira.address import path_at_site
from sandbox.jira.exchange import Answer, ConnectionBroken, Exchange, PoisonedItem, errors

Proceed = Callable[[], Awaitable[Answer]]


class Fault(ABC):
    """Something that happens to a request instead of, before or after its operation."""

    @property
    def name(self) -> str:
        """How the journal calls it."""
        return type(self).__name__

    def concerns(self, exchange: Exchange) -> bool:  # noqa: ARG002 - the others look at it
        """Tell whether it can happen to this request at all; if not, it is not counted as a hit."""
        return True

    @abstractmethod
    async def around(self, exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Let it happen: `proceed` does what Jira would do."""


@dataclass(frozen=True)
class Status(Fault):
    """An answer of any kind, sent before Jira looked at the request; a text body is sent as it is."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def around(self, _exchange: Exchange, _proceed: Proceed, /) -> Answer:
        """Answer at once."""
        return Answer(self.status, self.body, self.headers)


@dataclass(frozen=True)
class Renamed(Fault):
    """The site has another address now: the old one redirects to it (fixture B6).

    api.atlassian.com knows a site by its cloud id, so requests made there go on as before.
    """

    url: str

    def concerns(self, exchange: Exchange) -> bool:
        """Only requests at the site's own address."""
        return path_at_site(exchange.entry.path) is not None

    async def around(self, exchange: Exchange, _proceed: Proceed, /) -> Answer:
        """Answer 302 to the same place at the new address."""
        return Answer(302, headers={"Location": f"{self.url}{path_at_site(exchange.entry.path)}"})


@dataclass(frozen=True)
class TooManyRequests(Fault):
    """The rate limit (fact 1.7); None leaves Retry-After out, as the real one sometimes does.

    Whoever comes back before the time is over gets the same again and stands in `early_requests`.
    """

    retry_after: int | None = 2
    reason: str = "jira-burst-based"

    async def around(self, _exchange: Exchange, _proceed: Proceed, /) -> Answer:
        """Answer 429."""
        headers = {"RateLimit-Reason": self.reason}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Answer(429, [{"message": "Rate limit exceeded"}], headers)


@dataclass(frozen=True)
class Hang(Fault):
    """No answer until the client gives up, or until the connection is cut after `seconds`."""

    seconds: float | None = None
    after_store: bool = False

    async def around(self, _exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Wait; the gateway ends it when the client leaves or the stand-in stops."""
        if self.after_store:
            await proceed()
        if self.seconds is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(self.seconds)
        raise ConnectionBroken


@dataclass(frozen=True)
class BreakConnection(Fault):
    """A connection reset: before Jira worked on the request or, `after_store`, losing only the answer."""

    after_store: bool = False

    async def around(self, _exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Break the connection."""
        if self.after_store:
            await proceed()
        raise ConnectionBroken


@dataclass(frozen=True)
class CutAnswer(Fault):
    """Jira works, but only the first half of its answer arrives."""

    async def around(self, _exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Break the connection in the middle of the answer."""
        raise ConnectionBroken(partial=await proceed())


@dataclass(frozen=True)
class Slow(Fault):
    """A fixed delay before Jira looks at the request or, `after_store`, before it answers."""

    seconds: float
    after_store: bool = False

    async def around(self, _exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Wait; a client that gives up meanwhile takes its request with it unless it was stored first."""
        answer = await proceed() if self.after_store else None
        await asyncio.sleep(self.seconds)
        return answer or await proceed()


class Latency(Fault):
    """A random delay before each answer, evenly spread and repeatable: answers overtake each other."""

    def __init__(self, shortest: float, longest: float, seed: int = 0) -> None:
        self._shortest, self._longest = shortest, longest
        self._random = random.Random(seed)

    async def around(self, _exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Answer late."""
        seconds = self._random.uniform(self._shortest, self._longest)
        answer = await proceed()
        await asyncio.sleep(seconds)
        return answer


@dataclass(frozen=True)
class Poison(Fault):
    """A deployment that is refused: alone or, with `whole_request`, spoiling its batch with a 400."""

    predicate: Callable[[Mapping[str, Any]], bool]
    message: str = "The deployment is invalid"
    whole_request: bool = False

    def concerns(self, exchange: Exchange) -> bool:
        """Only requests that carry such a deployment."""
        body = exchange.entry.body
        items = body.get("deployments") if isinstance(body, dict) else None
        return isinstance(items, list) and any(isinstance(item, dict) and self.predicate(item) for item in items)

    async def around(self, exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Refuse the request, or have the operation reject the item."""
        if self.whole_request:
            return errors(400, self.message)
        exchange.poisoned.append(PoisonedItem(self.predicate, self.message))
        return await proceed()


@dataclass(frozen=True)
class Lose(Fault):
    """Every deployment is accepted and none is stored: 202 does not mean stored (pitfall 9)."""

    def concerns(self, exchange: Exchange) -> bool:
        """Only requests that submit something."""
        body = exchange.entry.body
        return isinstance(body, dict) and isinstance(body.get("deployments"), list)

    async def around(self, exchange: Exchange, _proceed: Proceed, /) -> Answer:
        """Answer as if all was well."""
        keys = [
            {
                "pipelineId": item["pipeline"]["id"],
                "environmentId": item["environment"]["id"],
                "deploymentSequenceNumber": item["deploymentSequenceNumber"],
            }
            for item in exchange.entry.body["deployments"]
        ]
        return Answer(202, {"acceptedDeployments": keys, "rejectedDeployments": [], "unknownIssueKeys": []})


class Fraction(Fault):
    """Another fault for a share of the requests, chosen at random and repeatable by its seed."""

    def __init__(self, fault: Fault, share: float, seed: int = 0) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"a share is between 0 and 1, not {share}")
        self._fault = fault
        self._share = share
        self._random = random.Random(seed)

    @property
    def name(self) -> str:
        """The name of the fault it holds."""
        return self._fault.name

    def concerns(self, exchange: Exchange) -> bool:
        """Throw the dice for every request the fault could happen to."""
        return self._fault.concerns(exchange) and self._random.random() < self._share

    async def around(self, exchange: Exchange, proceed: Proceed, /) -> Answer:
        """Let the other fault happen."""
        return await self._fault.around(exchange, proceed)
