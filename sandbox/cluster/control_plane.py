"""How the programs of the control plane are started: their flags, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .ports import LOOPBACK

ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
KWOK = "kwok"
ROLLOUTS_CONTROLLER = "rollouts-controller"

CLIENTS = (CONTROLLER_MANAGER, SCHEDULER, KWOK)
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Layout:
    """Where a cluster keeps its files."""

    directory: Path

    @property
    def etcd_data(self) -> Path:
        """Everything the cluster knows."""
        return self.directory / "etcd"

    @property
    def certificates(self) -> Path:
        """Where the API server writes its certificate and finds it again."""
        return self.directory / "certificates"

    @property
    def ca_file(self) -> Path:
        """The API server's certificate with the CA that signed it."""
        return self.certificates / "apiserver.crt"

    @property
    def signing_key(self) -> Path:
        """The key of the service accounts' tokens."""
        return self.directory / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        """The static tokens."""
        return self.directory / "tokens.csv"

    @property
    def audit_log(self) -> Path:
        """Who asked for what, one JSON object a line."""
        return self.directory / "audit.jsonl"

    @property
    def clients(self) -> Path:
        """What kubectl and helm keep for themselves."""
        return self.directory / "clients"

    def log(self, program: str) -> Path:
        """A program's log."""
        return self.directory / "logs" / f"{program}.log"

    def kubeconfig(self, user: str) -> Path:
        """A user's kubeconfig."""
        return self.directory / "kubeconfigs" / f"{user}.yaml"


@dataclass(frozen=True)
class Ports:
    """The cluster's ports on the loopback interface."""

    api_server: int
    etcd: int
    etcd_peer: int


def commands(layout: Layout, ports: Ports, binaries: Mapping[str, Path], *, audit: bool) -> dict[str, list[str]]:
    """The command line of each program."""
    flags = {
        ETCD: _etcd(layout, ports),
        API_SERVER: _api_server(layout, ports) + (_audit(layout) if audit else []),
        CONTROLLER_MANAGER: _controller_manager(layout),
        SCHEDULER: _scheduler(layout),
        KWOK: _kwok(layout),
    }
    return {program: [str(binaries[program]), *flags[program]] for program in flags}


def rollouts_controller(layout: Layout, binary: Path) -> list[str]:
    """The command line of Argo Rollouts' controller, which a cluster may do without."""
    return [
        str(binary),
        f"--kubeconfig={layout.kubeconfig(ROLLOUTS_CONTROLLER)}",
        "--leader-elect=false",
        # It would serve these on every interface of this machine, where nobody asks for them: a port that
        # cannot be is one line in its log, and no harm.
        "--metricsPort=-1",
        "--healthzPort=-1",
        "--qps=200",
        "--burst=400",
    ]


def _etcd(layout: Layout, ports: Ports) -> list[str]:
    client = f"http://{LOOPBACK}:{ports.etcd}"
    peer = f"http://{LOOPBACK}:{ports.etcd_peer}"
    return [
        f"--data-dir={layout.etcd_data}",
        "--unsafe-no-fsync",  # the data outlives its processes, not the machine's crash
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def _api_server(layout: Layout, ports: Ports) -> list[str]:
    return [
        f"--etcd-servers=http://{LOOPBACK}:{ports.etcd}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={ports.api_server}",
        f"--cert-dir={layout.certificates}",
        f"--token-auth-file={layout.tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={layout.signing_key}",
        f"--service-account-signing-key-file={layout.signing_key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",  # it refuses to publish a loopback address
        "--enable-priority-and-fairness=false",  # nobody to be fair to; saves memory
        "--profiling=false",
    ]


def _audit(layout: Layout) -> list[str]:
    return [
        f"--audit-policy-file={HERE / 'audit-policy.yaml'}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=10000",  # megabytes: a log that is read for what is missing in it must be whole
    ]


def _controller_manager(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.kubeconfig(CONTROLLER_MANAGER)}",
        f"--service-account-private-key-file={layout.signing_key}",
        "--leader-elect=false",
        "--secure-port=0",
        "--node-monitor-period=1s",  # how soon a node that is ready may be scheduled on
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.kubeconfig(SCHEDULER)}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def _kwok(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.kubeconfig(KWOK)}",
        f"--config={HERE / 'stages.yaml'}",
        "--manage-all-nodes",
        "--node-lease-duration-seconds=40",
        f"--node-ip={LOOPBACK}",
    ]
