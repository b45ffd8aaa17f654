"""A real Kubernetes control plane on this machine, with simulated nodes: no root, no container runtime.

    from sandbox.cluster import Cluster, KubectlError
    from sandbox.eventually import eventually

    async with Cluster(audit=True) as cluster:
        await cluster.apply(Path("crds"))
        await cluster.kubectl("create", "namespace", "shop")
        await cluster.kubectl("create", "deployment", "web", "--image=web:1", "--replicas=5", "-n", "shop")
        await cluster.kubectl("rollout", "status", "deployment/web", "-n", "shop", "--timeout=20s")

        # What the operator is started with: it may do what its ServiceAccount may do, and nothing else.
        kubeconfig = await cluster.service_account_kubeconfig("jira", "operator")

        await cluster.stop_api_server()    # watches break
        await cluster.start_api_server()   # same port, same data
        await cluster.wipe()               # same port and keys, no data: the disaster

        await cluster.install_argo_rollouts()   # or from the beginning: Cluster(argo_rollouts=True)
        await cluster.remove_argo_rollouts()    # its definitions, every Rollout and its controller

Pods are simulated: they are ready as soon as they are scheduled, unless an annotation of the pod (so of the
template of a Deployment or a Rollout) asks for something else:

    sandbox.jira-operator.dev/pod: never-ready        runs, is not ready
    sandbox.jira-operator.dev/pod: crash              in CrashLoopBackOff
    sandbox.jira-operator.dev/ready-after: 3s         becomes ready after this time (a Go duration)

`kubectl annotate pods --overwrite -l app=web sandbox.jira-operator.dev/pod=ready` heals running ones at once.

The programs are built by Go on first use, which takes minutes (`make tools` shows it), and cached.
"""

from __future__ import annotations

from .building import BuildError
from .cluster import Cluster
from .commands import CommandError, HelmError, KubectlError
from .processes import ProcessFailed
from .toolchain import ToolchainError

__all__ = [
    "BuildError",
    "Cluster",
    "CommandError",
    "HelmError",
    "KubectlError",
    "ProcessFailed",
    "ToolchainError",
]
