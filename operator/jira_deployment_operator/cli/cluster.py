"""The cluster that the user's kubeconfig leads to."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import yaml
from kubernetes.aio import config

from jira_deployment_operator.cli.failures import Failure
from jira_deployment_operator.kube import connection
from jira_deployment_operator.kube.client import ApiServer

_IN_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_UNUSABLE: Final = (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, KeyError)
"""All that a broken kubeconfig has been seen to raise."""


@asynccontextmanager
async def connected() -> AsyncIterator[ApiServer]:
    """Open the connection to the API server. Raises `Failure` if there is nothing to connect with."""
    try:
        api_server = ApiServer(await connection.load())
    except _UNUSABLE as error:
        raise Failure(
            f"no usable kubeconfig: {str(error).rstrip('.')}",
            advice="set KUBECONFIG to a file that leads to the cluster, or run this in the operator's pod",
        ) from error
    try:
        yield api_server
    finally:
        await api_server.close()


def current_namespace() -> str:
    """Return the namespace that kubectl would use: that of the kubeconfig's current context, else `default`."""
    if "KUBECONFIG" not in os.environ and _IN_POD.is_file():
        return _IN_POD.read_text(encoding="utf-8").strip() or "default"
    try:
        _, current = config.list_kube_config_contexts()
        return str(current["context"].get("namespace") or "default")
    except _UNUSABLE:
        return "default"
