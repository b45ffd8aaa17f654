"""Links for tests: small valid ones, what breaks them, and what hypothesis makes of the schema."""

from typing import Any, Final

from hypothesis import strategies as st

from jira_deployment_operator.api import values
from tests.crds.schemas import instances, schema_of

REF: Final[dict[str, Any]] = {"workloadRef": {"kind": "Deployment", "name": "web"}}
LABELS: Final[dict[str, Any]] = {"selector": {"matchLabels": {"app": "web"}}}


def link(spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    """Return a link as the API server has it."""
    return {
        "apiVersion": "jira-operator.dev/v1alpha1",
        "kind": "JiraDeploymentLink",
        "metadata": {
            "namespace": "default",
            "name": "web",
            "uid": "5d4cbe5c-2f1f-4b06-8a54-0d8c1bb41c4c",
            "generation": 3,
            "creationTimestamp": "2026-11-23T22:30:00Z",
        },
        "spec": spec,
        **({"status": status} if status else {}),
    }


def ref(**fields: Any) -> dict[str, Any]:
    """Return the spec of a link that names its workload."""
    return {**REF, **fields}


def requirement(operator: str, *values_: str, **fields: Any) -> dict[str, Any]:
    """Return the spec of a link with one requirement."""
    values_of = {"values": list(values_)} if values_ else {}
    return {"selector": {"matchExpressions": [{"key": "app", "operator": operator, **values_of, **fields}]}}


GOOD: Final[dict[str, dict[str, Any]]] = {
    "a workload by name": REF,
    "another kind": {"workloadRef": {"kind": "Rollout", "name": "web.v1"}},
    "the longest name": {"workloadRef": {"kind": "StatefulSet", "name": "a" * 253}},
    "labels": LABELS,
    "an empty label": {"selector": {"matchLabels": {"a.example/b": ""}}},
    "kinds and labels": {"selector": {"kinds": ["Deployment", "DaemonSet"], "matchLabels": {"a": "b"}}},
    "all kinds": {"selector": {"kinds": [], "matchLabels": {"a": "b"}}},
    "In": requirement("In", "a", "b"),
    "NotIn": requirement("NotIn", "a"),
    "Exists": requirement("Exists"),
    "Exists with an empty list": requirement("Exists", values=[]),
    "DoesNotExist": requirement("DoesNotExist"),
    "everything": ref(
        site="acme",
        pipeline="shop_web-1.0",
        environment={"id": "eu.production", "displayName": "${cluster} in the EU", "type": "production"},
        issueKeys=["SHOP-1", "PAY_2-7"],
        services=["b:YXJp/x=", "ari:cloud:1"],
        commit="4dcd9c3a",
        repository="github.com/acme/shop",
        version="1.28.0",
        displayName="${name} ${version}",
        description="costs $$5, replaces ${previousVersion}",
        label="${version}",
        url="https://dash.example:8443/${cluster}/${namespace}?kind=${kind}#top",
        gate={
            "mode": "Jira",
            "enforcement": "Endpoint",
            "firstDeployment": True,
            "timeout": "24h",
            "onTimeout": "Cancel",
            "onError": "Allow",
            "onPrevented": "Hold",
            "onRollback": "Gate",
        },
        deletionPolicy="Delete",
        historyLimit=1,
    ),
    "a gate that says only who is asked": ref(gate={"mode": "Manual"}),
    "no gate": ref(gate={"mode": "Off"}),
    "the longest timeout": ref(gate={"mode": "Jira", "timeout": "999999d"}),
    "a repository alone": ref(repository="r1"),
    "an environment of nothing": ref(environment={}),
    "a host that is a name": ref(url="http://${cluster}.example"),
    "a host in another script": ref(url="https://bücher.example/"),
    "the last port": ref(url="https://x.example:65535"),
    "no port after the colon": ref(url="https://x.example:/a"),
    "a text with a line end": ref(description="one\ntwo"),
    "the longest text": ref(description="a" * values.TEMPLATE_MAX),
    "all issues that fit": ref(issueKeys=[f"SHOP-{number}" for number in range(1, values.ISSUE_KEYS_MAX + 1)]),
    "the longest issue key": ref(issueKeys=["A" * 255 + "-" + "1" * 18]),
}

ONE_OF: Final = "must have exactly one of `workloadRef` and `selector`"
SELECTS: Final = "must have `matchLabels` or `matchExpressions`"
NEEDS_VALUES: Final = "must have `values` where `operator` is In or NotIn"
NO_VALUES: Final = "must not have `values` where `operator` is Exists or DoesNotExist"
HOST: Final = (
    "must be an absolute http or https address with a host name, without user, and a port of 1 to 65535 if any"
)
MATCH: Final = "should match"

BAD: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "nothing": ({}, "spec", ONE_OF),
    "both": ({**REF, **LABELS}, "spec", ONE_OF),
    "an unknown kind": ({"workloadRef": {"kind": "Pod", "name": "a"}}, "spec.workloadRef.kind", "supported values"),
    "no name": ({"workloadRef": {"kind": "Rollout"}}, "spec.workloadRef.name", "Required value"),
    "an empty name": ({"workloadRef": {"kind": "Rollout", "name": ""}}, "spec.workloadRef.name", "at least 1"),
    "an empty selector": ({"selector": {}}, "spec.selector", SELECTS),
    "kinds only": ({"selector": {"kinds": ["Rollout"]}}, "spec.selector", SELECTS),
    "empty labels": ({"selector": {"matchLabels": {}}}, "spec.selector", SELECTS),
    "empty expressions": ({"selector": {"matchExpressions": []}}, "spec.selector", SELECTS),
    "an unknown kind selected": (
        {"selector": {"kinds": ["Pod"], "matchLabels": {"a": "b"}}},
        "spec.selector.kinds[0]",
        "supported values",
    ),
    "a label without a key": (
        {"selector": {"matchLabels": {"": "b"}}},
        "spec.selector.matchLabels",
        "must have keys of 1 to 317 characters",
    ),
    "a label too long": ({"selector": {"matchLabels": {"a": "b" * 64}}}, "spec.selector.matchLabels.a", "than 63"),
    "In without values": (requirement("In"), "spec.selector.matchExpressions[0].values", NEEDS_VALUES),
    "In with none": (requirement("In", values=[]), "spec.selector.matchExpressions[0].values", NEEDS_VALUES),
    "NotIn without values": (requirement("NotIn"), "spec.selector.matchExpressions[0].values", NEEDS_VALUES),
    "Exists with values": (requirement("Exists", "a"), "spec.selector.matchExpressions[0].values", NO_VALUES),
    "DoesNotExist with values": (
        requirement("DoesNotExist", "a"),
        "spec.selector.matchExpressions[0].values",
        NO_VALUES,
    ),
    "an unknown operator": (
        requirement("Gt", "1"),
        "spec.selector.matchExpressions[0].operator",
        "supported values",
    ),
    "a commit alone": (ref(commit="a1"), "spec.commit", "must have `repository` where it has `commit`"),
    "a commit that is none": (ref(commit="a/1", repository="r"), "spec.commit", MATCH),
    "a repository with a blank": (ref(repository="a b"), "spec.repository", MATCH),
    "a repository with an odd blank": (ref(repository="a\u00a0b"), "spec.repository", "must not have blanks"),
    "a site as an address": (ref(site="https://acme.atlassian.net"), "spec.site", MATCH),
    "a site with a line end": (ref(site="acme\n"), "spec.site", MATCH),
    "a pipeline with a slash": (ref(pipeline="a/b"), "spec.pipeline", MATCH),
    "a pipeline of a dot": (ref(pipeline="."), "spec.pipeline", "must not be `.` or `..`"),
    "a pipeline too long": (ref(pipeline="a" * 256), "spec.pipeline", "more than 255"),
    "an environment with a blank": (ref(environment={"id": "a b"}), "spec.environment.id", MATCH),
    "an environment of two dots": (ref(environment={"id": ".."}), "spec.environment.id", "must not be `.` or `..`"),
    "an unknown environment type": (
        ref(environment={"type": "prod"}),
        "spec.environment.type",
        'supported values: "unmapped", "development", "testing", "staging", "production"',
    ),
    "an issue key in small letters": (ref(issueKeys=["shop-1"]), "spec.issueKeys[0]", MATCH),
    "an issue key with a line end": (ref(issueKeys=["SHOP-1\n"]), "spec.issueKeys[0]", MATCH),
    "too many issues": (ref(issueKeys=[f"SHOP-{number}" for number in range(1, 502)]), "spec.issueKeys", "500"),
    "a service with a comma": (ref(services=["a,b"]), "spec.services[0]", MATCH),
    "a service with an odd blank": (ref(services=["a\u3000b"]), "spec.services[0]", "must not have blanks"),
    "a service of a control character": (ref(services=["\x1f"]), "spec.services[0]", "must not have blanks"),
    "too many services": (ref(services=[f"s{number}" for number in range(101)]), "spec.services", "100"),
    "an unknown name": (ref(displayName="${pod}"), "spec.displayName", MATCH),
    "a lone dollar": (ref(description="$5"), "spec.description", MATCH),
    "a blank text": (ref(label=" \u2003\n"), "spec.label", "must not be blank"),
    "a blank environment": (ref(environment={"displayName": " "}), "spec.environment.displayName", "not be blank"),
    "a text too long": (ref(description="a" * 1001), "spec.description", "more than 1000"),
    "an address of another kind": (ref(url="ftp://x.example"), "spec.url", MATCH),
    "an address with a blank": (ref(url="https://x.example/a b"), "spec.url", MATCH),
    "an address with an odd blank": (ref(url="https://x.example/a\u00a0b"), "spec.url", "must not have blanks"),
    "an address without a host": (ref(url="https:///a"), "spec.url", HOST),
    "an address with a user": (ref(url="https://a:b@x.example"), "spec.url", HOST),
    "an address with port 0": (ref(url="https://x.example:0"), "spec.url", HOST),
    "an address with port 65536": (ref(url="https://x.example:65536/"), "spec.url", HOST),
    "an address with a port that is a name": (ref(url="https://x.example:${name}/"), "spec.url", HOST),
    "an unknown policy": (ref(deletionPolicy="Orphan"), "spec.deletionPolicy", "supported values"),
    "a history of none": (ref(historyLimit=0), "spec.historyLimit", "greater than or equal to 1"),
    "a history too long": (ref(historyLimit=101), "spec.historyLimit", "less than or equal to 100"),
    "an empty version": (ref(version=""), "spec.version", "at least 1"),
    "a gate without a mode": (ref(gate={"timeout": "1h"}), "spec.gate.mode", "Required value"),
    "an unknown mode": (ref(gate={"mode": "On"}), "spec.gate.mode", 'supported values: "Off", "Jira", "Manual"'),
    "an unknown enforcement": (
        ref(gate={"mode": "Jira", "enforcement": "Scale"}),
        "spec.gate.enforcement",
        "supported values",
    ),
    "a timeout without a unit": (ref(gate={"mode": "Jira", "timeout": "90"}), "spec.gate.timeout", MATCH),
    "a timeout of nothing": (ref(gate={"mode": "Jira", "timeout": "0s"}), "spec.gate.timeout", MATCH),
    "a timeout of two units": (ref(gate={"mode": "Jira", "timeout": "1h30m"}), "spec.gate.timeout", MATCH),
    "a timeout that cancels an error": (
        ref(gate={"mode": "Jira", "onError": "Cancel"}),
        "spec.gate.onError",
        "supported values",
    ),
    "a no that lets it go": (ref(gate={"mode": "Jira", "onPrevented": "Allow"}), "spec.gate.onPrevented", "supported"),
}


