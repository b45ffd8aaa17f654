"""What is no Python is linted too: scripts, the Dockerfile, workflows, YAML."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.repository.files import ROOT, complaints, files, texts

WORKFLOWS: Final = ".github/workflows/*.yaml"
YAML: Final = ("crds/*.yaml", "examples/**/*.yaml", "sandbox/**/*.yaml", ".github/**/*.yaml", ".github/**/*.yml")
"""Not the chart's: its templates are no YAML yet, and what they become is linted by the chart's tests."""
YAML_RULES: Final = """
extends: default
rules:
  braces: {max-spaces-inside: 1}
  comments: {min-spaces-from-content: 1}
  comments-indentation: disable
  document-start: disable
  line-length: disable
  truthy: {check-keys: false}
"""


def test_scripts_are_clean() -> None:
    scripts = [name for name, text in texts().items() if re.match(r"#!.*\b(ba)?sh$", text.partition("\n")[0])]
    assert ".ci/run" in scripts
    assert complaints("shellcheck", *scripts) == ""


def test_scripts_can_be_run() -> None:
    scripts = [path for path in files() if path.read_bytes().startswith(b"#!")]
    assert [path for path in scripts if not path.stat().st_mode & 0o100] == []


def test_the_dockerfile_is_clean() -> None:
    assert complaints("hadolint", "Dockerfile") == ""


def test_yaml_is_clean() -> None:
    found = files(*YAML)
    assert len(found) > 15
    assert complaints("yamllint", "--strict", "-d", YAML_RULES, *found) == ""


def test_workflows_are_what_they_should_be() -> None:
    assert complaints("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files(WORKFLOWS)) == ""
    assert complaints("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml") == ""


def test_workflows_are_safe() -> None:
    """R7 for what builds this: no template in a script, no rights by default, no credentials left behind."""
    assert complaints("zizmor", "--offline", "--no-progress", "--persona=pedantic", ".github") == ""


@pytest.mark.parametrize("workflow", sorted(ROOT.glob(WORKFLOWS)), ids=lambda path: path.stem)
def test_workflows_give_nothing_and_wait_for_nothing_without_saying_so(workflow: Path) -> None:
    """R7: each job has the rights it needs, and an end."""
    body = yaml.safe_load(workflow.read_text())
    assert body["permissions"] == {}
    assert body["concurrency"]["group"]
    assert [name for name, job in body["jobs"].items() if "timeout-minutes" not in job] == []


@pytest.mark.parametrize("workflow", sorted(ROOT.glob(WORKFLOWS)), ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_say_which_version_that_is(workflow: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (.+)$", workflow.read_text(), flags=re.MULTILINE)
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_an_action_has_one_commit_everywhere() -> None:
    used = re.findall(r"uses: ([\w./-]+@\S+)", "".join(texts(WORKFLOWS).values()))
    names = [each.partition("@")[0] for each in set(used)]
    assert sorted(names) == sorted(set(names))
