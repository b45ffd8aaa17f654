"""The image: what is in it, what it says of itself, and that it runs as the chart's pod runs it (R7, R8)."""

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from sandbox.cluster import Cluster
from sandbox.eventually import eventually
from sandbox.installation import CHART, RELEASE, Installation
from sandbox.jira import StandInJira
from sandbox.program import Program
from sandbox.webhook_process import MECHANISM
from tests.e2e.world import World, deployment, link
from tests.image import pod
from tests.image.builder import IMAGE, REVISION, ROOT, Builder

HOME: Final = "opt/jira-deployment-operator"
USER: Final = 65532
ABOUT: Final = yaml.safe_load((CHART / "Chart.yaml").read_text())
VERSION: Final = ABOUT["appVersion"]
NONE: Final = Path("/none")
"""A pod has no kubeconfig: it finds its API server as any pod does."""
BUILD_TOOLS: Final = ("ar", "as", "c++", "cc", "clang", "g++", "gcc", "ld", "make", "pip", "pip3", "uv")


@pytest.fixture(scope="module")
def entries(image: Builder) -> dict[str, int]:
    """The modes of the image's own files: what its base does not have."""
    base = image.entries(image.base)
    return {path: each.mode for path, each in image.entries(IMAGE).items() if path not in base}


def test_it_says_what_it_is(image: Builder) -> None:
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in image.config["Labels"].items()}
    assert labels.pop("io.buildah.version")
    assert labels == {
        "title": "jira-deployment-operator",
        "description": ABOUT["description"].removesuffix("."),
        "source": ABOUT["sources"][0],
        "licenses": "Apache-2.0",
        "version": VERSION,
        "revision": REVISION,
    }


def test_it_starts_the_operator_as_a_user_who_is_a_number(image: Builder) -> None:
    assert image.config["User"] == f"{USER}:{USER}", "Kubernetes can see that it is not root"
    assert image.config["Entrypoint"] == ["jira-deployment-operator"]
    assert image.config["Cmd"] == ["run"]
    assert not {name for name in image.config["Env"] if name.startswith("PIP_")}
    assert "Volumes" not in image.config


def test_it_adds_one_folder_to_its_base(image: Builder, entries: dict[str, int]) -> None:
    assert f"{HOME}/bin/jira-deployment-operator" in entries
    assert [path for path in entries if path != HOME and not path.startswith(f"{HOME}/")] == []


def test_nothing_in_it_installs_builds_or_becomes_root(image: Builder) -> None:
    """R7: whoever breaks in finds no tool that helps."""
    files = [each for each in image.entries(IMAGE).values() if each.kind in "fl"]
    assert [each.path for each in files if each.path.rpartition("/")[2] in BUILD_TOOLS] == []
    assert [each.path for each in files if "/pip/" in each.path or "/ensurepip/" in each.path] == []
    assert [each.path for each in files if each.kind == "f" and each.mode & 0o6000] == []


def test_its_user_can_write_to_nothing_but_the_temporary_folders_of_its_base(image: Builder) -> None:
    """R7: the package's files are what was built, whoever breaks in."""
    writable = {each.path for each in image.entries(IMAGE).values() if each.writable_by(USER) and each.kind in "fd"}
    assert writable <= {"tmp", "var/tmp", "run/lock"}


def test_its_files_are_compiled_already(entries: dict[str, int]) -> None:
    """It starts as fast the first time as ever: on a read-only root Python could keep nothing."""
    package = [path for path in entries if "/site-packages/jira_deployment_operator/" in path]
    sources = [path for path in package if path.endswith(".py")]
    assert len(sources) > 50
    assert len([path for path in package if path.endswith(".pyc")]) == len(sources)


def test_no_setting_of_the_machine_that_built_it_is_in_it(image: Builder) -> None:
    """R8: how a package index is reached, which may hold a token, is mounted while it is built and not kept."""
    script = 'import os, sys; print(os.path.getsize("/etc/pip.conf"))'
    assert run_in(image, "python3", "-c", script).strip() == "0"
    history = json.dumps(image.inspected["history"])
    assert "pip.conf" not in history
    assert "index-url" not in history


