"""Whole examples of values, `ci/*-values.yaml`, through all that can be known without a cluster, by both Helms."""

import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from jira_deployment_operator.settings import load
from tests.chart.pod_security import containers, violations
from tests.chart.rendering import CHART, MINIMAL, Helm, pod_templates
from tests.chart.rights import SNAPSHOT, VALUES, rights_of

OLDEST: Final = "1.30"
NEWEST: Final = "1.37"
POLICY_NEEDS: Final = "1.36"

TEXT_RULES: Final = YamlLintConfig(
    yaml.safe_dump(
        {
            "extends": "default",
            "rules": {
                "line-length": "disable",  # CEL and descriptions are as long as they are
                "indentation": {"indent-sequences": "whatever"},  # Helm's toYaml indents no lists, people do
                "document-start": "disable",
                "comments": {"min-spaces-from-content": 1},
                "commas": {"min-spaces-after": 0},  # JSON
                "braces": {"max-spaces-inside": 1},
                "empty-lines": {"max": 3, "max-end": 1},  # Helm puts some around each template
                "octal-values": {"forbid-implicit-octal": False},  # Kubernetes reads YAML 1.1: 0444 is a file's mode
            },
        }
    )
)

READ_RULES: Final = YamlLintConfig(
    yaml.safe_dump(
        {
            "extends": "default",
            "rules": {
                "line-length": {"max": 120, "allow-non-breakable-inline-mappings": True},
                "document-start": "disable",
                "comments": {"min-spaces-from-content": 1},
            },
        }
    )
)

OTHERS: Final = ("monitoring.coreos.com/", "cert-manager.io/", "external-secrets.io/")
"""Groups whose definitions are not Kubernetes' own."""

every_file = pytest.mark.parametrize("path", VALUES, ids=lambda path: path.name.removesuffix("-values.yaml"))


def is_policy(path: Path) -> bool:
    return "policy" in path.name


@every_file
def test_it_passes_helms_own_checks(either_helm: Helm, path: Path) -> None:
    ended = either_helm.run(path, "--strict", verb="lint")

    assert ended.code == 0, ended.output
    assert "[WARNING]" not in ended.output + ended.errors


@every_file
def test_both_helms_render_the_same_objects(helms: dict[str, Helm], path: Path) -> None:
    def of(name: str) -> list[str]:
        return sorted(yaml.safe_dump(each) for each in helms[name].objects(path))

    assert of("helm3") == of("helm")


@every_file
def test_rendering_twice_gives_the_same(either_helm: Helm, path: Path) -> None:
    """GitOps tools render again and again: anything random would never come to rest."""
    first = either_helm.run(path)

    assert first.code == 0
    assert either_helm.run_anew(path.read_text(encoding="utf-8")) == first


@every_file
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_object_is_valid_on_the_oldest_and_the_newest_kubernetes(helm4: Helm, path: Path, version: str) -> None:
    if is_policy(path) and version == OLDEST:
        assert "use Webhook" in helm4.refusal(path, "--kube-version", f"{version}.0")
        return
    known = [
        each
        for each in helm4.objects(path, "--kube-version", f"{version}.0")
        if not each["apiVersion"].startswith(OTHERS)
    ]

    assert len(known) > 2
    for manifest in known:
        kubernetes_validate.validate(manifest, version, strict=True)


@every_file
def test_what_is_rendered_is_clean_yaml(helm4: Helm, path: Path) -> None:
    """A key that is there twice is taken by some tools and refused by others. CRDs are large, and always the same."""
    arguments = () if path.name.startswith("minimal") else ("--set=crds.install=false",)
    problems = list(linter.run(helm4.run(path, *arguments).output, TEXT_RULES))

    assert problems == []


@pytest.mark.parametrize("path", [CHART / "values.yaml", CHART / "Chart.yaml", *VALUES], ids=lambda path: path.name)
def test_what_people_read_and_copy_is_clean_yaml(path: Path) -> None:
    problems = list(linter.run(path.read_text(encoding="utf-8"), READ_RULES))

    assert problems == []


