"""What the kubelet mounts into a pod of the release, as files: settings, credentials, its ServiceAccount's token."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.cluster import Cluster
from sandbox.installation import NAMESPACE

GROUP = 65532
"""The pod's `fsGroup`."""
SETTINGS = "/etc/jira-deployment-operator/settings.yaml"
CREDENTIALS = "/etc/jira-deployment-operator/credentials"
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


async def volumes(folder: Path, cluster: Cluster, *, account: str, mounts: dict[str, Path]) -> Path:
    """Lay out in `folder` what is mounted, by its place in the pod, for the pod's group to read and nobody to write."""
    kubeconfig = await cluster.service_account_kubeconfig(NAMESPACE, account)
    token = kubeconfig.with_suffix(".token")
    _lay_out(
        folder, mounts, {"token": token.read_text(), "ca.crt": cluster.ca_file.read_text(), "namespace": NAMESPACE}
    )
    return folder


def _lay_out(folder: Path, mounts: dict[str, Path], account: dict[str, str]) -> None:
    own = folder / "account"
    own.mkdir(parents=True)
    for name, text in account.items():
        (own / name).write_text(text, encoding="utf-8")
    places = {"account": SERVICE_ACCOUNT}
    for number, (place, source) in enumerate(mounts.items()):
        copy = folder / f"mount-{number}"
        places[copy.name] = place
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            shutil.copy(source, copy)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 0, GROUP)
        path.chmod(0o750 if path.is_dir() else 0o440)
    for name, place in places.items():
        (folder / f"{name}.path").write_text(place, encoding="utf-8")


def environment(cluster: Cluster) -> dict[str, str]:
    """Return what tells a pod where its API server is."""
    address = urlsplit(cluster.url)
    return {"KUBERNETES_SERVICE_HOST": str(address.hostname), "KUBERNETES_SERVICE_PORT": str(address.port)}
