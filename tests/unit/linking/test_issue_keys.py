"""Issue keys in texts: the vectors of GitHub for Jira, so that both find the same."""

import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.values import ISSUE_KEY_PATTERN
from jira_deployment_operator.linking.issue_keys import find, within

VECTORS = {
    "": (),
    "JRA-123": ("JRA-123",),
    "jra-123": ("JRA-123",),
    "jRa-123": ("JRA-123",),
    "2PAC-123": (),
    "42-123": (),
    "J42-123": ("J42-123",),
    "b4l-123": ("B4L-123",),
    "Ja9-123": ("JA9-123",),
    "feature/J3-123-my-feature": ("J3-123",),
    "F-67-my-feature": (),
    "JRA-123 with suffix spaces and JRA-123 TBD-123": ("JRA-123", "TBD-123"),
    "feature-branch/JRA-123": ("JRA-123",),
    "prefix-kebab-JRA-123": ("JRA-123",),
    "JRA-123-suffix-kebab": ("JRA-123",),
    "prefix spaces with JRA-123": ("JRA-123",),
    "JRA-123 Jra-456-jra-901\n[bah-321]": ("JRA-123", "JRA-456", "JRA-901", "BAH-321"),
    "abcd JIRA-123": ("JIRA-123",),
    "abcd-JIRA-123": ("JIRA-123",),
    "JIRA-123-abcd": ("JIRA-123",),
    "JIRA-123 JIRA-456 abcd": ("JIRA-123", "JIRA-456"),
    "JIRA-123abcd": (),
    "JIRA-123abcd JIRA-456 abcd": ("JIRA-456",),
    "JRA-0": (),
    "JRA-01": (),
    "JRA 123": (),
    "JRA--123": (),
    "JRA-": (),
    "A_JRA-1_B": ("JRA-1",),
    "éJRA-1é": ("JRA-1",),
    "\uff2a\uff32\uff21-\uff11": (),
    "JRA-\u0661": (),
    "JRA-1JRA-2": (),
    "JRA-1JRA-2-3": (),
    "AB-1-CD-2": ("AB-1", "CD-2"),
    "fixes SHOP-1, utf-8 and sha-256": ("SHOP-1", "UTF-8", "SHA-256"),
    f"{'A' * 255}-1": (f"{'A' * 255}-1",),
    f"{'A' * 256}-1": (),
    f"AB-{'1' * 18}": (f"AB-{'1' * 18}",),
    f"AB-{'1' * 19}": (),
}
SEPARATORS = string.punctuation + string.whitespace


@pytest.mark.parametrize(("text", "keys"), VECTORS.items(), ids=lambda value: repr(value)[:40])
def test_the_keys_in_a_text(text: str, keys: tuple[str, ...]) -> None:
    assert find(text) == keys


@pytest.mark.parametrize("before", SEPARATORS)
def test_every_sign_and_blank_separates(before: str) -> None:
    for after in SEPARATORS:
        assert find(f"{before}JRA-123{after}") == ("JRA-123",)


@given(st.text() | st.text(alphabet="aB1-_ é\n"))
def test_what_is_found_can_be_sent_and_is_found_once(text: str) -> None:
    keys = find(text)

    assert all(re.fullmatch(ISSUE_KEY_PATTERN, key) for key in keys)
    assert len(set(keys)) == len(keys)
    assert all(key in text.upper() for key in keys)


_LIKE_ATLASSIANS = re.compile(
    r"(^|[^A-Z\d])([A-Z][A-Z\d]{1,254}-[1-9]\d{0,17})(?=$|[^A-Z\d])", re.IGNORECASE | re.ASCII
)


@given(st.text(alphabet="aB10-_ \n/"))
def test_the_rule_is_atlassians_but_for_the_lengths(text: str) -> None:
    theirs = [match[2].upper() for match in _LIKE_ATLASSIANS.finditer(text) if not match[0].endswith("\n")]

    assert list(find(text)) == list(dict.fromkeys(theirs))


@pytest.mark.parametrize(
    "piece", ["A", "A-", "AB-1", "AB-", "-", "AB-1A", "A1", "1", "AB-1-", "é", "A" * 255 + "-", "AB-" + "1" * 300]
)
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))

    began = time.process_time()
    find(text)

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("projects", "kept"),
    [
        ((), ("SHOP-1", "UTF-8", "MY_SHOP-2", "PAY-3")),
        (("SHOP", "PAY"), ("SHOP-1", "PAY-3")),
        (("MY_SHOP",), ("MY_SHOP-2",)),
        (("SHO",), ()),
        (("shop",), ()),
    ],
)
def test_only_keys_of_the_allowed_projects_count(projects: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert within(("SHOP-1", "UTF-8", "MY_SHOP-2", "PAY-3"), projects) == kept
