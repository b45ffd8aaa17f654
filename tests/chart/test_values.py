"""Values: each is explained, in the schema and in the README; what cannot work is refused early (R10)."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

import pytest
import yaml

from tests.chart.rendering import CHART, MINIMAL, Helm, merged

SCHEMA: Final[dict[str, Any]] = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
VALUES: Final[dict[str, Any]] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
MOVED: Final = {"workloadUrl", "image.pullSecrets"}
"""What the schema knows only for `templates/validate.yaml` to say where it has gone."""


def generator() -> ModuleType:
    """Return the script that writes the README."""
    spec = importlib.util.spec_from_file_location("generate_readme", CHART.parent / "generate_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def schemas(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path of each value that the schema knows, and what it says of it."""
    for key, inner in schema.get("properties", {}).items():
        place = f"{path}.{key}".removeprefix(".")
        yield place, inner
        yield from schemas(inner, place)


# Everything is said


def test_every_value_is_explained_and_the_readme_is_what_the_comments_say() -> None:
    module = generator()
    known = {each.path for each in module.values_of((CHART / "values.yaml").read_text(encoding="utf-8"))}
    readme = (CHART / "README.md").read_text(encoding="utf-8")

    assert len(known) > 100
    assert module.readme(readme, module.values_of((CHART / "values.yaml").read_text(encoding="utf-8"))) == readme
    for path in known:
        assert f"| `{path}` |" in readme


def test_the_script_notices_a_readme_that_is_behind_and_a_value_without_a_comment() -> None:
    module = generator()
    group, map_, whole = (
        "# -- A.\na:\n  # -- B.\n  b: 1\n",
        "# -- C,\n# told twice.\nc: {d: 'e'}\n",
        "# -- F.\nf:\n  g: 1\n",
    )
    text = f"## One\n\n{group}{map_}{whole}"
    values = module.values_of(text)

    assert [(each.path, each.default, each.told) for each in values] == [
        ("a.b", "1", "B."),
        ("c", "{d: 'e'}", "C, told twice."),
        ("f", "{g: 1}", "F."),
    ]
    with pytest.raises(module.Undocumented, match=r"a\.h"):
        module.values_of("## One\na:\n  # -- B.\n  b: 1\n\n  h: 2\n")
    assert "| `a.b` | `1` | B. |" in module.readme(f"before\n{module.BEGIN}{module.END}after\n", values)
    with pytest.raises(LookupError):
        module.readme("no marks", values)


def test_the_script_says_what_to_do() -> None:
    checked = subprocess.run(
        [sys.executable, str(CHART.parent / "generate_readme.py"), "--check"], capture_output=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, b"")


