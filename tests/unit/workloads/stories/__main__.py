"""Plays stories and keeps their recordings."""

import asyncio
import sys

from sandbox.cluster import Cluster
from tests.unit.workloads.recording import record
from tests.unit.workloads.stories import STORIES

AT_A_TIME = 3


async def main(names: list[str]) -> None:
    """Play the stories of these names, or all."""
    async with Cluster(argo_rollouts=True) as cluster, asyncio.TaskGroup() as playing:
        turns = asyncio.Semaphore(AT_A_TIME)

        async def play(name: str) -> None:
            async with turns:
                await record(cluster, name, STORIES[name])

        for name in names or STORIES:
            playing.create_task(play(name))


asyncio.run(main(sys.argv[1:]))
