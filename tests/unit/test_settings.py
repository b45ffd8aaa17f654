"""R10: wrong settings stop the start, with one line per mistake that has the key's path and what is allowed."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from jira_deployment_operator.settings import Settings, SettingsError, load
from tests.unit.samples import settings, settings_values, site_values

CANARY = "canary-7f3a"
SITE_PATTERN = r"'^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'"
CLUSTER_PATTERN = r"'^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$'"
HTTPS = "must begin with https:// (http:// is allowed for loopback addresses only)"
ABSOLUTE = "must be an absolute URL such as https://acme.atlassian.net, without user or query"
URL_NAMES = "may only use ${cluster}, ${kind}, ${name}, ${namespace}"


def without(key: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def one_site(**changes: Any) -> dict[str, Any]:
    return settings_values(sites=[site_values(**changes)])


def auth(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = site_values()["auth"]
    return one_site(auth={**values, **changes})


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
    "another auth": (auth(type="basic"), "sites[0].auth.type", "Input should be 'oauth'"),
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
    "unknown name in workloadUrl": (
        settings_values(workloadUrl="https://x.example/${pod}"),
        "workloadUrl",
        URL_NAMES,
    ),
    "broken workloadUrl": (settings_values(workloadUrl="https://x.example/$"), "workloadUrl", URL_NAMES),
    "workloadUrl without a scheme": (
        settings_values(workloadUrl="x.example/${name}"),
        "workloadUrl",
        "must begin with https:// or http://",
    ),
    "history of none": (settings_values(historyLimit=0), "historyLimit", "Input should be greater than or equal to 1"),
    "sweep without a pause": (
        settings_values(sweepSeconds=0),
        "sweepSeconds",
        "Input should be greater than or equal to 1",
    ),
    "log format": (settings_values(log={"format": "xml"}), "log.format", "Input should be 'json' or 'text'"),
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
        pytest.param(settings_values(workloadUrl="https://"), "workloadUrl", id="a-page-without-a-host"),
        pytest.param(settings_values(workloadUrl="https://x.example/a b"), "workloadUrl", id="a-page-with-a-blank"),
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
            site_values("beta"),
        ],
        defaultSite="beta",
        atlassian={"apiUrl": "https://gateway.example/api", "authUrl": "https://gateway.example/auth"},
        workloadUrl="https://dash.example/${cluster}/${namespace}/${kind}/${name}",
        restartsAreRollouts=True,
        historyLimit=3,
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
