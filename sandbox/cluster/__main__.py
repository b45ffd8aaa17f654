"""`python -m sandbox.cluster`: build the control plane's programs, or run a cluster by hand."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import click

from . import BuildError, Cluster, ProcessFailed, ToolchainError
from .binaries import find
from .building import provide


@click.group()
def main() -> None:
    """A throw-away Kubernetes control plane on this machine."""


@main.command()
def build() -> None:
    """Build every program that is not there yet."""
    with _told_plainly():
        asyncio.run(provide())


@main.command()
@click.option("--nodes", default=2, show_default=True, help="How many simulated nodes.")
@click.option("--audit", is_flag=True, help="Keep an audit log.")
@click.option("--argo-rollouts", is_flag=True, help="With Argo Rollouts.")
@click.option("--directory", type=click.Path(path_type=Path), help="Keep data and logs here.")
def run(nodes: int, audit: bool, argo_rollouts: bool, directory: Path | None) -> None:
    """Run a cluster until Ctrl-C."""
    with _told_plainly(), contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_run(Cluster(directory=directory, audit=audit, nodes=nodes, argo_rollouts=argo_rollouts)))


async def _run(cluster: Cluster) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    started = time.monotonic()
    async with cluster:
        click.echo(_welcome(cluster, time.monotonic() - started))
        try:
            await asyncio.Event().wait()
        finally:
            click.echo("\nStopping.")


def _welcome(cluster: Cluster, seconds: float) -> str:
    return f"""\
A cluster is ready after {seconds:.1f} s. In another terminal:

  export KUBECONFIG={cluster.kubeconfig}
  alias kubectl={find("kubectl")}
  kubectl create deployment hello --image=hello:1 --replicas=5
  kubectl rollout status deployment/hello

API server  {cluster.url}
Logs        {cluster.logs}
Ctrl-C stops and removes it."""


@contextlib.contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except (BuildError, ToolchainError, ProcessFailed, TimeoutError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m sandbox.cluster")
