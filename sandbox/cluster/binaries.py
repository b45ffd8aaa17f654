"""The programs of the control plane: found where they lie, built where they are missing.

Each folder below `tools/` is an ordinary Go module: its go.mod names the programs and pins their versions,
its go.sum pins every byte of their sources: Go fetches and proves sources, and no program is downloaded.
One more module is one more folder there and one more entry in MODULES; `go get -tool PACKAGE@VERSION` in its
folder adds a program or changes its version.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

TOOLS = Path(__file__).with_name("tools")
BUILD_FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")


@dataclass(frozen=True)
class Module:
    """A Go module below `tools/` and the programs it builds."""

    name: str
    source: str
    """The Go module whose version is stamped on the programs, as go.mod requires it."""
    programs: Mapping[str, str]
    """Each program and its Go package."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Each folder of files that its programs need, and where `source` has it."""
    stamps: tuple[str, ...] = ()
    """Go variables that hold the version; without them programs report a placeholder."""

    @property
    def directory(self) -> Path:
        """Where its go.mod is."""
        return TOOLS / self.name

    @cached_property
    def version(self) -> str:
        """The version of `source` that go.mod pins."""
        found = re.search(rf"\s{re.escape(self.source)} (v\S+)", (self.directory / "go.mod").read_text())
        if found is None:
            raise LookupError(f"{self.directory / 'go.mod'} requires no version of {self.source}")
        return found[1]

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """The flags of `go build`."""
        number = self.version.removeprefix("v")
        major, minor, _ = number.split(".", 2)
        client = re.search(r"\sk8s\.io/client-go v0\.(\d+)\.", (self.directory / "go.mod").read_text())
        words = {"version": self.version, "number": number, "major": major, "minor": minor}
        words["client_minor"] = client[1] if client else ""
        stamps = (stamp.format(**words) for stamp in self.stamps)
        return (*BUILD_FLAGS, "-ldflags", " ".join(["-s", "-w", *(f"-X {stamp}" for stamp in stamps)]))

    @property
    def cache(self) -> Path:
        """Where its finished programs and folders are kept: another folder as soon as anything about them changes."""
        digest = hashlib.sha256()
        for part in (
            (self.directory / "go.mod").read_bytes(),
            (self.directory / "go.sum").read_bytes(),
            *(part.encode() for part in (*self.flags, sys.platform, platform.machine())),
        ):
            digest.update(hashlib.sha256(part).digest())
        return cache_directory() / "bin" / f"{self.name}-{digest.hexdigest()[:16]}"


_KUBERNETES_VERSION = "k8s.io/component-base/version"

MODULES = (
    Module(
        name="kubernetes",
        source="k8s.io/kubernetes",
        programs={
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            "kubectl": "k8s.io/kubernetes/cmd/kubectl",
        },
        stamps=(
            f"{_KUBERNETES_VERSION}.gitVersion={{version}}",
            f"{_KUBERNETES_VERSION}.gitMajor={{major}}",
            f"{_KUBERNETES_VERSION}.gitMinor={{minor}}",
        ),
    ),
    Module(
        name="kwok",
        source="sigs.k8s.io/kwok",
        programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        stamps=("sigs.k8s.io/kwok/pkg/consts.Version={version}",),
    ),
    Module(
        name="helm",
        source="helm.sh/helm/v4",
        programs={"helm": "helm.sh/helm/v4/cmd/helm"},
        stamps=("helm.sh/helm/v4/internal/version.version={version}",),
    ),
    Module(
        name="helm3",
        source="helm.sh/helm/v3",
        programs={"helm3": "helm.sh/helm/v3/cmd/helm"},
        # Its own build says as which Kubernetes it renders where no cluster is asked; Helm 4 finds that out by itself.
        stamps=(
            "helm.sh/helm/v3/internal/version.version={version}",
            *(
                f"helm.sh/helm/v3/pkg/{package}.k8sVersion{part}"
                for package in ("chartutil", "lint/rules")
                for part in ("Major=1", "Minor={client_minor}")
            ),
        ),
    ),
    Module(
        name="argo-rollouts",
        source="github.com/argoproj/argo-rollouts",
        programs={"rollouts-controller": "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"},
        folders={"argo-rollouts-crds": "manifests/crds"},
        stamps=("github.com/argoproj/argo-rollouts/utils/version.version={number}",),
    ),
)

PRODUCTS = tuple(product for module in MODULES for product in (*module.programs, *module.folders))
ARGO_ROLLOUTS = ("rollouts-controller", "argo-rollouts-crds")
HELM_3 = ("helm3",)
EVERY_CLUSTER = tuple(product for product in PRODUCTS if product not in (*ARGO_ROLLOUTS, *HELM_3))
"""What no cluster does without."""


def module_of(product: str) -> Module:
    """The module that has a program or a folder."""
    return next(module for module in MODULES if product in module.programs or product in module.folders)


def find(product: str) -> Path | None:
    """A program or a folder that is there: in `$KUBEBUILDER_ASSETS`, as setup-envtest has it, or in our cache."""
    places = [module_of(product).cache]
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        places.insert(0, Path(assets))
    return next((path for place in places if (path := place / product).exists()), None)


def cache_directory() -> Path:
    """This project's folder in the user's cache: never in the checkout, which CI clones afresh."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "jira-deployment-operator"
