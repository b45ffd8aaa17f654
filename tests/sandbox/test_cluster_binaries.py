"""The control plane's programs: taken where they are, else built; a failure says what to do."""

from __future__ import annotations

import asyncio
import shutil
import stat
from pathlib import Path

import pytest

from sandbox.cluster import BuildError
from sandbox.cluster.binaries import ARGO_ROLLOUTS, EVERY_CLUSTER, HELM_3, MODULES, PRODUCTS, find, module_of
from sandbox.cluster.building import provide


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Go that is new enough; tests say what its `build` does."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "go"


def plays(go: Path, build: str, *, download: str = "exit 1", version: str = "go1.26.8") -> None:
    go.write_text(f'#!/bin/sh\ncase "$1" in env) echo {version};; build) {build};; mod) {download};; esac\n')
    go.chmod(0o755)


BUILDS = 'echo k8s.io/one >&2; while [ "$1" != -o ]; do shift; done; echo built > "$2"; echo once >> "$0.builds"'


def downloads(source: Path) -> str:
    """What `go mod download` answers when a module's source is there."""
    return f"""echo '{{"Dir": "{source}"}}'"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The source of a module, read-only as Go keeps it."""
    definitions = tmp_path / "source" / "manifests" / "crds"
    definitions.mkdir(parents=True)
    (definitions / "rollout-crd.yaml").write_text("kind: CustomResourceDefinition\n")
    (definitions / "rollout-crd.yaml").chmod(0o444)
    return tmp_path / "source"


def builds_of(go: Path) -> int:
    return len(go.with_name("go.builds").read_text().splitlines())


def test_kubebuilder_assets_come_first_and_only_for_what_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = module_of("etcd").cache
    cached.mkdir(parents=True)
    for program in ("etcd", "kubectl"):
        (cached / program).touch()
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert find("etcd") == tmp_path / "etcd"
    assert find("kubectl") == cached / "kubectl"
    assert find("kwok") is None


async def test_missing_programs_are_built_once(go: Path, source: Path) -> None:
    plays(go, BUILDS, download=downloads(source))
    programs = [program for module in MODULES for program in module.programs]
    told: list[str] = []
    built = await provide(report=told.append)
    assert set(built) == set(PRODUCTS)
    assert all(built[program].read_text() == "built\n" for program in programs)
    assert any("kube-apiserver" in line for line in told)

    told.clear()
    assert await provide(report=told.append) == built
    assert told == []
    assert builds_of(go) == len(programs)


async def test_a_folder_of_a_modules_source_is_kept_beside_its_programs(go: Path, source: Path) -> None:
    plays(go, BUILDS, download=downloads(source))
    built = await provide(ARGO_ROLLOUTS, report=lambda _: None)
    shutil.rmtree(source)
    assert await provide(ARGO_ROLLOUTS) == built
    definitions = built["argo-rollouts-crds"]
    assert definitions.parent == built["rollouts-controller"].parent
    (definition,) = definitions.iterdir()
    assert definition.read_text() == "kind: CustomResourceDefinition\n"
    assert definition.stat().st_mode & stat.S_IWUSR


async def test_a_program_of_ones_own_gets_the_folder_it_needs(
    go: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays(go, "exit 1", download=downloads(source))
    (tmp_path / "rollouts-controller").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    provided = await provide(ARGO_ROLLOUTS, report=lambda _: None)
    assert provided["rollouts-controller"] == tmp_path / "rollouts-controller"
    assert (provided["argo-rollouts-crds"] / "rollout-crd.yaml").exists()


async def test_a_source_that_cannot_be_had_is_told(go: Path) -> None:
    plays(go, BUILDS, download="""echo '{"Error": "no route to the proxy"}'; exit 1""")
    with pytest.raises(BuildError, match=r"mod download -json github.com/argoproj(.|\n)*no route to the proxy"):
        await provide(["argo-rollouts-crds"], report=lambda _: None)
    assert find("argo-rollouts-crds") is None


def test_a_cluster_without_argo_rollouts_needs_nothing_of_it() -> None:
    assert {*EVERY_CLUSTER, *ARGO_ROLLOUTS, *HELM_3} == set(PRODUCTS)
    assert set(EVERY_CLUSTER).isdisjoint(ARGO_ROLLOUTS)


async def test_only_one_of_two_builds_and_the_other_waits(go: Path) -> None:
    plays(go, BUILDS)
    told: list[str] = []
    first, second = await asyncio.gather(*(provide(["kwok", "helm"], report=told.append) for _ in range(2)))
    assert first == second
    assert builds_of(go) == 2
    assert "another process is building: waiting for it" in told


async def test_a_failed_build_says_what_failed_and_what_helps(go: Path) -> None:
    plays(go, "echo 'dial tcp: no route to the proxy' >&2; exit 1")
    with pytest.raises(BuildError) as failed:
        await provide(["kwok"], report=lambda _: None)
    message = str(failed.value)
    assert "building kwok failed" in message
    assert f"{go} build -v -mod=readonly" in message
    assert "dial tcp: no route to the proxy" in message
    assert "GOPROXY" in message
    assert "KUBEBUILDER_ASSETS" in message
    assert find("kwok") is None
