"""A plain session to the sandbox's API server: what a bare client needs, and nothing between it and the wire."""

import ssl
from pathlib import Path

import aiohttp
import yaml


def session_for(kubeconfig: Path, *, connections: int = 32) -> aiohttp.ClientSession:
    """Return a session with the address, the CA and the token of a kubeconfig of the sandbox."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    trust = ssl.create_default_context(cafile=cluster["certificate-authority"])
    return aiohttp.ClientSession(
        cluster["server"],
        connector=aiohttp.TCPConnector(ssl=trust, limit=connections),
        headers={"Authorization": f"Bearer {user['token']}"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
        trust_env=False,
    )
