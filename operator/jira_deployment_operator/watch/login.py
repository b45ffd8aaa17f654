"""How kopf reaches the API server: with the same credentials as our own calls."""

from datetime import UTC, datetime, timedelta
from typing import Final

import kopf

from jira_deployment_operator.kube import connection

_RELOAD_AFTER: Final = timedelta(minutes=10)
"""Kubernetes rotates a mounted token at 80 % of an hour: reading it every ten minutes is in time."""


async def connection_info() -> kopf.ConnectionInfo:
    """Return the connection in kopf's form, to be asked for again before a rotated token expires."""
    configuration = await connection.load()
    scheme, _, token = str(configuration.api_key.get("BearerToken", "")).partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme=scheme.capitalize() if token else None,
        token=token or None,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        expiration=datetime.now(UTC) + _RELOAD_AFTER,
    )
