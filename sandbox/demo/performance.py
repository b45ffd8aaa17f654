"""One performance of the story: everything is brought up, the story is played, and everything is taken down."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from sandbox.cluster import Cluster
from sandbox.cluster.binaries import find, module_of
from sandbox.demo.arrivals import Arrivals
from sandbox.demo.narration import Narrator
from sandbox.demo.player import Player, UnexpectedError
from sandbox.demo.story import BEFORE, CHAPTERS
from sandbox.installation import CHART, NAMESPACE, RELEASE, ROOT, Installation
from sandbox.jira import StandInJira

_LAST_LINES: Final = 15
GATING: Final = {"mechanism": "Policy", "pollSeconds": 1}
"""Holds are set by the API server itself, and nobody who watches wants to wait for the next question to Jira."""


async def perform(narrator: Narrator, *, stay: bool) -> None:
    """Play it all, and with `stay` leave it running until cancelled; raise if anything is not as it must be."""
    started = time.monotonic()
    narrator.title(
        "jira-deployment-operator: a demo",
        "A real Kubernetes control plane and a stand-in for Jira, both on this machine; only the pods are simulated. "
        'Each line "Jira <-" is a report as it arrives: issues, environment, version, state, and the milliseconds '
        "since the operator saw the change.",
    )
    async with StandInJira() as jira, Cluster(argo_rollouts=True) as cluster, _following(jira, narrator) as arrivals:
        narrator.facts(
            {
                "Cluster": f"Kubernetes {module_of('kubectl').version}, up in {time.monotonic() - started:.0f} s",
                "Jira": f"{jira.url}/ (open it to watch along)",
            }
        )
        operator = Installation(cluster, jira, values={"gating": GATING})
        player = Player(cluster, jira, operator, arrivals, narrator)
        narrator.title(BEFORE.title, BEFORE.text)
        await player.play(BEFORE)
        async with _installed(operator, narrator):
            for number, chapter in enumerate(CHAPTERS, start=1):
                narrator.chapter(chapter, number, len(CHAPTERS))
                await player.play(chapter)
            player.verify()
            narrator.title("What Jira shows now, each issue's deployments oldest first")
            narrator.table(player.board)
            narrator.totals(arrivals.seen, player.board, time.monotonic() - started)
            _tell_where(narrator, cluster, jira, operator)
            if stay:
                await _until_cancelled(narrator, cluster)
            else:
                narrator.prose("No terminal is attached, so the demo ends here and removes it all.")
                await _end(operator, player)


@contextlib.asynccontextmanager
async def _following(jira: StandInJira, narrator: Narrator) -> AsyncIterator[Arrivals]:
    """Tell of reports as they arrive."""
    arrivals = Arrivals(jira, narrator.arrival)
    task = asyncio.create_task(arrivals.follow())
    try:
        yield arrivals
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _installed(operator: Installation, narrator: Narrator) -> AsyncIterator[None]:
    """Install the chart and run the operator."""
    narrator.title(
        "The operator is installed",
        "helm installs the chart. The operator runs as a process of its own with its ServiceAccount's token, so it "
        "may do what the chart grants and nothing else.",
    )
    chart = CHART.relative_to(ROOT)
    narrator.command(f"helm upgrade {RELEASE} {chart} --install --create-namespace -n {NAMESPACE} -f values.yaml")
    async with operator:
        with _log_kept_on_failure(operator.log, narrator):
            await operator.start()
            narrator.remark(f"It is ready, as process {operator.pid}.")
            yield


@contextlib.contextmanager
def _log_kept_on_failure(log: Path, narrator: Narrator) -> Iterator[None]:
    """The cluster's folder goes with the cluster; what explains a failure must stay."""
    try:
        yield
    except Exception:
        if log.exists():
            descriptor, kept = tempfile.mkstemp(prefix="jira-deployment-operator-demo-", suffix=".log")
            os.close(descriptor)
            shutil.copyfile(log, kept)
            narrator.log(Path(kept), log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])
        raise


def _tell_where(narrator: Narrator, cluster: Cluster, jira: StandInJira, operator: Installation) -> None:
    narrator.title("Where things are")
    narrator.facts(
        {
            "Jira's page": f"{jira.url}/",
            "Operator's page": operator.status_page,
            "Operator's log": str(operator.log),
            "Kubeconfig": str(cluster.kubeconfig),
        }
    )


async def _until_cancelled(narrator: Narrator, cluster: Cluster) -> None:
    """Leave everything to whoever watches; only an interruption ends it, so it is no failure."""
    narrator.title("It all runs until Ctrl-C. Roll something out yourself, in another terminal:")
    narrator.command(f"export KUBECONFIG={cluster.kubeconfig}")
    narrator.command(f"alias kubectl={find('kubectl')}")
    narrator.command("kubectl set image -n shop-staging deployment/web web=nginx:1.29")
    narrator.command("kubectl get jiradeployments -A")
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def _end(operator: Installation, player: Player) -> None:
    """Stop the operator as Kubernetes would, and look once more: it had its chance to send what it held back."""
    code = await operator.stop()
    if code != 0:
        raise UnexpectedError(f"the operator ended with code {code} when it was asked to stop")
    player.verify()
