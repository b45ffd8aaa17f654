"""A real control plane on this machine, for as long as an `async with` block."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import control_plane, credentials
from .binaries import ARGO_ROLLOUTS, EVERY_CLUSTER, HELM_3
from .building import provide
from .commands import HelmError, KubectlError, client_environment, run
from .control_plane import API_SERVER, CLIENTS, ETCD, ROLLOUTS_CONTROLLER, Layout, Ports
from .manifests import definitions_and_rest, documents, named, to_yaml
from .ports import LOOPBACK, free_ports
from .processes import Process, ProcessFailed, clean_environment
from .readiness import ApiServer

ATTEMPTS = 3
START_WITHIN = 90.0
STOP_WITHIN = 10.0
INTERVAL = 0.05


class Cluster:
    """etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok with simulated nodes.

    With `argo_rollouts`, Argo Rollouts is installed from the beginning.
    They live in `directory` and are reached through `url`, `ca_file` and `kubeconfig` (the administrator's).
    """

    url: str

    def __init__(
        self, *, directory: Path | None = None, audit: bool = False, nodes: int = 2, argo_rollouts: bool = False
    ) -> None:
        self._keep = directory is not None
        self._given = directory
        self._audit = audit
        self._nodes = nodes
        self._argo_rollouts = argo_rollouts
        self._processes: dict[str, Process] = {}
        self._api: ApiServer | None = None

    @property
    def directory(self) -> Path:
        """Data, logs, certificates; removed at the end unless the caller named it."""
        return self._layout.directory

    @property
    def ca_file(self) -> Path:
        """What verifies the API server."""
        return self._layout.ca_file

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self._layout.kubeconfig(credentials.ADMIN)

    @property
    def audit_log(self) -> Path:
        """With `audit=True`: one JSON object for each request, without contents."""
        return self._layout.audit_log

    @property
    def logs(self) -> Path:
        """The folder of the programs' logs."""
        return self._layout.directory / "logs"

    async def __aenter__(self) -> Self:
        self._binaries = await provide((*EVERY_CLUSTER, *ARGO_ROLLOUTS) if self._argo_rollouts else EVERY_CLUSTER)
        self._prepare()
        try:
            await self._start_on_free_ports()
            if self._argo_rollouts:
                await self.install_argo_rollouts()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def kubectl(self, *args: str, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """What kubectl prints, as the administrator unless another kubeconfig is given."""
        environment = client_environment(kubeconfig or self.kubeconfig, home=self._layout.clients)
        return await run(self._binaries["kubectl"], args, environment=environment, error=KubectlError, stdin=stdin)

    async def apply(self, *manifests: str | Path | dict[str, Any]) -> None:
        """Apply YAML texts, files, folders of files or objects; definitions first, until they are served."""
        definitions, rest = definitions_and_rest(await asyncio.to_thread(documents, manifests))
        if definitions:
            await self._apply(definitions)
            await self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *named(definitions))
        if rest:
            await self._apply(rest)

    async def helm(self, *args: str) -> str:
        """What helm prints."""
        environment = client_environment(self.kubeconfig, home=self._layout.clients)
        return await run(self._binaries["helm"], args, environment=environment, error=HelmError)

    async def helm3(self, *args: str) -> str:
        """What helm prints for those who have not left Helm 3 yet."""
        self._binaries |= await provide(HELM_3)
        environment = client_environment(self.kubeconfig, home=self._layout.clients)
        return await run(self._binaries["helm3"], args, environment=environment, error=HelmError)

    async def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig that may do what this ServiceAccount may do, and nothing else, for a day."""
        token = await self.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=24h")
        path = self._layout.kubeconfig(f"{namespace}.{name}")
        token_file = path.with_suffix(".token")
        credentials.write_secret(token_file, token.strip())
        # Both, and the same: kopf knows only the first, clients that read a token anew only the second.
        user = {"token": token.strip(), "tokenFile": str(token_file)}
        return credentials.write_kubeconfig(path, url=self.url, ca_file=self.ca_file, user=user)

    async def stop_api_server(self) -> None:
        """Take the API server away at once, as a crash would: watches break, requests are refused."""
        await self._processes[API_SERVER].stop(within=0)

    async def start_api_server(self) -> None:
        """Bring it back where it was, with what it knew."""
        await self._start(API_SERVER)
        await self._until(self._connected().serves, "the API server serves again")

    async def install_argo_rollouts(self) -> None:
        """Install Argo Rollouts: its definitions, then its controller, which is at work when this returns."""
        self._binaries |= await provide(ARGO_ROLLOUTS)
        # As files: they are so large that Python would take a minute to read them.
        files = [f"--filename={file}" for file in sorted(self._binaries["argo-rollouts-crds"].glob("*-crd.yaml"))]
        applied = await self.kubectl("apply", "--server-side", "--field-manager=sandbox", "--output=name", *files)
        await self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *applied.split())
        command = control_plane.rollouts_controller(self._layout, self._binaries[ROLLOUTS_CONTROLLER])
        self._processes[ROLLOUTS_CONTROLLER] = self._process(ROLLOUTS_CONTROLLER, command)
        await self.start_rollouts_controller()

    async def remove_argo_rollouts(self) -> None:
        """Remove Argo Rollouts: its controller, then its definitions and with them every Rollout."""
        await self._stop(ROLLOUTS_CONTROLLER)
        del self._processes[ROLLOUTS_CONTROLLER]
        definitions = (await self.kubectl("get", "customresourcedefinitions", "--output=name")).split()
        argos = [definition for definition in definitions if definition.endswith(".argoproj.io")]
        await self.kubectl("delete", "--timeout=120s", *argos)

    async def stop_rollouts_controller(self) -> None:
        """Take Argo Rollouts' controller away at once, as a crash would: Rollouts stay as they are."""
        await self._processes[ROLLOUTS_CONTROLLER].stop(within=0)

    async def start_rollouts_controller(self) -> None:
        """Bring Argo Rollouts' controller back."""
        await self._start(ROLLOUTS_CONTROLLER)
        process = self._processes[ROLLOUTS_CONTROLLER]
        await self._until(lambda: process.has_logged("Started controller"), "Argo Rollouts' controller starts")

    async def wipe(self) -> None:
        """Lose everything, as in a disaster: the same addresses, CA and keys, empty but for its nodes."""
        await self._stop_all()
        self._processes.pop(ROLLOUTS_CONTROLLER, None)
        await asyncio.to_thread(shutil.rmtree, self._layout.etcd_data)
        await self._start_all()

    async def process_ids(self) -> dict[str, list[int]]:
        """The processes of each program: its guard and itself; empty for one that is stopped."""
        return await asyncio.to_thread(lambda: {name: each.ids() for name, each in self._processes.items()})

    def _prepare(self) -> None:
        directory = self._given or Path(tempfile.mkdtemp(prefix="jira-operator-cluster-"))
        self._layout = layout = Layout(directory.resolve())
        for needed in (layout.certificates, layout.log("any").parent, layout.kubeconfig("any").parent):
            needed.mkdir(parents=True, exist_ok=True)
        credentials.write_signing_key(layout.signing_key)
        self._tokens = credentials.write_tokens(layout.tokens, (credentials.ADMIN, *CLIENTS, ROLLOUTS_CONTROLLER))

    async def _start_on_free_ports(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._use_ports(Ports(*free_ports(3)))
            try:
                await self._start_all()
            except ProcessFailed as failed:
                if attempt == ATTEMPTS or not failed.port_taken:
                    raise
                await self._forget_api()
                await self._stop_all()
            else:
                return

    def _use_ports(self, ports: Ports) -> None:
        layout = self._layout
        self.url = f"https://{LOOPBACK}:{ports.api_server}"
        for user, token in self._tokens.items():
            credentials.write_kubeconfig(
                layout.kubeconfig(user), url=self.url, ca_file=layout.ca_file, user={"token": token}
            )
        commands = control_plane.commands(layout, ports, self._binaries, audit=self._audit)
        self._processes = {name: self._process(name, command) for name, command in commands.items()}

    def _process(self, name: str, command: list[str]) -> Process:
        layout = self._layout
        return Process(name, command, log=layout.log(name), remove=None if self._keep else layout.directory)

    async def _start_all(self) -> None:
        await self._start(ETCD, API_SERVER)
        await self._until(self._has_certificate, "the API server writes its certificate")
        api = self._api = self._api or ApiServer(self.url, self.ca_file, self._tokens[credentials.ADMIN])
        await self._until(api.listens, "the API server listens")
        await self._start(*CLIENTS)
        await self._until(api.serves, "the API server serves")
        await api.create_nodes(self._nodes)
        await self._until(lambda: api.schedules(self._nodes), "the nodes take pods")

    async def _has_certificate(self) -> bool:
        return self.ca_file.exists() and self.ca_file.stat().st_size > 0

    def _connected(self) -> ApiServer:
        assert self._api is not None, "the cluster runs inside its `async with` block only"
        return self._api

    async def _until(self, reached: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for the cluster; a program that ends meanwhile says more than a deadline that passes."""
        deadline = time.monotonic() + START_WITHIN
        while not await reached():
            for process in self._processes.values():
                process.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {START_WITHIN:g} s: {what}; the logs are in {self.logs}")
            await asyncio.sleep(INTERVAL)

    async def _start(self, *names: str) -> None:
        environment = clean_environment()
        await asyncio.gather(*(self._processes[name].start(environment) for name in names))

    async def _stop(self, *names: str) -> None:
        await asyncio.gather(*(self._processes[name].stop(within=STOP_WITHIN) for name in names))

    async def _stop_all(self) -> None:
        """Clients first: a server that waits for its clients, or for its database, ends late."""
        for names in ((ROLLOUTS_CONTROLLER, *CLIENTS), (API_SERVER,), (ETCD,)):
            await self._stop(*(name for name in names if name in self._processes))

    async def _end(self) -> None:
        await self._forget_api()
        await self._stop_all()
        if not self._keep:
            await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    async def _forget_api(self) -> None:
        if self._api is not None:
            await self._api.close()
            self._api = None

    async def _apply(self, objects: Iterable[dict[str, Any]]) -> None:
        await self.kubectl("apply", "--server-side", "--field-manager=sandbox", "--filename=-", stdin=to_yaml(objects))
