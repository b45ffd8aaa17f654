"""Where not pods but requests tell which version serves: blueGreen, and canaries behind a traffic router."""

import asyncio

from tests.unit.workloads.recording import Play
from tests.unit.workloads.stories.doings import (
    BLUE_GREEN,
    ROUTED,
    SUCCESS,
    abort,
    analysis,
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
)


@story("blue-green", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await play.apply(service("active"), service("preview"))
    await second_is_paused(play, BLUE_GREEN)
    await promote(play)
    await healthy(play)
    await asyncio.sleep(3)


@story("blue-green-aborted-and-retried", SUCCESS, ["in_progress", "rolled_back", *SUCCESS])
async def _(play: Play) -> None:
    await play.apply(service("active"), service("preview"))
    await second_is_paused(play, BLUE_GREEN)
    await abort(play)
    await degraded(play)
    await asyncio.sleep(3)
    await abort(play, wanted=False)
    await paused(play)
    await promote(play)
    await healthy(play)


@story("blue-green-undone", SUCCESS, ["in_progress", "rolled_back"], ["in_progress", "successful"])
async def _(play: Play) -> None:
    await play.apply(service("active"), service("preview"))
    await second_is_paused(play, BLUE_GREEN)
    await play.apply(rollout(1, BLUE_GREEN))
    await healthy(play)


@story("blue-green-back-after-its-promotion", SUCCESS, [*SUCCESS, "rolled_back"], SUCCESS)
async def _(play: Play) -> None:
    """While the old pods are kept, Argo goes back to them without a pause."""
    keeping = {"blueGreen": {**BLUE_GREEN["blueGreen"], "scaleDownDelaySeconds": 300}}
    await play.apply(service("active"), service("preview"))
    await second_is_paused(play, keeping)
    await promote(play)
    await healthy(play)
    await play.apply(rollout(1, keeping))
    await healthy(play)


@story("blue-green-aborted-by-its-analysis", SUCCESS, ["in_progress", "failed", "rolled_back"])
async def _(play: Play) -> None:
    strategy = {"blueGreen": {"activeService": "active", "postPromotionAnalysis": await analysis(play)}}
    await play.apply(service("active"))
    await released(play, strategy)
    await play.apply(rollout(2, strategy))
    await degraded(play)


@story("blue-green-held-in-the-write-of-its-template", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    strategy = {"blueGreen": {"activeService": "active"}}
    await play.apply(service("active"))
    await released(play, strategy)
    await play.apply(rollout(2, strategy, paused=True))
    await paused(play)
    await asyncio.sleep(1)
    await play.patch("rollout", {"spec": {"paused": None}})
    await healthy(play)


# nginx as a traffic router needs no more than an Ingress
async def routed(play: Play) -> None:
    backend = {"service": {"name": "stable", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"rules": [{"host": "web.example", "http": {"paths": paths}}]},
    }
    await play.apply(service("stable"), service("canary"), ingress)
    await second_is_paused(play, ROUTED)


@story("routed", SUCCESS, SUCCESS)
async def _(play: Play) -> None:
    await routed(play)
    await promote(play)
    await healthy(play)


@story("routed-aborted", SUCCESS, ["in_progress", "failed", "rolled_back"])
async def _(play: Play) -> None:
    await routed(play)
    await abort(play)
    await back(play)


@story("routed-undone", SUCCESS, ["in_progress", "rolled_back"], SUCCESS)
async def _(play: Play) -> None:
    await routed(play)
    await play.apply(rollout(1, ROUTED))
    await healthy(play)
