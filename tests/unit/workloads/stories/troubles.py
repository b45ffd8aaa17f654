"""Canaries that are late, and several changes at once, which Argo Rollouts takes one after the other."""

import asyncio
from typing import Final

from tests.unit.workloads.recording import Play
from tests.unit.workloads.stories.doings import (
    AT_ONCE,
    SUCCESS,
    abort,
    back,
    degraded,
    healthy,
    paused,
    promote,
    released,
    rollout,
    second_is_paused,
    service,
    story,
    template,
)


@story("canary-late", SUCCESS, ["in_progress", "failed", "successful"])
async def _(play: Play) -> None:
    await released(play, AT_ONCE, progressDeadlineSeconds=2)
    await play.apply(rollout(2, AT_ONCE, progressDeadlineSeconds=2, template=template(2, ready_after="6s")))
    await degraded(play)
    await healthy(play)


@story("canary-too-late", SUCCESS, ["in_progress", "failed"], SUCCESS)
async def _(play: Play) -> None:
    await released(play, AT_ONCE, progressDeadlineSeconds=2)
    await play.apply(rollout(2, AT_ONCE, progressDeadlineSeconds=2, template=template(2, pod="never-ready")))
    await degraded(play)
    await play.apply(rollout(3, AT_ONCE, progressDeadlineSeconds=2))
    await healthy(play)


@story("canary-too-late-and-aborted-for-it", SUCCESS, ["in_progress", "failed", "rolled_back"])
async def _(play: Play) -> None:
    spec = {"progressDeadlineSeconds": 2, "progressDeadlineAbort": True}
    await released(play, AT_ONCE, **spec)
    await play.apply(rollout(2, AT_ONCE, **spec, template=template(2, pod="never-ready")))
    await back(play)


@story("canary-aborted-after-the-end", SUCCESS)
async def _(play: Play) -> None:
    await released(play)
    await abort(play)
    await asyncio.sleep(2)
    await healthy(play)


@story("canary-scaled", SUCCESS)
async def _(play: Play) -> None:
    await released(play)
    for replicas in (7, 2, 0, 4):
        await play.patch("rollout", {"spec": {"replicas": replicas}})
        await healthy(play)
    await play.kubectl("delete", "pods", "--all", "--wait=false")
    await asyncio.sleep(1)
    await healthy(play)
    await play.patch("rollout", {"spec": {"restartAt": "2026-11-01T00:00:00Z"}})
    await asyncio.sleep(1)
    await healthy(play)
    await play.patch("rollout", {"spec": {"paused": True}})
    await paused(play)
    await play.patch("rollout", {"spec": {"paused": False}})
    await healthy(play)
    await play.patch("rollout", {"metadata": {"annotations": {"team": "shop"}, "labels": {"team": "shop"}}})


@story("canary-and-fewer-pods-in-one-write", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await released(play)
    await play.apply(rollout(2, replicas=2))
    await paused(play)
    await promote(play)
    await healthy(play)


@story("canary-and-end-of-a-pause-in-one-write", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await released(play)
    await play.patch("rollout", {"spec": {"paused": True}})
    await paused(play)
    await play.patch("rollout", {"spec": {"paused": False, "template": template(2)}})
    await paused(play)
    await promote(play)
    await healthy(play)


@story("canary-return-and-end-of-a-pause-in-one-write", SUCCESS, [*SUCCESS, "rolled_back"], SUCCESS)
async def _(play: Play) -> None:
    await released(play, AT_ONCE)
    await play.apply(rollout(2, AT_ONCE))
    await healthy(play)
    await play.patch("rollout", {"spec": {"paused": True}})
    await paused(play)
    await play.patch("rollout", {"spec": {"paused": False, "template": template(1)}})
    await healthy(play)


# Argo itself calls the new version aborted for a moment, since a change of size is handled before one of the template.
ARGOS_OWN_MISTAKE: Final = ["in_progress", "failed", *SUCCESS]


@story(
    "canary-aborted-and-fixed-and-scaled-in-one-write",
    SUCCESS,
    ["in_progress", "failed", "rolled_back"],
    ARGOS_OWN_MISTAKE,
)
async def _(play: Play) -> None:
    await second_is_paused(play)
    await abort(play)
    await back(play)
    await play.apply(rollout(3, AT_ONCE, replicas=5))
    await healthy(play)


@story("canary-created-with-a-pause", SUCCESS)
async def _(play: Play) -> None:
    await play.apply(rollout(1, paused=True))
    await paused(play)
    await play.patch("rollout", {"spec": {"paused": False}})
    await healthy(play)


@story("canary-without-its-services", ["in_progress", "failed", "successful"])
async def _(play: Play) -> None:
    strategy = {"canary": {"stableService": "stable", "canaryService": "canary"}}
    await play.apply(rollout(1, strategy))
    await degraded(play)
    await play.apply(service("stable"), service("canary"))
    await healthy(play)
