"""R3: the record's name follows from the workload and the ordinal alone, and every workload can have one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.ledger.names import NAME_MAX, collection, path, record_name
from jira_deployment_operator.workloads.observation import WorkloadKey

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""What Kubernetes takes as the name of an object (RFC 1123)."""

_short_names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
_long_names = st.lists(_short_names, min_size=8, max_size=40).map(".".join).map(lambda name: name[:253].rstrip("-."))
_names = st.one_of(_short_names, _long_names)
_ordinals = st.integers(1, 10**9)


def workload(name: str, kind: str = "Deployment") -> WorkloadKey:
    return WorkloadKey(kind, "shop", name)


def test_a_name_reads_as_kind_workload_and_ordinal() -> None:
    assert record_name(workload("web"), 7) == "deployment-web-7"


@given(_names, _ordinals)
def test_every_workload_can_have_a_record(name: str, ordinal: int) -> None:
    made = record_name(workload(name), ordinal)

    assert len(made) <= NAME_MAX
    assert SUBDOMAIN.fullmatch(made)


@pytest.mark.parametrize("sign", ["-", "."], ids=["dash", "dot"])
def test_a_long_name_is_cut_so_that_kubernetes_still_takes_it(sign: str) -> None:
    """Where the cut falls behind a dot, the dash before the hash would begin a label."""
    names = ["a" * position + sign + "b" * (252 - position) for position in range(200, 252)]

    refused = [name.index(sign) for name in names if not SUBDOMAIN.fullmatch(record_name(workload(name), 1))]

    assert refused == []


@given(_names, _names, _ordinals, _ordinals)
def test_r3_different_rollouts_have_different_names(first: str, second: str, one: int, two: int) -> None:
    same = (first, one) == (second, two)

    assert (record_name(workload(first), one) == record_name(workload(second), two)) == same


@pytest.mark.parametrize("ordinal", [1, 10**9])
def test_r3_long_names_that_differ_only_at_their_end_stay_apart(ordinal: int) -> None:
    made = {record_name(workload("a" * 252 + last), ordinal) for last in "bcdef"}

    assert len(made) == 5


def test_kinds_are_kept_apart() -> None:
    assert record_name(workload("web", "Deployment"), 1) != record_name(workload("web", "Rollout"), 1)


def test_paths_are_those_of_the_api() -> None:
    assert collection() == "/apis/jira-operator.dev/v1alpha1/jiradeployments"
    assert collection("shop") == "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeployments"
    assert path("shop", "x-1") == "/apis/jira-operator.dev/v1alpha1/namespaces/shop/jiradeployments/x-1"
