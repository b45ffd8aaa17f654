"""Where the API server is and how to authenticate, once for kopf's watches and for our own calls."""

import os
from typing import Any

from kubernetes.aio import client, config


async def load() -> Any:
    """Return the client's configuration: `$KUBECONFIG`, else the pod's service account, else `~/.kube/config`.

    Raises `kubernetes.aio.config.ConfigException` if none of them can be used.
    """
    configuration = client.Configuration()
    if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
        config.load_incluster_config(client_configuration=configuration)
    else:
        await config.load_kube_config(client_configuration=configuration)
    return configuration
