"""Canaries: promoted, paused, aborted, retried, undone."""

import asyncio

from tests.unit.workloads.recording import Play
from tests.unit.workloads.stories.doings import (
    AT_ONCE,
    SUCCESS,
    abort,
    analysis,
    back,
    healthy,
    paused,
    promote,
    promote_fully,
    released,
    rollout,
    second_is_paused,
    story,
    template,
)


@story("canary", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await second_is_paused(play)
    await promote(play)
    await healthy(play)


@story("canary-promoted-fully", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await second_is_paused(play)
    await promote_fully(play)
    await healthy(play)


@story("canary-paused-by-a-person", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await released(play, AT_ONCE)
    await play.apply(rollout(2, AT_ONCE, template=template(2, ready_after="2s")))
    await play.until("rollout", lambda status: status.get("updatedReplicas", 0) > 0, "moving")
    await play.patch("rollout", {"spec": {"paused": True}})
    await paused(play)
    await play.patch("rollout", {"spec": {"paused": False}})
    await healthy(play)


@story("canary-held-in-the-write-of-its-template", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await released(play)
    await play.apply(rollout(2, AT_ONCE, paused=True))
    await paused(play)
    await asyncio.sleep(1)
    await play.patch("rollout", {"spec": {"paused": None}})
    await healthy(play)


@story("canary-aborted-and-retried", SUCCESS, ["in_progress", "failed", "rolled_back", *SUCCESS])
async def _(play: Play) -> None:
    await second_is_paused(play)
    await abort(play)
    await back(play)
    await abort(play, wanted=False)
    await paused(play)
    await promote_fully(play)
    await healthy(play)


@story("canary-aborted-and-retried-at-once", SUCCESS, ["in_progress", "failed", *SUCCESS])
async def _(play: Play) -> None:
    await released(play, AT_ONCE, template=template(1, ready_after="1s"))
    await play.apply(rollout(2, AT_ONCE, template=template(2, ready_after="1s")))
    await play.until("rollout", lambda status: status.get("updatedReplicas", 0) > 0, "moving")
    await abort(play)
    await abort(play, wanted=False)
    await healthy(play)


@story("canary-aborted-and-undone", SUCCESS, ["in_progress", "failed", "rolled_back"], ["in_progress", "successful"])
async def _(play: Play) -> None:
    await second_is_paused(play)
    await abort(play)
    await back(play)
    await play.apply(rollout(1))
    await healthy(play)


@story("canary-aborted-and-fixed", SUCCESS, ["in_progress", "failed", "rolled_back"], SUCCESS)
async def _(play: Play) -> None:
    await second_is_paused(play)
    await abort(play)
    await back(play)
    await play.apply(rollout(3, AT_ONCE))
    await healthy(play)


@story("canary-undone", SUCCESS, ["in_progress", "rolled_back"], SUCCESS)
async def _(play: Play) -> None:
    await second_is_paused(play)
    await play.apply(rollout(1))
    await healthy(play)


@story("canary-overtaken", SUCCESS, ["in_progress", "cancelled"], ["in_progress", "failed", "rolled_back"])
async def _(play: Play) -> None:
    await second_is_paused(play)
    await play.apply(rollout(3))
    await paused(play)
    await abort(play)
    await back(play)


@story("canary-aborted-by-its-analysis", SUCCESS, ["in_progress", "failed", "rolled_back"])
async def _(play: Play) -> None:
    analysed = {"canary": {"steps": [{"setWeight": 25}, {"analysis": await analysis(play)}]}}
    await released(play, analysed)
    await play.apply(rollout(2, analysed))
    await back(play)