@pytest.mark.parametrize("arguments", [["--version"], ["doctor", "--help"], ["webhook", "--help"]])
def test_its_commands_answer(image: Builder, arguments: list[str]) -> None:
    said = run_in(image, *image.config["Entrypoint"], *arguments)
    assert said.startswith(("jira-deployment-operator, version " + VERSION, "Usage: jira-deployment-operator"))


def test_tracing_is_in_it(image: Builder) -> None:
    """A setting turns it on: that must not take another image."""
    run_in(image, "python3", "-c", "import opentelemetry.sdk.trace, opentelemetry.exporter.otlp.proto.http")


def test_its_root_is_read_only_in_these_tests(image: Builder) -> None:
    """What the last test proves would be worth nothing if the root could be written to."""
    script = 'import pathlib; pathlib.Path("/tmp/a").touch(); pathlib.Path("/var/tmp/a").touch()'
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run_in(image, "python3", "-c", script)
    assert "Read-only file system: '/var/tmp/a'" in refused.value.stderr


@pytest.mark.e2e
async def test_it_reports_a_rollout_as_the_charts_pod(image: Builder, tmp_path: Path) -> None:
    """Given the chart's settings, credentials and ServiceAccount, when a rollout ends, then Jira knows it.

    All on a root that is read-only, as a user without rights or a name (R7), and SIGTERM ends it in order.
    """
    async with (
        StandInJira() as jira,
        Cluster() as cluster,
        Installation(cluster, jira, values={"credentialsDirectory": pod.CREDENTIALS}) as operator,
    ):
        credentials = operator.settings.with_name("credentials")
        mounts = {pod.SETTINGS: operator.settings, pod.CREDENTIALS: credentials}
        volumes = await pod.volumes(tmp_path / "volumes", cluster, account=RELEASE, mounts=mounts)
        port = yaml.safe_load(operator.settings.read_text())["http"]["port"]
        with image.container() as container:
            confined = image.confined(container, volumes, **pod.environment(cluster))
            program = Program("image", log=operator.log, program=[*confined, *image.config["Entrypoint"]])
            await program.start("run", f"--settings={pod.SETTINGS}", kubeconfig=NONE, port=port)
            try:
                await program.wait_ready()
                world = World(cluster, jira, operator)
                namespace = await world.namespace()
                await world.apply(deployment("web", namespace))
                await world.jira_shows(namespace, "web", [["in_progress", "successful"]])
                assert await program.stop() == 0
            finally:
                await program.kill()
        assert jira.violations == []


@pytest.mark.e2e
async def test_it_holds_a_rollout_as_the_webhooks_pod(image: Builder, tmp_path: Path) -> None:
    """R6: the same image is the webhook, whose certificate needs no file that is written."""
    async with (
        StandInJira() as jira,
        Cluster() as cluster,
        Installation(cluster, jira, values={"gating": {"mechanism": MECHANISM}}) as operator,
    ):
        webhook = operator.webhook
        assert webhook is not None
        mounts = {str(webhook.settings): webhook.settings}
        volumes = await pod.volumes(tmp_path / "volumes", cluster, account=f"{RELEASE}-webhook", mounts=mounts)
        with image.container() as container:
            confined = image.confined(container, volumes, **pod.environment(cluster))
            webhook.program = [*confined, *image.config["Entrypoint"]]
            try:
                await webhook.start_replica()
                world = World(cluster, jira, operator)
                namespace = await world.namespace()
                await world.apply(link("web", namespace, gate={"mode": "Manual", "firstDeployment": True}))

                async def is_held() -> bool:
                    await world.apply(deployment("web", namespace))
                    return (
                        "jira-operator.dev/hold"
                        in (await world.object("deployment", namespace, "web"))["metadata"]["annotations"]
                    )

                await eventually(is_held, what="the webhook holds the first version of a gated Deployment")
                assert await webhook.stop() == 0
            finally:
                await webhook.kill()


def run_in(image: Builder, *command: str) -> str:
    """Return what a command prints that runs in the image as its pod would."""
    with image.container() as container:
        confined = image.confined(container, ROOT / "tests" / "image")
        return subprocess.run([*confined, *command], capture_output=True, text=True, check=True).stdout
