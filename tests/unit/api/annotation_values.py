"""Good and bad values of every annotation, and what is said about the bad ones.

One table for whoever judges annotations: the operator itself, and the chart's admission policy.
"""

from typing import Any, Final

from jira_deployment_operator.api.annotations import (
    APPROVE,
    COMMIT,
    COMMIT_TIME,
    DECIDED_BY,
    DESCRIPTION,
    DISPLAY_NAME,
    ENVIRONMENT,
    ENVIRONMENT_NAME,
    ENVIRONMENT_TYPE,
    GATE,
    HOLD,
    ISSUE_KEYS,
    LABEL,
    MESSAGE,
    OVERRIDE,
    PIPELINE,
    REFUSE,
    REPORT,
    REPOSITORY,
    SERVICES,
    SITE,
    URL,
)

NAMES: Final = (
    "${cluster}, ${environment}, ${kind}, ${name}, ${namespace}, ${previousVersion}, ${site}, ${version} or $$"
)
BOOLEAN: Final = 'must be "true" or "false"'
SITE_NAME: Final = "must be the name of a site in the operator's settings, such as `acme`"
KEYS: Final = "must be Jira issue keys separated by commas, such as `SHOP-123,PAY-7`"
SOME_KEY: Final = "must name at least one Jira issue, such as `SHOP-123`"
IDS_OF_SERVICES: Final = (
    "must be ids of services in Jira Service Management separated by commas, each at most 255 characters"
)
SOME_SERVICE: Final = "must name at least one service, by its id in Jira Service Management"
HASH: Final = "must be the hash of a commit, 1 to 255 letters and digits"
TIME: Final = "must be a time as RFC 3339 writes it, such as `2026-11-23T22:30:00Z`"
REPOSITORY_ID: Final = "must be the repository's id in Jira, 1 to 255 characters, no blanks"
ID: Final = "must be 1 to 255 letters, digits, dots, dashes or underscores"
NO_DOTS: Final = "must not be `.` or `..`, which mean something else in an address"
TYPES: Final = "must be one of unmapped, development, testing, staging, production"
TEXT: Final = f"must be text of at most 1000 characters, in which $ stands only in {NAMES}"
ADDRESS: Final = f"must be an absolute http or https address without blanks, in which $ stands only in {NAMES}"
MODES: Final = "must be one of Off, Jira, Manual"
ANSWER: Final = "must be the id of a hold, a blank, and a reason, such as `1a2b3c4d-7 pager 123`"
NO_SUCH: Final = "no such annotation: must be one of " + ", ".join(
    f"`jira-operator.dev/{name}`"
    for name in (
        *("approve", "commit", "commit-time", "description", "display-name"),
        *("environment", "environment-name", "environment-type"),
        *("gate", "issue-keys", "label", "message", "override", "pipeline", "refuse", "report", "repository"),
        *("services", "site", "url"),
    )
)

_TEXTS: Final = {
    "${name} ${version}": "${name} ${version}",
    "costs $$5": "costs $$5",
    "one\ntwo": "one\ntwo",
    "\u00e4\u4e16 \U0001f680": "\u00e4\u4e16 \U0001f680",
    "a" * 1000: "a" * 1000,
}

GOOD: Final[dict[str, dict[str, Any]]] = {
    REPORT: {"true": True, "false": False},
    SITE: {each: each for each in ("acme", "a", "a-1", "a" * 63)},
    ISSUE_KEYS: {
        "SHOP-1": ("SHOP-1",),
        "SHOP-1,PAY-7": ("SHOP-1", "PAY-7"),
        " SHOP-1 ,\n PAY-7,, ": ("SHOP-1", "PAY-7"),
        "SHOP-1\u00a0PAY-7\u3000A1-2": ("SHOP-1", "PAY-7", "A1-2"),
        "SHOP-1,PAY-7,SHOP-1": ("SHOP-1", "PAY-7"),
        "J3-123,A_B-9": ("J3-123", "A_B-9"),
        "A" * 255 + "-" + "9" * 18: ("A" * 255 + "-" + "9" * 18,),
        ",".join(f"SHOP-{number}" for number in range(1, 501)): tuple(f"SHOP-{number}" for number in range(1, 501)),
    },
    SERVICES: {
        "b:YXJp/x=": ("b:YXJp/x=",),
        "one, two\tthree": ("one", "two", "three"),
        "\u00e4" * 255: ("\u00e4" * 255,),
        ",".join(f"s{number}" for number in range(100)): tuple(f"s{number}" for number in range(100)),
    },
    COMMIT: {each: each for each in ("4dcd9c3a", "0", "A" * 255)},
    COMMIT_TIME: {
        each: each
        for each in (
            *("2026-11-23T22:30:00Z", "2026-11-23T22:30:00.123456789+05:30", "1970-01-01T00:00:00-23:59"),
            *("2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2999-12-31T23:59:59Z"),
        )
    },
    REPOSITORY: {each: each for each in ("github.com/acme/shop", "42", "\u00e4" * 255)},
    ENVIRONMENT: {each: each for each in ("eu.production", "A_b-1", "...", "a" * 255)},
    ENVIRONMENT_NAME: _TEXTS,
    ENVIRONMENT_TYPE: {each: each for each in ("unmapped", "development", "testing", "staging", "production")},
    PIPELINE: {each: each for each in ("web", "a" * 255)},
    DISPLAY_NAME: _TEXTS,
    DESCRIPTION: _TEXTS,
    LABEL: _TEXTS,
    URL: {
        each: each
        for each in (
            "https://dash.example/${namespace}/${name}?x=$$#top",
            "http://${cluster}.example:8080/",
            "https://b\u00fccher.example",
            "https://x.example:65535?a",
            "https://x.example:",
            "https://x.example/" + "a" * 982,
        )
    },
    GATE: {each: each for each in ("Off", "Jira", "Manual")},
}
"""By annotation: each value, and how it is understood. Of `message` any value is good, and no wish."""