def rules_hold(spec: dict[str, Any]) -> bool:
    """Return whether a spec that the schema takes also meets its CEL rules, but for those about characters."""
    if ("workloadRef" in spec) == ("selector" in spec) or ("commit" in spec and "repository" not in spec):
        return False
    selector = spec.get("selector", {"matchLabels": {"a": "b"}})
    requirements = selector.get("matchExpressions", [])
    return bool(selector.get("matchLabels") or requirements) and all(
        bool(each.get("values")) == (each["operator"] in ("In", "NotIn")) for each in requirements
    )


_schema: Final = schema_of("jiradeploymentlinks")["properties"]["spec"]
_fields: Final = {key: instances(each) for key, each in _schema["properties"].items()}
_hosts: Final = st.text("abz09.-${}name:@/?#[]", max_size=12)
_tails: Final = st.sampled_from(["", "/", "/a?b=c#d", "?", "#", ":", ":0", ":00", ":080", ":443/", ":65535", ":65536"])
_urls: Final = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["https", "http", "ftp", "HTTPS"]),
    st.one_of(_hosts, st.sampled_from(["x.example", "${cluster}.example", "$$", "bücher.example"])),
    _tails,
)
_odd: Final = st.text("aA1-_./:,$ {}\t\n\v\x1c\x1f\x85\u00a0\u2003\u3000\u00e9", max_size=6)
_texts: Final = st.lists(st.sampled_from(["$", "$$", "${name}", "${pod}", " ", "\n", "\u2003", "a"]), max_size=4)

