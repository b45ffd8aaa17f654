"""Who may talk to the API server, and the files that say so: random for each cluster."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from pathlib import Path

import yaml

ADMIN = "admin"

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# An ECPrivateKey of RFC 5915 on the curve P-256: its only variable part is the number in the middle. Go
# derives the public key, so no library for cryptography is needed here.
_KEY_BEFORE = bytes.fromhex("303102010104 20")
_KEY_AFTER = bytes.fromhex("a00a06082a8648ce3d030107")


def write_signing_key(path: Path) -> None:
    """The private key that signs service accounts' tokens."""
    number = secrets.randbelow(_P256_ORDER - 1) + 1
    key = base64.encodebytes(_KEY_BEFORE + number.to_bytes(32, "big") + _KEY_AFTER).decode()
    write_secret(path, f"-----BEGIN EC PRIVATE KEY-----\n{key}-----END EC PRIVATE KEY-----\n")


def write_tokens(path: Path, users: Iterable[str]) -> dict[str, str]:
    """The API server's static tokens; each user may do everything, and has a name in the audit log."""
    tokens = {user: secrets.token_urlsafe(32) for user in users}
    write_secret(path, "".join(f'{token},{user},{user},"system:masters"\n' for user, token in tokens.items()))
    return tokens


def write_kubeconfig(path: Path, *, url: str, ca_file: Path, user: dict[str, str]) -> Path:
    """A kubeconfig for one user, who verifies the server."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "sandbox",
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
        "clusters": [
            {"name": "sandbox", "cluster": {"server": url, "certificate-authority": str(ca_file)}},
        ],
        "users": [{"name": "sandbox", "user": user}],
    }
    write_secret(path, yaml.safe_dump(config, sort_keys=False))
    return path


def write_secret(path: Path, text: str) -> None:
    """Write a file for our eyes only; a reader sees the old text or the new one."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)
