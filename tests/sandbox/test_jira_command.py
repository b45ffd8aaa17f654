"""`python -m sandbox.jira`: prints where it is, serves, and ends on Ctrl-C."""

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from sandbox.jira import DEFAULT_SITE

REPOSITORY = Path(__file__).resolve().parents[2]


IGNORING: Final = ("-c", "import os, sys, signal as s; s.signal(2, s.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])")
"""What a shell does to what it starts with `&`."""


@pytest.mark.parametrize("ignored", [False, True], ids=["in front", "behind"])
async def test_given_the_command_when_run_then_it_serves_until_interrupted(ignored: bool) -> None:
    command = (sys.executable, "-m", "sandbox.jira", "--example")
    started = (sys.executable, *IGNORING, *command) if ignored else command
    process = await asyncio.create_subprocess_exec(*started, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            printed = (await process.stdout.readuntil(b"projects")).decode()
            found = re.search(r"http://127\.0\.0\.1:\d+", printed)
            assert found is not None
            assert DEFAULT_SITE.client_secret in printed

            async with session.get(f"{found[0]}/sites/{DEFAULT_SITE.name}/_edge/tenant_info") as answer:
                assert await answer.json() == {"cloudId": DEFAULT_SITE.cloud_id}
            async with session.get(f"{found[0]}/events") as events:
                shown = 0
                while not shown:
                    await events.content.readuntil(b"\n\n")
                    async with session.get(f"{found[0]}/api/board") as board:
                        shown = len((await board.json())["sites"][0]["rows"])

            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
