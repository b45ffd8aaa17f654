"""What the image's build needs of this machine: programs and rights, and how pip reaches its index from here."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("buildah", "debootstrap", "unshare", "setpriv", "chroot", "find")
_OF_PIP: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout")
"""pip's settings that say how the index is reached, and hold inside of the build as well."""
_CERTIFICATES: Final = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def why_not() -> str | None:
    """Why no image can be built here, if so."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        return f"building the image needs {', '.join(PROGRAMS)}; missing here: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "building the image needs root: debootstrap makes a root file system"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "building the image needs the right to mount, which this container does not have"
    return None


def pip_settings(certificates: str) -> str:
    """Return this machine's way to its package index as a pip.conf; its CA certificates are at `certificates`."""
    pip = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    settings = {}
    for line in pip.stdout.splitlines():
        name, _, value = line.partition("=")
        (text,) = shlex.split(value)
        settings[name.rpartition(".")[2]] = text  # the environment's come last, and win
    lines = [f"{name} = {settings[name]}" for name in _OF_PIP if name in settings]
    return "\n".join(["[global]", f"cert = {certificates}", *lines, ""])


def certificates() -> Path | None:
    """This machine's own CA certificates, where its environment names some."""
    named = (Path(os.environ[name]) for name in _CERTIFICATES if os.environ.get(name))
    return next((path for path in named if path.is_file()), None)
