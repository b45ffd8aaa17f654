"""The control plane's programs: taken where they are, else built; a failure says what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.cluster import BuildError
from sandbox.cluster.binaries import PROGRAMS, find, module_of
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


def plays(go: Path, build: str, version: str = "go1.26.8") -> None:
    go.write_text(f'#!/bin/sh\ncase "$1" in env) echo {version};; build) {build};; esac\n')
    go.chmod(0o755)


BUILDS = 'echo k8s.io/one >&2; while [ "$1" != -o ]; do shift; done; echo built > "$2"; echo once >> "$0.builds"'


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


async def test_missing_programs_are_built_once(go: Path) -> None:
    plays(go, BUILDS)
    told: list[str] = []
    built = await provide(report=told.append)
    assert set(built) == set(PROGRAMS)
    assert all(path.read_text() == "built\n" for path in built.values())
    assert any("kube-apiserver" in line for line in told)

    told.clear()
    assert await provide(report=told.append) == built
    assert told == []
    assert builds_of(go) == len(PROGRAMS)


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