ANSWERS: Final = (OVERRIDE, APPROVE, REFUSE)
"""No wishes: they are bound to one hold, and read where holds are decided on."""

GOOD_ANSWERS: Final = ("1a2b3c4d-7 pager 123", " 1a2b3c4d-7\u2003\tpager\n123 ", "first \u00e4", "any thing")

_BAD_TEXTS: Final = ("", " \u2003\n", "${pod}", "$", "$5", "${name", "a" * 1001)
_BAD_IDS: Final = ("", "a/b", "a b", "\u00e4", "a\n", "a" * 256)

BAD: Final[dict[str, dict[str, tuple[str, str]]]] = {
    REPORT: {each: (each, BOOLEAN) for each in ("yes", "True", " true", "", "1")},
    SITE: {
        each: (each, SITE_NAME)
        for each in ("https://acme.atlassian.net", "Acme", "", "acme-", "-acme", "acme\n", "a" * 64)
    },
    ISSUE_KEYS: {
        **{
            each: (each, KEYS)
            for each in (
                *("shop-1", "42-123", "SHOP-0", "SHOP-", "SHOP", "2PAC-123", "SHOP-1abcd", "SHOP-\u0661"),
                *("\u00c41-1", "SHOP-1;PAY-2", "A" * 256 + "-1", "SHOP-" + "1" * 19),
            )
        },
        "SHOP-1,oops,PAY-7 wrong": ("oops,wrong", KEYS),
        **{each: (each, SOME_KEY) for each in ("", "  ", ",,")},
    },
    SERVICES: {
        "a" * 256: ("a" * 256, IDS_OF_SERVICES),
        f"one,{'a' * 256}": ("a" * 256, IDS_OF_SERVICES),
        **{each: (each, SOME_SERVICE) for each in ("", " ", ",\n,")},
    },
    COMMIT: {each: (each, HASH) for each in ("", "a/1", "a 1", "a1\n", "\u00e4", "a" * 256)},
    COMMIT_TIME: {
        each: (each, TIME)
        for each in (
            *("", "yesterday", "2026-11-23", "2026-11-23T22:30:00", "2026-11-23 22:30:00Z", "1795473000"),
            *("2026-11-23T22:30:00z", "2026-11-23T22:30Z", "2026-11-23T24:00:00Z", "2026-11-23T22:30:60Z"),
            *("2026-11-23T22:30:00+24:00", "2026-11-23T22:30:00+0100", "2026-11-23T22:30:00.Z", "2026-13-01T00:00:00Z"),
            *("2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-31T00:00:00Z", "2026-02-29T00:00:00Z"),
            *("2100-02-29T00:00:00Z", "2026-11-23T22:30:00Z\n", "\u0662026-11-23T22:30:00Z"),
        )
    },
    REPOSITORY: {each: (each, REPOSITORY_ID) for each in ("", "a b", "a,b", "a\u00a0b", "a\n", "a\x1fb", "a" * 256)},
    ENVIRONMENT: {**{each: (each, ID) for each in _BAD_IDS}, **{each: (each, NO_DOTS) for each in (".", "..")}},
    ENVIRONMENT_NAME: {each: (each, TEXT) for each in _BAD_TEXTS},
    ENVIRONMENT_TYPE: {each: (each, TYPES) for each in ("", "prod", "Production", "testing\n")},
    PIPELINE: {**{each: (each, ID) for each in _BAD_IDS}, **{each: (each, NO_DOTS) for each in (".", "..")}},
    DISPLAY_NAME: {each: (each, TEXT) for each in _BAD_TEXTS},
    DESCRIPTION: {each: (each, TEXT) for each in _BAD_TEXTS},
    LABEL: {each: (each, TEXT) for each in _BAD_TEXTS},
    URL: {
        each: (each, ADDRESS)
        for each in (
            *(
                "",
                "x.example",
                "ftp://x.example",
                "javascript:alert(1)",
                "https://",
                "https:///a",
                "https://x.example/a b",
            ),
            *("https://x.example/a\u00a0b", "https://x.example/${pod}", "https://x.example/$", "https://a:b@x.example"),
            *("https://@x.example", "https://x.example:0", "https://x.example:65536/", "https://x.example:${name}"),
            *("https://x.example:a", "https://x.example\n", "https://x.example/" + "a" * 983),
        )
    },
    "jira-operator.dev/issue-key": {"SHOP-1": ("SHOP-1", NO_SUCH)},
    "jira-operator.dev/": {"": ("", NO_SUCH)},
    GATE: {each: (each, MODES) for each in ("", "true", "jira", "Jira ", "Off\n", "Pause")},
    **{
        key: {each: (each, ANSWER) for each in ("", " \u2003", "1a2b3c4d-7", "1a2b3c4d-7 \u00a0\n", " reason")}
        for key in ANSWERS
    },
}
"""By annotation: each value, what of it is quoted, and what is allowed."""

HARMLESS: Final[dict[str, str]] = {
    HOLD: "1a2b3c4d-7 paused leaked",
    DECIDED_BY: "1a2b3c4d-7 alice",
    MESSAGE: "anything at all: $ ${pod} shop-1",
    "kubernetes.io/change-cause": "SHOP-1 $",
    "x.jira-operator.dev/report": "yes",
    "jira-operator.dev": "yes",
    "example.com/report": "yes",
}


def shown(value: str) -> str:
    """Return a value as messages quote it."""
    return value if len(value) <= 60 else f"{value[:60]}\u2026"