@every_file
def test_no_two_objects_are_the_same(helm4: Helm, path: Path) -> None:
    named = [
        (each["apiVersion"], each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in helm4.objects(path)
    ]

    assert len(set(named)) == len(named)


@every_file
def test_every_pod_keeps_to_the_restricted_standard(helm4: Helm, path: Path) -> None:
    pods = pod_templates(helm4.objects(path))

    assert pods
    for name, spec in pods:
        assert violations(spec) == [], name
        for container in containers(spec):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert set(container["resources"]) == {"requests", "limits"}, name


def test_what_is_not_restricted_is_seen(helm4: Helm) -> None:
    """The check above can fail, and the security contexts are the platform team's to change."""
    loose = {
        **MINIMAL,
        "podSecurityContext": {"runAsNonRoot": False},
        "securityContext": {"allowPrivilegeEscalation": True, "capabilities": {"drop": ["CHOWN"]}},
    }

    for _, spec in pod_templates(helm4.objects(loose)):
        (container,) = containers(spec)
        assert violations(spec) == [
            f"{container['name']}: {what}" for what in ("runAsNonRoot", "allowPrivilegeEscalation", "capabilities")
        ]


@pytest.mark.parametrize("key", ["runAsUser", "runAsGroup", "fsGroup"])
def test_a_user_can_be_chosen_and_is_chosen_by_nobody_else(helm4: Helm, key: str) -> None:
    for _, spec in pod_templates(helm4.objects(MINIMAL)):
        assert key not in spec["securityContext"]
    for _, spec in pod_templates(helm4.objects({**MINIMAL, "podSecurityContext": {key: 1001}})):
        assert spec["securityContext"] == {
            key: 1001,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }


@every_file
def test_r7_the_rights_are_exactly_those_of_the_snapshot(helm4: Helm, path: Path) -> None:
    snapshot = yaml.safe_load(SNAPSHOT.read_text(encoding="utf-8"))

    assert rights_of(helm4.objects(path)) == snapshot[path.name]


def test_r7_no_values_grant_what_nobody_needs() -> None:
    snapshot = yaml.safe_load(SNAPSHOT.read_text(encoding="utf-8"))
    rules = [rule for rights in snapshot.values() for each in rights.values() for rule in each.get("rules", [])]

    assert set(snapshot) == {path.name for path in VALUES}
    assert len(rules) > 10
    said = {word for rule in rules for words in rule.values() for word in words}
    assert not said & {"*", "secrets", "configmaps", "pods", "pods/exec", "impersonate", "escalate", "bind"}


@every_file
def test_the_operator_reads_its_settings(helm4: Helm, path: Path, tmp_path: Path) -> None:
    (config,) = [
        each
        for each in helm4.objects(path)
        if each["kind"] == "ConfigMap" and each["metadata"]["name"].endswith("-settings")
    ]
    file = tmp_path / "settings.yaml"
    file.write_text(config["data"]["settings.yaml"], encoding="utf-8")
    values = yaml.safe_load(path.read_text(encoding="utf-8"))

    read = load(file)

    assert [site.name for site in read.sites] == [site["name"] for site in values["sites"]]
    assert read.election.enabled == (values.get("operator", {}).get("replicas", 1) > 1)


@every_file
def test_every_key_of_it_is_one_of_the_charts(path: Path) -> None:
    def unknown(values: dict[str, Any], defaults: dict[str, Any]) -> list[str]:
        found = [key for key in values if key not in defaults]
        for key, value in values.items():
            if isinstance(value, dict) and defaults.get(key):
                found += unknown(value, defaults[key])
        return found

    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert unknown(yaml.safe_load(path.read_text(encoding="utf-8")), defaults) == []


def test_templates_neither_look_anything_up_nor_make_anything_up() -> None:
    """GitOps tools render without a cluster, and more than once."""
    forbidden = ("lookup", "genCA", "genSelfSigned", "genSigned", "genPrivateKey", "rand", "uuidv4", "now", "htpasswd")
    templates = [path for path in (CHART / "templates").rglob("*") if path.is_file()]

    assert len(templates) > 20
    for path in templates:
        for action in path.read_text(encoding="utf-8").split("{{")[1:]:
            words = action.partition("}}")[0].replace("(", " ").split()
            assert not [word for word in words if word.startswith(forbidden)], path


def test_the_package_has_no_files_of_tests(either_helm: Helm, tmp_path: Path) -> None:
    subprocess.run(
        [str(either_helm.program), "package", str(CHART), "-d", str(tmp_path)],
        check=True,
        capture_output=True,
        env={"HOME": str(tmp_path)},
    )
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Chart.yaml", "README.md", "values.yaml", "values.schema.json", "templates/tests/doctor.yaml"} <= names
    assert not [name for name in names if name.startswith("ci/")]
