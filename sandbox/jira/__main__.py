"""`python -m sandbox.jira` runs the stand-in alone, to look at or to point an operator at."""

import argparse
import asyncio
import signal

from sandbox.jira import DEFAULT_SITE, StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import tell_story


async def _run(port: int, *, example: bool) -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where whoever starts it ignores them, as a shell's `&` does
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with StandInJira(port=port) as jira:
        print(
            f"The stand-in Jira runs until Ctrl-C.\n"
            f"  page           {jira.url}/\n"
            f"  API and auth   {jira.url}\n"
            f"  site           {jira.site_url(DEFAULT_SITE.name)}\n"
            f"  cloud id       {DEFAULT_SITE.cloud_id}\n"
            f"  client id      {DEFAULT_SITE.client_id}\n"
            f"  client secret  {DEFAULT_SITE.client_secret}\n"
            f"  projects       {', '.join(sorted(DEFAULT_SITE.projects))} (issues 1 to 9999)",
            flush=True,
        )
        if example:
            async with visiting(jira) as client:
                await tell_story(client)
        await interrupted.wait()


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.jira", description="A stand-in for Jira Software Cloud.")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on (default: a free one)")
    parser.add_argument("--example", action="store_true", help="fill the page with an example")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.port, example=arguments.example))


if __name__ == "__main__":
    main()
