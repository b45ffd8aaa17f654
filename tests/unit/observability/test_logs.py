"""R8: a secret is blotted out wherever a log line can carry it; ordinary text stays as it is."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.observability import logs
from jira_deployment_operator.settings import Log

CANARY: Final = "canary-Zx81.secret_value"
UNKNOWN: Final = "eyJhbGciOiJIUzI1NiJ9.canary.abc-_123"
"""A token of which nobody told the log: it can only be known by its shape."""


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    quiet = {name: logging.getLogger(name).level for name in ("kopf.objects", "aiohttp.access")}
    monkeypatch.setattr(logs, "_secrets", {})
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


class Output:
    """What a process would have written to standard error."""

    def __init__(self, format_: Literal["json", "text"], monkeypatch: pytest.MonkeyPatch) -> None:
        self._stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", self._stream)
        logs.configure(Log(format=format_, level="debug"))

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture(params=["json", "text"])
def output(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Output:
    return Output(request.param, monkeypatch)


log = logging.getLogger("tests.logs")


def in_message(secret: str) -> None:
    log.info(f"the secret is {secret}, alas")  # noqa: G004 - the point is a message without arguments


def in_argument(secret: str) -> None:
    log.info("the secret is %s, alas", secret)


def in_dictionary(secret: str) -> None:
    log.info("body: %s", {"anything": [secret]})


def in_extra(secret: str) -> None:
    log.info("told", extra={"token": secret})


def refuse(secret: str) -> None:
    raise ValueError(f"refused {secret}")


def refuse_further_out(secret: str) -> None:
    try:
        refuse(secret)
    except ValueError as error:
        raise RuntimeError("further out") from error


def in_exception(secret: str) -> None:
    try:
        refuse(secret)
    except ValueError:
        log.exception("failed")


def in_cause(secret: str) -> None:
    try:
        refuse_further_out(secret)
    except RuntimeError:
        log.exception("failed")


def in_library(secret: str) -> None:
    logging.getLogger("aiohttp.client").debug("sending %r", secret)


PLACES = [in_message, in_argument, in_dictionary, in_extra, in_exception, in_cause, in_library]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_r8_a_known_secret_is_blotted_out_wherever_it_stands(output: Output, place: Callable[[str], None]) -> None:
    logs.hide(CANARY)

    place(CANARY)

    assert CANARY not in output.text
    assert output.text


SHAPES: dict[str, tuple[str, Any]] = {
    "header": ("Authorization: Bearer %s", UNKNOWN),
    "header without a scheme": ("authorization: %s", UNKNOWN),
    "scheme alone": ("sent bearer %s to Jira", UNKNOWN),
    "JWT": ("JWT %s", UNKNOWN),
    "headers as Python shows them": ("%s", {"Authorization": f"Bearer {UNKNOWN}"}),
    "body as JSON": ("%s", json.dumps({"access_token": UNKNOWN, "expires_in": 900})),
    "body as Python shows it": ("%s", {"client_secret": UNKNOWN, "client_id": "x"}),
    "form": ("client_secret=%s&a=b", UNKNOWN),
}


@pytest.mark.parametrize(("message", "argument"), SHAPES.values(), ids=SHAPES.keys())
def test_r8_a_token_nobody_told_of_is_known_by_its_shape(output: Output, message: str, argument: Any) -> None:
    log.info(message, argument)

    assert "canary" not in output.text
    assert "[redacted]" in output.text


@pytest.mark.parametrize(
    "secret",
    ['quo"ted-secret', "back\\slash-secret", "sécrèt-ümlaut", "two\nlines-secret", "tab\tsecret"],
    ids=["quote", "backslash", "accents", "line-end", "tab"],
)
def test_r8_a_secret_that_json_writes_differently_is_blotted_out_too(output: Output, secret: str) -> None:
    logs.hide(secret)

    in_message(secret)

    assert secret not in output.text
    assert json.dumps(secret)[1:-1] not in output.text


@given(st.text(min_size=6, max_size=40))
def test_r8_every_secret_that_was_told_is_blotted_out_of_text(secret: str) -> None:
    logs.hide(secret)

    if secret not in "[redacted]":
        assert secret not in logs.redact(f"<{secret}>")


def test_r8_a_secret_that_begins_like_another_leaves_no_rest() -> None:
    logs.hide("canary")
    logs.hide("canary-and-its-long-rest")

    assert "rest" not in logs.redact("x canary-and-its-long-rest x")


def test_r8_the_secrets_of_many_sites_are_all_remembered() -> None:
    """Each site in use has a client id, a client secret and a token."""
    secrets = [f"canary-{kind}-{site}." for site in range(40) for kind in ("id", "secret", "token")]
    for secret in secrets:
        logs.hide(secret)

    assert [secret for secret in secrets if secret in logs.redact(f"x {secret} x")] == []


def test_what_was_hidden_does_not_grow_for_ever() -> None:
    for number in range(10_000):
        logs.hide(f"token-number-{number}")

    assert len(logs._secrets) < 1000
    assert "9999" not in logs.redact("token-number-9999")


ORDINARY = [
    "site acme is not available, next try in 1.5 s: submit: no answer: ClientConnectorError",
    "JiraDeployment shop/deployment-web-7 was deleted; kept in memory only",
    "deployment/web in namespace shop: not recorded yet, next try in 0.2 s",
    "/etc/jira-deployment-operator/credentials/acme/client-secret: is empty",
    "told Jira of 1763942400000123 about SHOP-1, PAY-7",
    "https://acme.atlassian.net/browse/SHOP-1?x=y#z",
]


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_text_stays_as_it_is(output: Output, line: str) -> None:
    logs.hide(CANARY)
    logs.hide("a")

    log.info(line)

    assert line in output.text


def test_json_lines_can_be_read_by_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.hide(CANARY)
    output = Output("json", monkeypatch)

    log.warning("about %s", CANARY, extra={"state": "successful"})
    in_exception(CANARY)

    first, second = (json.loads(line) for line in output.text.splitlines())
    assert (first["level"], first["logger"], first["state"]) == ("WARNING", "tests.logs", "successful")
    assert first["message"] == "about [redacted]"
    assert first["time"].endswith("Z")
    assert "ValueError: refused [redacted]" in second["exc_info"]


def test_the_level_is_the_one_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(Log(level="warning"))

    log.info("not this")
    log.warning("but this")
    logging.getLogger("kopf.objects").info("nor what kopf says of every object")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["but this"]