_nearly: Final[dict[str, st.SearchStrategy[Any]]] = {
    "url": _urls,
    "site": _odd,
    "pipeline": st.one_of(_odd, st.sampled_from([".", "..", "..."])),
    "commit": _odd,
    "repository": _odd,
    "services": st.lists(_odd, max_size=2, unique=True),
    "issueKeys": st.lists(
        st.one_of(_odd, st.from_regex(r"[A-Za-z]{1,3}[-_][0-9]{1,2}\n?", fullmatch=True)), max_size=2, unique=True
    ),
    "label": _texts.map("".join),
    "version": st.text(max_size=3),
    "historyLimit": st.integers(-1, 102),
}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Return a spec that the schema takes, but for its CEL rules; its address is any that the pattern takes."""
    drawn: dict[str, Any] = draw(instances(_schema))
    if draw(st.booleans()) or "selector" not in drawn:
        drawn = {key: each for key, each in drawn.items() if key != "selector"}
        drawn["workloadRef"] = draw(_fields["workloadRef"])
    else:
        drawn = {key: each for key, each in drawn.items() if key != "workloadRef"}
    if "url" in drawn:
        drawn["url"] = draw(st.sampled_from(["https://x.example/${name}", "http://${cluster}.example:80?a#b"]))
    return drawn


@st.composite
def nearly_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Return a spec in which some fields are what people, or programs, might get wrong."""
    spec: dict[str, Any] = {**draw(st.sampled_from([REF, LABELS]))}
    for name in draw(st.lists(st.sampled_from(sorted(_nearly)), min_size=1, max_size=2, unique=True)):
        spec[name] = draw(_nearly[name])
    if draw(st.booleans()):
        spec.setdefault("repository", "r")
    if draw(st.integers(0, 3)) == 0:
        spec.pop("workloadRef", None)
        spec["selector"] = draw(_fields["selector"])
    return spec
