"""The image, built for real: from a Debian made here, as no registry can be asked, and kept in the project's cache.

The base is debootstrap's, committed under the name of the Dockerfile's own base, so the Dockerfile is built as it is.
Layers are kept from run to run; a change of the operator builds two of them anew. Every command has a mount
namespace of its own: whatever it mounts is gone when it ends, however it ends.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sandbox.cluster.binaries import cache_directory
from tests.image import machine

ROOT: Final = Path(__file__).resolve().parents[2]
REVISION: Final = "0123456789abcdef0123456789abcdef01234567"
CONFINED: Final = Path(__file__).with_name("confined.sh")
IMAGE: Final = "localhost/jira-deployment-operator:under-test"
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
PIP_CONF: Final = "/etc/pip.conf"
SUITE: Final = "bookworm"
LAYERS_KEPT: Final = 60
"""A build has 18; with more than this those of older sources go, and so does what would save the next build time."""
PACKAGES: Final = "python3,python3-venv,python3-pip,ca-certificates"


class NoBase(Exception):
    """debootstrap could not make the base, such as without a way to Debian's mirror."""


@dataclass(frozen=True)
class Entry:
    """A file, folder or link of a root file system."""

    path: str
    kind: str
    """As `find` has it: f, d, l, ..."""
    mode: int
    user: int
    group: int

    def writable_by(self, user: int) -> bool:
        """Whether a user who is in the group of the same number may write to it."""
        bits = 0o200 * (self.user == user) | 0o020 * (self.group == user) | 0o002
        return self.kind != "l" and bool(self.mode & bits)


class Builder:
    """buildah with a storage of its own; `base` is the name that the Dockerfile gives its base."""

    def __init__(self, storage: Path, runroot: Path) -> None:
        self._storage = storage
        self._runroot = runroot
        (self.base,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)

    def buildah(self, *arguments: str | Path) -> str:
        """Run buildah, and return what it prints."""
        store = ("--root", self._storage, "--runroot", self._runroot)
        return _own_mounts("buildah", *store, *arguments)

    def build(self) -> None:
        """Build the Dockerfile, and its base first if there is none."""
        self.buildah("rm", "--all")  # of a run that was killed
        if len(self.buildah("images", "--all", "--quiet").split()) > LAYERS_KEPT:
            self.buildah("rmi", "--prune")
        if self.base not in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
            self._commit_base(_root_file_system())
        pip_conf = self._runroot / "pip.conf"
        pip_conf.write_text(machine.pip_settings(CERTIFICATES))
        volumes = [f"--volume={pip_conf}:{PIP_CONF}:ro"]
        if certificates := machine.certificates():
            volumes.append(f"--volume={certificates}:{CERTIFICATES}:ro")
        options = ("--pull-never", "--layers", f"--build-arg=REVISION={REVISION}", f"--tag={IMAGE}")
        self.buildah("bud", *options, *volumes, ROOT)

    def _commit_base(self, root: Path) -> None:
        container = self.buildah("from", "scratch").strip()
        self.buildah("add", "--quiet", container, root, "/")
        self.buildah("commit", "--quiet", "--rm", container, self.base)

    @cached_property
    def inspected(self) -> dict[str, Any]:
        """What the image says of itself."""
        image: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", IMAGE))["OCIv1"]
        return image

    @property
    def config(self) -> dict[str, Any]:
        """How the image is run."""
        config: dict[str, Any] = self.inspected["config"]
        return config

    def entries(self, image: str) -> dict[str, Entry]:
        """Everything in an image's root file system, by its path."""
        script = 'find "$(buildah --root "$1" --runroot "$2" mount "$3")" -xdev -mindepth 1 -printf "%y %m %U %G %P\\n"'
        with self.container(image) as container:
            listed = _own_mounts("sh", "-euc", script, "sh", self._storage, self._runroot, container)
        found = (line.split(" ", maxsplit=4) for line in listed.splitlines())
        return {path: Entry(path, kind, int(mode, 8), int(uid), int(gid)) for kind, mode, uid, gid, path in found}

    @contextmanager
    def container(self, image: str = IMAGE) -> Iterator[str]:
        """A container of an image, for as long as it is needed."""
        container = self.buildah("from", "--pull-never", image).strip()
        try:
            yield container
        finally:
            self.buildah("rm", container)

    def confined(self, container: str, volumes: Path, **environment: str) -> list[str | Path]:
        """The command that runs another one as the chart's pod would; see `confined.sh`."""
        # A container runtime gives a user without a home the root as one.
        variables = [*self.config["Env"], "HOME=/", *(f"{name}={value}" for name, value in environment.items())]
        places = (self._storage, self._runroot, container, volumes, self.config["User"])
        return [*_UNSHARE, CONFINED, *places, "/usr/bin/env", "-i", *variables]


@contextmanager
def builder() -> Iterator[Builder]:
    """A builder whose storage is in the project's cache: another one for another base or other dependencies."""
    recipe = hashlib.sha256(f"{SUITE} {PACKAGES}".encode())
    for name in ("Dockerfile", "requirements.lock", "requirements-build.lock"):
        recipe.update((ROOT / name).read_bytes())
    home = _home() / "storage"
    storage = home / recipe.hexdigest()[:16]
    for old in home.iterdir() if home.is_dir() else ():
        if old != storage:
            shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix="jira-deployment-operator-image-") as runroot:
        yield Builder(storage, Path(runroot))


def _home() -> Path:
    return cache_directory() / "image"


def _root_file_system() -> Path:
    """Debian with Python, as debootstrap makes it once."""
    root = _home() / f"{SUITE}-{hashlib.sha256(PACKAGES.encode()).hexdigest()[:8]}"
    if root.is_dir():
        return root
    unfinished = root.with_name(f"{root.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        _own_mounts("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, unfinished)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(unfinished)
        raise NoBase(f"debootstrap ended with {error.returncode}:\n{error.stdout[-800:]}") from error
    # What is mounted while the image is built must be there before, or it would be left behind in the image, empty.
    for mounted in (PIP_CONF, "/etc/hosts"):
        (unfinished / mounted[1:]).touch()
    return unfinished.rename(root)


_UNSHARE: Final = ("unshare", "--mount", "--propagation", "private")


def _own_mounts(*command: str | Path) -> str:
    """Run a command whose mounts nobody else sees; what fails is shown with all that it said."""
    environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
    whole: Sequence[str | Path] = [*_UNSHARE, *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=False, env=environment, errors="replace")
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}"
        error = subprocess.CalledProcessError(done.returncode, whole, output=said)
        error.add_note(said[-4000:])
        raise error
    return done.stdout
