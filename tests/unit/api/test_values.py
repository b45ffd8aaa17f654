"""The kinds of values: read as they stand, or refused with what is allowed; patterns mean the same in RE2."""

import contextlib
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jira_deployment_operator.api import values
from jira_deployment_operator.api.annotations import (
    COMMIT,
    COMMIT_TIME,
    DISPLAY_NAME,
    ENVIRONMENT,
    ENVIRONMENT_TYPE,
    REPORT,
    REPOSITORY,
    SITE,
    URL,
)
from tests.unit.api.annotation_values import BAD, GOOD

READERS: Final[dict[str, Callable[[str], Any]]] = {
    REPORT: values.boolean,
    SITE: values.site,
    COMMIT: values.commit,
    COMMIT_TIME: values.time,
    REPOSITORY: values.repository,
    ENVIRONMENT: values.identifier,
    ENVIRONMENT_TYPE: values.environment_type,
    DISPLAY_NAME: values.template,
    URL: values.url_template,
}
PATTERNS: Final = {name: getattr(values, name) for name in dir(values) if name.endswith("_PATTERN")}


@pytest.mark.parametrize(
    ("reader", "value", "read"), [(READERS[key], value, read) for key in READERS for value, read in GOOD[key].items()]
)
def test_a_good_value_is_read(reader: Callable[[str], Any], value: str, read: Any) -> None:
    assert reader(value) == read


@pytest.mark.parametrize(
    ("reader", "value", "allowed"),
    [(READERS[key], value, allowed) for key in READERS for value, (_, allowed) in BAD[key].items()],
)
def test_r10_a_bad_value_is_refused_with_what_is_allowed(
    reader: Callable[[str], Any], value: str, allowed: str
) -> None:
    with pytest.raises(values.NotAllowedError) as refused:
        reader(value)

    assert str(refused.value) == allowed


@given(st.sampled_from(sorted(READERS)), st.text())
@example(URL, "https://[::1")
@example(URL, "https://x.example:\u0661")
@example(URL, "https://\uff0fx.example@y")
@example(COMMIT, "true")
def test_nothing_else_is_raised(key: str, value: str) -> None:
    with contextlib.suppress(values.NotAllowedError):
        read = READERS[key](value)
        assert (str(read).lower() if isinstance(read, bool) else read) == value


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS.keys())
def test_patterns_are_anchored_and_use_only_what_re2_shares_with_python(pattern: str) -> None:
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    assert not re.search(r"\\[bBAZdwWDp]|\(\?|[*+?}][+?]|\\[1-9]", pattern)
    assert all(int(most) <= 1000 for most in re.findall(r"\{\d+,(\d+)\}", pattern))


@pytest.mark.parametrize("name", values.TEMPLATE_NAMES)
def test_every_name_may_stand_in_templates(name: str) -> None:
    assert values.template(f"${{{name}}}")
    assert values.url_template(f"https://x.example/${{{name}}}")


@pytest.mark.parametrize("text", ["${}", "${ name}", "${name }", "${NAME}", "$name", "$$$", "${name}$", "${na$$me}"])
def test_nothing_but_those_names_may_stand_in_templates(text: str) -> None:
    with pytest.raises(values.NotAllowedError):
        values.template(text)


def test_a_template_is_read_in_time_whatever_it_is() -> None:
    for hostile in ("$" * 999, "$$" * 499 + "$x", "${name}" * 142 + "${", "a" * 999 + "$"):
        with pytest.raises(values.NotAllowedError):
            values.template(hostile)
