"""R10: wrong settings stop the start, with one line per mistake that has the key's path and what is allowed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

from jira_deployment_operator.settings import (
    Connect,
    GateDefaults,
    GateEndpoint,
    Gating,
    IssueKeys,
    OAuth,
    Settings,
    SettingsError,
    Texts,
    load,
)
from tests.unit.samples import settings, settings_values, site_values

CANARY = "canary-7f3a"
SITE_PATTERN = r"'^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'"
CLUSTER_PATTERN = r"'^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$'"
HTTPS = "must begin with https:// (http:// is allowed for loopback addresses only)"
ABSOLUTE = "must be an absolute URL such as https://acme.atlassian.net, without user or query"
NAMES = "${cluster}, ${environment}, ${kind}, ${name}, ${namespace}, ${previousVersion}, ${site}, ${version} or $$"
TEXT = f"must be text of at most 1000 characters, in which $ stands only in {NAMES}"
PAGE = f"must be an absolute http or https address without blanks, in which $ stands only in {NAMES}"
KINDS = "Input should be 'Deployment', 'Rollout', 'StatefulSet' or 'DaemonSet'"
TYPES = "Input should be 'unmapped', 'development', 'testing', 'staging' or 'production'"
DURATION = "must be a whole number with s, m, h or d, such as 90s, 30m, 24h or 7d"
CONNECT = {"type": "connect", "appKeyFile": "/secrets/app-key", "sharedSecretFile": "/secrets/shared-secret"}


def without(key: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def one_site(**changes: Any) -> dict[str, Any]:
    return settings_values(sites=[site_values(**changes)])


def auth(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = site_values()["auth"]
    return one_site(auth={**values, **changes})


def rule(**values: Any) -> dict[str, Any]:
    return settings_values(environments=[{"namespaces": ["prod-*"]}, values])


def message_of(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load(path)
    return str(raised.value)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no cluster": (without("cluster", settings_values()), "cluster", "Field required"),
    "cluster with a blank": (
        settings_values(cluster="a b"),
        "cluster",
        f"String should match pattern {CLUSTER_PATTERN}",
    ),
    "empty cluster": (settings_values(cluster=""), "cluster", f"String should match pattern {CLUSTER_PATTERN}"),
    "cluster is a number": (settings_values(cluster=7), "cluster", "Input should be a valid string"),
    "no sites": (without("sites", settings_values()), "sites", "Field required"),
    "empty sites": (settings_values(sites=[]), "sites", "Tuple should have at least 1 item after validation, not 0"),
    "unknown key": (settings_values(clusterName="x"), "clusterName", "Extra inputs are not permitted"),
    "unknown key of a site": (one_site(token="x"), "sites[0].token", "Extra inputs are not permitted"),
    "site without a name": (
        settings_values(sites=[without("name", site_values())]),
        "sites[0].name",
        "Field required",
    ),
    "site with a bad name": (
        one_site(name="Acme Inc", url="https://acme.example"),
        "sites[0].name",
        f"String should match pattern {SITE_PATTERN}",
    ),
    "plain http": (one_site(url="http://acme.atlassian.net"), "sites[0].url", HTTPS),
    "another scheme": (one_site(url="ftp://acme.atlassian.net"), "sites[0].url", HTTPS),
    "http to a private address": (one_site(url="http://10.0.0.1"), "sites[0].url", HTTPS),
    "http to a host that looks local": (one_site(url="http://localhost.evil.example"), "sites[0].url", HTTPS),
    "no host": (one_site(url="acme.atlassian.net"), "sites[0].url", ABSOLUTE),
    "a query": (one_site(url="https://acme.atlassian.net/?a=b"), "sites[0].url", ABSOLUTE),
    "a user": (one_site(url=f"https://me:{CANARY}@acme.atlassian.net"), "sites[0].url", ABSOLUTE),
    "cloudId with a slash": (
        one_site(cloudId="1/2"),
        "sites[0].cloudId",
        "String should match pattern '^[A-Za-z0-9-]{1,64}$'",
    ),
    "another auth": (auth(type="basic"), "sites[0].auth.type", "Input should be 'oauth' or 'connect'"),
    "auth without a type": (
        one_site(auth=without("type", CONNECT)),
        "sites[0].auth.type",
        "Field required",
    ),
    "no auth": (settings_values(sites=[without("auth", site_values())]), "sites[0].auth", "Field required"),
    "oauth without a file": (
        one_site(auth=without("clientIdFile", site_values()["auth"])),
        "sites[0].auth.clientIdFile",
        "Field required",
    ),
    "connect without a file": (
        one_site(auth=without("sharedSecretFile", CONNECT)),
        "sites[0].auth.sharedSecretFile",
        "Field required",
    ),
    "connect with a file of oauth": (
        one_site(auth={**CONNECT, "clientIdFile": "/secrets/client-id"}),
        "sites[0].auth.clientIdFile",
        "Extra inputs are not permitted",
    ),
    "an unknown mechanism": (
        settings_values(gating={"mechanism": "policy"}),
        "gating.mechanism",
        "Input should be 'Off', 'Policy' or 'Webhook'",
    ),
    "a timeout without a unit": (
        settings_values(gating={"defaults": {"timeout": "90"}}),
        "gating.defaults.timeout",
        DURATION,
    ),
    "a longest hold of nothing": (settings_values(gating={"maxHold": "0h"}), "gating.maxHold", DURATION),
    "a longest hold that holds on": (
        settings_values(gating={"onMaxHold": "Hold"}),
        "gating.onMaxHold",
        "Input should be 'Allow' or 'Cancel'",
    ),
    "an error that cancels": (
        settings_values(gating={"defaults": {"onError": "Cancel"}}),
        "gating.defaults.onError",
        "Input should be 'Hold' or 'Allow'",
    ),
    "a mode by default": (
        settings_values(gating={"defaults": {"mode": "Jira"}}),
        "gating.defaults.mode",
        "Extra inputs are not permitted",
    ),
    "polling all the time": (
        settings_values(gating={"pollSeconds": 0}),
        "gating.pollSeconds",
        "Input should be greater than or equal to 1",
    ),
    "no sources": (
        settings_values(sources=[]),
        "sources",
        "Tuple should have at least 1 item after validation, not 0",
    ),
    "unknown source": (settings_values(sources=["Deployment", "CronJob"]), "sources[1]", KINDS),
    "environment of nothing": (rule(type="testing"), "environments[1]", "must have `namespaces`, `labels` or both"),
    "environment of an unknown type": (rule(namespaces=["a"], type="prod"), "environments[1].type", TYPES),
    "environment with a blank in its id": (
        rule(namespaces=["a"], id="a b"),
        "environments[1].id",
        r"String should match pattern '^([A-Za-z0-9._-]|\$\{(cluster|namespace)\})+$'",
    ),
    "environment named after the workload": (
        rule(namespaces=["a"], name="${namespace} ${name}"),
        "environments[1].name",
        "may only use ${cluster} and ${namespace}",
    ),
    "environment with a lone dollar": (rule(namespaces=["a"], name="$"), "environments[1].name", TEXT),
    "environment for a namespace without a name": (
        rule(namespaces=[""]),
        "environments[1].namespaces[0]",
        "String should have at least 1 character",
    ),
    "unknown key of an environment": (
        rule(namespaces=["a"], displayName="x"),
        "environments[1].displayName",
        "Extra inputs are not permitted",
    ),
    "project in small letters": (
        settings_values(issueKeys={"projects": ["SHOP", "pay"]}),
        "issueKeys.projects[1]",
        "String should match pattern '^[A-Z][A-Z0-9_]{1,254}$'",
    ),
    "issue keys from a word": (
        settings_values(issueKeys={"fromTexts": "maybe"}),
        "issueKeys.fromTexts",
        "Input should be a valid boolean, unable to interpret input",
    ),
    "unknown name in a text": (settings_values(texts={"displayName": "${pod}"}), "texts.displayName", TEXT),
    "blank text": (settings_values(texts={"description": " "}), "texts.description", TEXT),
    "text too long": (settings_values(texts={"label": "a" * 1001}), "texts.label", TEXT),
    "unknown text": (settings_values(texts={"title": "x"}), "texts.title", "Extra inputs are not permitted"),
    "settling too long": (
        settings_values(settlingSeconds=3601),
        "settlingSeconds",
        "Input should be less than or equal to 3600",
    ),
    "confirming at once": (
        settings_values(confirmAfterSeconds=0),
        "confirmAfterSeconds",
        "Input should be greater than or equal to 1",
    ),
    "the page under its old name": (
        settings_values(workloadUrl="https://x.example"),
        "workloadUrl",
        "Extra inputs are not permitted",
    ),
    "a secret instead of its file": (
        auth(clientSecret=CANARY),
        "sites[0].auth.clientSecret",
        "Extra inputs are not permitted",
    ),
    "no namespaces": (
        one_site(allowedNamespaces=[]),
        "sites[0].allowedNamespaces",
        "Tuple should have at least 1 item after validation, not 0",
    ),
    "rate too low": (
        one_site(requestsPerSecond=0),
        "sites[0].requestsPerSecond",
        "Input should be greater than or equal to 1",
    ),
    "timeout too long": (
        one_site(timeoutSeconds=301),
        "sites[0].timeoutSeconds",
        "Input should be less than or equal to 300",
    ),
    "two sites of one name": (
        settings_values(sites=[site_values(), site_values()], defaultSite="acme"),
        "sites",
        "each name must be unique, used twice: acme",
    ),
    "two sites and no default": (
        settings_values(sites=[site_values(), site_values("beta")]),
        "defaultSite",
        "must be one of acme, beta",
    ),
    "default is not a site": (settings_values(defaultSite="other"), "defaultSite", "must be one of acme"),
    "gateway over http": (
        settings_values(atlassian={"apiUrl": "http://gateway.example"}),
        "atlassian.apiUrl",
        HTTPS,
    ),
    "unknown name in the page": (settings_values(texts={"url": "https://x.example/${pod}"}), "texts.url", PAGE),
    "lone dollar in the page": (settings_values(texts={"url": "https://x.example/$"}), "texts.url", PAGE),
    "page without a scheme": (settings_values(texts={"url": "x.example/${name}"}), "texts.url", PAGE),
    "history of none": (settings_values(historyLimit=0), "historyLimit", "Input should be greater than or equal to 1"),
    "sweep without a pause": (
        settings_values(sweepSeconds=0),
        "sweepSeconds",
        "Input should be greater than or equal to 1",
    ),
    "log format": (settings_values(log={"format": "xml"}), "log.format", "Input should be 'json' or 'text'"),
    "an election nowhere": (
        settings_values(election={"enabled": True}),
        "election",
        "namespace must be set, to that of the operator's pods",
    ),
    "a leader that ends too late": (
        settings_values(election={"leaseSeconds": 10, "renewSeconds": 10}),
        "election",
        "renewSeconds must be less than leaseSeconds: a leader must end before another one begins",
    ),
    "a leader that renews once": (
        settings_values(election={"renewSeconds": 10, "retrySeconds": 8.5}),
        "election",
        "retrySeconds must be less than renewSeconds / 1.2, to renew more than once",
    ),
    "a lease of half a second": (
        settings_values(election={"leaseSeconds": 0.5}),
        "election.leaseSeconds",
        "Input should be a valid integer, got a number with a fractional part",
    ),
    "port": (settings_values(http={"port": 65536}), "http.port", "Input should be less than or equal to 65535"),
}


@pytest.mark.parametrize(("values", "path", "allowed"), BAD.values(), ids=BAD.keys())
def test_r10_a_bad_setting_is_told_with_its_path_and_what_is_allowed(
    tmp_path: Path, values: dict[str, Any], path: str, allowed: str
) -> None:
    message = message_of(tmp_path / "settings.yaml", yaml.safe_dump(values))

    line = next((line for line in message.splitlines() if f"{path}: " in line), message)
    assert line.startswith(f"{tmp_path / 'settings.yaml'}: ")
    assert line.endswith((f"{path}: {allowed}", f"{path}: Value error, {allowed}"))


@pytest.mark.parametrize(("values", "path", "allowed"), BAD.values(), ids=BAD.keys())
def test_r10_one_mistake_gives_one_line(tmp_path: Path, values: dict[str, Any], path: str, allowed: str) -> None:
    message = message_of(tmp_path / "settings.yaml", yaml.safe_dump(values))

    assert [line for line in message.splitlines() if f"{path}: " not in line] == []
    assert len(message.splitlines()) == 1


def test_r10_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    values = settings_values(cluster="", historyLimit=0, extra=1)

    message = message_of(tmp_path / "settings.yaml", yaml.safe_dump(values))

    assert [line.split(": ")[1] for line in message.splitlines()] == ["cluster", "historyLimit", "extra"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("", "must be a YAML mapping with the keys `cluster` and `sites`", id="empty"),
        pytest.param("[]", "must be a YAML mapping with the keys `cluster` and `sites`", id="a-list"),
        pytest.param("just text", "must be a YAML mapping with the keys `cluster` and `sites`", id="text"),
        pytest.param("a: b: c", "is not valid YAML", id="not-yaml"),
        pytest.param("a: [", "is not valid YAML", id="unfinished"),
        pytest.param("a: !!python/object:os.system x", "is not valid YAML", id="a-python-object"),
        pytest.param("cluster: east\n1: x\n", "1", id="a-key-that-is-a-number"),
        pytest.param("cluster: east\non: x\n", "true", id="a-key-that-yaml-reads-as-true"),
    ],
)
def test_r10_a_file_that_holds_no_settings_is_told_with_its_name(tmp_path: Path, content: str, told: str) -> None:
    message = message_of(tmp_path / "settings.yaml", content)

    assert message.startswith(f"{tmp_path / 'settings.yaml'}: ")
    assert told in message.removeprefix(str(tmp_path)).replace("True", "true")


def test_r10_a_file_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml: cannot be read: No such file or directory"):
        load(tmp_path / "absent.yaml")


def test_a_file_that_is_no_text_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match=r"settings\.yaml: is not valid YAML"):
        load(tmp_path / "settings.yaml")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(yaml.safe_dump(auth(clientSecret=CANARY)), id="a-secret-under-a-key-of-its-own"),
        pytest.param(yaml.safe_dump(one_site(url=f"https://u:{CANARY}@x.example")), id="in-a-url"),
        pytest.param(yaml.safe_dump(auth(clientSecretFile=[CANARY])), id="in-place-of-the-file"),
        pytest.param(yaml.safe_dump(settings_values(cluster=f"{CANARY} {CANARY}")), id="in-the-wrong-place"),
        pytest.param(f"clientSecret: {CANARY}: oops\n", id="on-a-line-that-is-not-yaml"),
        pytest.param(f"clientSecret: '{CANARY}\n", id="with-an-open-quote"),
    ],
)
def test_r8_what_stands_in_the_file_is_not_repeated_in_the_message(tmp_path: Path, content: str) -> None:
    assert CANARY not in message_of(tmp_path / "settings.yaml", content)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        pytest.param(one_site(url="https://acme.example:jira"), "sites[0].url", id="a-port-that-is-none"),
        pytest.param(one_site(url="https://acme.example:99999"), "sites[0].url", id="a-port-too-high"),
        pytest.param(one_site(url="https://acme example"), "sites[0].url", id="a-host-with-a-blank"),
        pytest.param(settings_values(texts={"url": "https://"}), "texts.url", id="a-page-without-a-host"),
        pytest.param(settings_values(texts={"url": "https://x.example/a b"}), "texts.url", id="a-page-with-a-blank"),
    ],
)
def test_r10_an_address_that_no_request_can_go_to_is_refused_at_the_start(
    tmp_path: Path, values: dict[str, Any], path: str
) -> None:
    assert f"{path}: " in message_of(tmp_path / "settings.yaml", yaml.safe_dump(values))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://127.8.9.10", "http://[::1]:80", "http://localhost:1", "https://acme.example/"],
)
def test_http_is_for_loopback_and_https_for_everywhere(url: str) -> None:
    assert settings(sites=[site_values(url=url)]).sites[0].url == url.rstrip("/")


def test_the_only_site_is_the_default_one() -> None:
    assert settings(sites=[site_values("beta")]).site_by_default == "beta"


def test_several_sites_need_a_choice_and_keep_it() -> None:
    chosen = settings(sites=[site_values(), site_values("beta")], defaultSite="beta")

    assert chosen.site_by_default == "beta"
    assert chosen.site("acme").name == "acme"
    with pytest.raises(KeyError):
        chosen.site("gamma")


def test_settings_cannot_change_while_the_operator_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().cluster = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("patterns", "namespace", "allowed"),
    [
        (["*"], "shop", True),
        (["shop"], "shop", True),
        (["shop"], "shop-2", False),
        (["shop-*"], "shop-2", True),
        (["shop-*"], "a-shop-2", False),
        (["pay", "shop-?"], "shop-2", True),
        (["pay", "shop-?"], "shop-22", False),
        (["Shop"], "shop", False),
        (["team-[ab]"], "team-b", True),
    ],
)
def test_r9_namespaces_are_allowed_by_patterns_on_their_whole_name(
    patterns: list[str], namespace: str, allowed: bool
) -> None:
    site = settings(sites=[site_values(allowedNamespaces=patterns)]).sites[0]

    assert site.allows(namespace) is allowed


def test_a_file_with_everything_in_it_is_read_as_it_stands(tmp_path: Path) -> None:
    values = settings_values(
        sites=[
            site_values(cloudId="1-2", requestsPerSecond=2.5, timeoutSeconds=5, allowedNamespaces=["a", "b-*"]),
            site_values("beta", auth=CONNECT),
        ],
        defaultSite="beta",
        sources=["Rollout", "DaemonSet"],
        atlassian={"apiUrl": "https://gateway.example/api", "authUrl": "https://gateway.example/auth"},
        environments=[
            {
                "namespaces": ["prod-*"],
                "labels": {"stage": "prod"},
                "id": "eu.${cluster}.${namespace}",
                "name": "EU ${namespace}",
                "type": "production",
            },
        ],
        issueKeys={"projects": ["SHOP"], "fromTexts": False, "carryOver": False},
        texts={
            "displayName": "${name}",
            "description": "$$5 ${previousVersion}",
            "label": "${version}",
            "url": "https://dash.example/${cluster}/${namespace}/${kind}/${name}",
        },
        settlingSeconds=0,
        confirmAfterSeconds=60,
        restartsAreRollouts=True,
        historyLimit=3,
        gating={
            "mechanism": "Webhook",
            "argoRolloutsUser": "system:serviceaccount:argo:argo",
            "exemptUsers": ["root"],
            "defaults": {
                "firstDeployment": True,
                "timeout": "24h",
                "onTimeout": "Cancel",
                "onError": "Allow",
                "onPrevented": "Hold",
                "onRollback": "Gate",
            },
            "maxHold": "3d",
            "onMaxHold": "Allow",
            "pollSeconds": 20,
            "errorAfterSeconds": 60,
            "endpoint": {"enabled": True, "tokenFile": "/secrets/gate-token"},
        },
        sweepSeconds=5,
        log={"format": "text", "level": "debug"},
        http={"host": "127.0.0.1", "port": 0},
    )
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(values))

    read = load(tmp_path / "settings.yaml")

    assert read == Settings(**values)
    written = read.model_dump(mode="json", by_alias=True)
    for key, value in values.items():
        if key != "sites":
            assert written[key] == value
    assert written["sites"][0] == values["sites"][0]
    assert written["sites"][1]["auth"] == CONNECT


def test_the_kind_of_credentials_decides_what_else_is_needed() -> None:
    acme, beta = settings(sites=[site_values(), site_values("beta", auth=CONNECT)], defaultSite="acme").sites

    assert isinstance(acme.auth, OAuth)
    assert isinstance(beta.auth, Connect)
    assert (str(beta.auth.app_key_file), str(beta.auth.shared_secret_file)) == (
        "/secrets/app-key",
        "/secrets/shared-secret",
    )


def test_what_is_left_out_has_a_default() -> None:
    read = settings()

    assert read.sources == ("Deployment", "Rollout", "StatefulSet", "DaemonSet")
    assert (read.environments, read.issue_keys) == ((), IssueKeys(projects=(), from_texts=True, carry_over=True))
    assert read.texts == Texts(display_name="${name} ${version}", description=None, label=None, url=None)
    assert (read.settling_seconds, read.confirm_after_seconds) == (30, 30)
    assert read.gating == Gating(mechanism="Off", defaults=GateDefaults(), endpoint=GateEndpoint(enabled=False))
    assert not read.gating.is_enforced
    assert (read.gating.max_hold, read.gating.poll_seconds, read.gating.error_after_seconds) == (None, 15, 300)


def test_a_gate_that_says_nothing_else_holds_until_somebody_answers() -> None:
    """R6: what the platform team has not chosen never lets a rollout go."""
    defaults = settings().gating.defaults

    assert (defaults.timeout, defaults.on_timeout, defaults.on_error) == (None, "Hold", "Hold")
    assert (defaults.first_deployment, defaults.on_prevented, defaults.on_rollback) == (False, "Cancel", "Allow")


@pytest.mark.parametrize("mechanism", ["Policy", "Webhook"])
def test_rollouts_can_be_held_where_something_holds_them(mechanism: str) -> None:
    assert settings(gating={"mechanism": mechanism}).gating.is_enforced


# The page about them

_ITEMS = {"sites", "environments"}


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the path of every key as the page writes it."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{to_camel(name)}"
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if _is_model(each)]
        if not inner:
            yield key
        for each in inner:
            yield from keys_of(each, f"{key}[]." if name in _ITEMS else f"{key}.")


def _is_model(what: Any) -> bool:
    return isinstance(what, type) and issubclass(what, BaseModel)


def test_the_page_tells_of_every_key_and_of_no_other() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
    told: list[str] = []
    for row in rows:
        stem = ""
        for key in re.findall(r"`([^`]+)`", row):
            told.append(f"{stem}{key}" if key.startswith(".") else key)
            stem = told[-1].rpartition(".")[0]

    assert sorted(told) == sorted(set(keys_of(Settings)))