def test_the_schema_knows_every_value_and_no_other() -> None:
    def paths(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
        for key, value in values.items():
            place = f"{path}.{key}".removeprefix(".")
            yield place
            if isinstance(value, dict) and known[place].get("properties"):
                yield from paths(value, place)

    known = dict(schemas(SCHEMA))
    free = {"gating.webhook.namespaceSelector", "gating.webhook.certManager.issuerRef", "atlassian"}
    """Empty by default, with keys that the schema names."""
    listed = {path for path in known if not path.startswith(tuple(f"{each}." for each in free))}

    assert set(paths(VALUES)) == listed - MOVED - {"global"}


def test_the_schema_is_one_that_both_helms_know_and_is_closed() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    for path, schema in [("", SCHEMA), *schemas(SCHEMA)]:
        if "properties" in schema:
            assert schema.get("additionalProperties") is False, path
        if schema.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & set(schema), path
            assert "maximum" in schema, path


def test_the_defaults_are_refused_for_nothing_but_what_must_be_said(either_helm: Helm) -> None:
    told = either_helm.refusal({})

    assert "cluster" in told
    assert "sites" in told


# What cannot work


def with_values(**more: Any) -> dict[str, Any]:
    return merged(MINIMAL, more)


TWO: Final = [MINIMAL["sites"][0], {**MINIMAL["sites"][0], "name": "beta"}]
WEBHOOK: Final = {"mechanism": "Webhook"}

REFUSED: Final[dict[str, tuple[dict[str, Any], tuple[str, ...], str]]] = {
    "old place of pull secrets": (
        with_values(image={"pullSecrets": [{"name": "m"}]}),
        (),
        "image.pullSecrets: moved; write imagePullSecrets",
    ),
    "old place of the page": (
        with_values(workloadUrl="https://x.example"),
        (),
        "workloadUrl: moved; write texts.url",
    ),
    "kube-system": (with_values(), ("-n", "kube-system"), "--namespace jira-operator --create-namespace"),
    "two sites of one name": (with_values(sites=[TWO[0], TWO[0]], defaultSite="acme"), (), "two are called acme"),
    "several sites and no default": (with_values(sites=TWO), (), "to one of acme, beta"),
    "default that is no site": (with_values(defaultSite="other"), (), "no site called other; must be one of acme"),
    "gates of nothing": (
        with_values(gating=WEBHOOK, sources={"deployments": False, "rollouts": False}),
        (),
        "needs sources.deployments or sources.rollouts",
    ),
    "policy on an older Kubernetes": (
        with_values(gating={"mechanism": "Policy"}),
        ("--kube-version", "1.35.9"),
        "Policy needs Kubernetes 1.36 or newer, this is v1.35.9; use Webhook",
    ),
    "issuer without a name": (
        with_values(gating={**WEBHOOK, "webhook": {"certManager": {"enabled": True, "issuerRef": {"kind": "X"}}}}),
        (),
        "issuerRef: must have the name of an issuer",
    ),
    "issuer that nothing asks": (
        with_values(gating={**WEBHOOK, "webhook": {"certManager": {"issuerRef": {"name": "x"}}}}),
        (),
        "has no effect without certManager.enabled",
    ),
    "one port for two": (
        with_values(gating={**WEBHOOK, "webhook": {"port": 8080}}),
        (),
        "gating.webhook.port and http.port: both are 8080",
    ),
    "any port at all": (with_values(http={"port": 0}), (), "http.port: 0 takes any free port"),
    "health on loopback": (with_values(http={"host": "127.0.0.1"}), (), "use 0.0.0.0 or ::"),
    "status page on the port of health": (
        with_values(operator={"statusPage": {"port": 8080}}),
        (),
        "operator.statusPage.port and http.port: both are 8080",
    ),
    "leader that is replaced before it ends": (
        with_values(operator={"leaderElection": {"renewSeconds": 15}}),
        (),
        "renewSeconds: 15 must be less than leaseSeconds (15)",
    ),
    "leader that can renew but once": (
        with_values(operator={"leaderElection": {"retrySeconds": 9}}),
        (),
        "retrySeconds: 9 must be less than renewSeconds / 1.2",
    ),
}


@pytest.mark.parametrize(("values", "arguments", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_r10_what_cannot_work_is_refused_and_the_message_says_what_to_do(
    either_helm: Helm, values: dict[str, Any], arguments: tuple[str, ...], told: str
) -> None:
    assert told in either_helm.refusal(values, *arguments)


BESIDE_REFUSED: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "one site and no default": (with_values(), ()),
    "several sites and a default": (with_values(sites=TWO, defaultSite="beta"), ()),
    "policy on its first Kubernetes": (with_values(gating={"mechanism": "Policy"}), ("--kube-version", "1.36.0")),
    "policy on a vendor's Kubernetes": (
        with_values(gating={"mechanism": "Policy"}),
        ("--kube-version", "v1.36.2-eks-1a2b3c4"),
    ),
    "any port, where no pod needs it": (with_values(operator={"enabled": False}, http={"port": 0}), ()),
    "loopback, where no probe comes": (with_values(operator={"enabled": False}, http={"host": "127.0.0.1"}), ()),
    "a port that is not served on": (with_values(operator={"statusPage": {"enabled": False, "port": 8080}}), ()),
    "the shortest election": (
        with_values(operator={"leaderElection": {"leaseSeconds": 3, "renewSeconds": 2, "retrySeconds": 1.5}}),
        (),
    ),
}


@pytest.mark.parametrize(("values", "arguments"), BESIDE_REFUSED.values(), ids=BESIDE_REFUSED.keys())
def test_what_is_right_beside_it_is_not_refused(
    either_helm: Helm, values: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    assert either_helm.objects(values, *arguments)


BAD: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no replica": ({"operator": {"replicas": 0}}, "replicas"),
    "a crowd": ({"operator": {"replicas": 11}}, "replicas"),
    "half a replica": ({"operator": {"replicas": 1.5}}, "replicas"),
    "replicas as text": ({"operator": {"replicas": "2"}}, "replicas"),
    "lease of no time": ({"operator": {"leaderElection": {"leaseSeconds": 0}}}, "leaseSeconds"),
    "lease of a fraction": ({"operator": {"leaderElection": {"leaseSeconds": 1.5}}}, "leaseSeconds"),
    "misspelt election": ({"operator": {"leaderElection": {"leaseDuration": 15}}}, "leaseDuration"),
    "drain that takes none": ({"operator": {"podDisruptionBudget": {"maxUnavailable": 0}}}, "maxUnavailable"),
    "drain of a share above all": (
        {"operator": {"podDisruptionBudget": {"maxUnavailable": "101%"}}},
        "maxUnavailable",
    ),
    "collector without a scheme": ({"operator": {"tracing": {"endpoint": "otel:4318"}}}, "endpoint"),
    "status page on no port": ({"operator": {"statusPage": {"port": 0}}}, "port"),
    "status page on another host": ({"operator": {"statusPage": {"host": "0.0.0.0"}}}, "host"),
    "interval without a unit": ({"operator": {"serviceMonitor": {"interval": "30"}}}, "interval"),
    "scheme of nobody": ({"operator": {"serviceMonitor": {"scheme": "ftp"}}}, "scheme"),
    "argument that is a number": ({"operator": {"extraArgs": [1]}}, "extraArgs"),
    "peer that is a name": ({"operator": {"networkPolicy": {"ingressFrom": ["monitoring"]}}}, "ingressFrom"),
    "threshold below nothing": (
        {"operator": {"prometheusRule": {"thresholds": {"outboxAgeSeconds": -1}}}},
        "outboxAgeSeconds",
    ),
    "another digest": ({"image": {"digest": "sha512:00"}}, "digest"),
    "misspelt key": ({"imagePullSecret": []}, "imagePullSecret"),
    "label of a number": ({"serviceAccount": {"labels": {"a": 1}}}, "labels"),
}


@pytest.mark.parametrize(("values", "key"), BAD.values(), ids=BAD.keys())
def test_r10_bad_values_are_refused_by_both_helms_and_the_message_names_the_key(
    either_helm: Helm, values: dict[str, Any], key: str
) -> None:
    assert key in either_helm.refusal(with_values(**values))
