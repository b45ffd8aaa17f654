"""R4: the version changes with the pod template, and with nothing that is not a new version."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.workloads.version import POD_TEMPLATE_HASH, RESTARTED_AT, template_version
from tests.unit.samples import pod_template

Change = Callable[[dict[str, Any]], None]


def restart(template: dict[str, Any]) -> None:
    template["metadata"]["annotations"] = {RESTARTED_AT: "2026-11-23T22:30:00Z"}


def hash_label(template: dict[str, Any]) -> None:
    template["metadata"]["labels"][POD_TEMPLATE_HASH] = "5d4cbe5c"


def nulls(template: dict[str, Any]) -> None:
    """What Argo's controller adds when it rewrites an object (facts, section 9)."""
    template["metadata"]["creationTimestamp"] = None
    template["spec"]["containers"][0]["securityContext"] = {}
    template["spec"]["volumes"] = []
    template["spec"]["affinity"] = {"nodeAffinity": {"preferred": [], "required": None}}


def no_metadata_left(template: dict[str, Any]) -> None:
    template["metadata"]["annotations"] = None


NO_NEW_VERSION = {"restartedAt": restart, "pod-template-hash": hash_label, "nulls": nulls, "null": no_metadata_left}


@pytest.mark.parametrize("change", NO_NEW_VERSION.values(), ids=NO_NEW_VERSION.keys())
def test_r4_what_controllers_and_kubectl_write_is_no_new_version(change: Change) -> None:
    template = pod_template()
    before = template_version(template)
    change(template)

    assert template_version(template) == before


def test_a_restart_is_a_new_version_where_the_settings_say_so() -> None:
    template = pod_template()
    before = template_version(template, restart_is_new=True)
    restart(template)

    assert template_version(template, restart_is_new=True) != before


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    else:
        yield path


LEAVES = tuple(leaves(pod_template()))
_scalars = st.one_of(st.text(), st.integers(-(2**31), 2**31), st.booleans())


def with_leaf(path: tuple[Any, ...], value: Any) -> tuple[dict[str, Any], Any]:
    """Return the sample template with one leaf replaced, and what stood there."""
    changed = pod_template()
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    before = place[path[-1]]
    place[path[-1]] = value
    return changed, before


@given(st.sampled_from(LEAVES), _scalars)
def test_r4_any_other_value_in_the_template_is_a_new_version(path: tuple[Any, ...], value: Any) -> None:
    changed, before = with_leaf(path, value)

    is_same = type(value) is type(before) and value == before
    assert (template_version(changed) == template_version(pod_template())) == is_same


@given(st.sampled_from(LEAVES))
def test_r4_a_value_that_is_taken_out_is_a_new_version(path: tuple[Any, ...]) -> None:
    changed, _ = with_leaf(path, None)

    assert template_version(changed) != template_version(pod_template())


@pytest.mark.parametrize("key", [POD_TEMPLATE_HASH, RESTARTED_AT])
def test_only_the_metadata_of_the_pod_template_is_looked_through(key: str) -> None:
    template = pod_template()
    template["spec"]["nodeSelector"] = {key: "x"}

    assert template_version(template) != template_version(pod_template())


def shuffled(value: Any, order: Callable[[list[Any]], list[Any]]) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], order) for key in order(list(value))}
    if isinstance(value, list):
        return [shuffled(each, order) for each in value]
    return value


@given(st.randoms(use_true_random=False))
def test_r4_the_order_of_keys_does_not_count(random: Any) -> None:
    template = pod_template()
    mixed = shuffled(template, lambda keys: random.sample(keys, len(keys)))

    assert template_version(mixed) == template_version(template)


def test_the_order_of_lists_counts() -> None:
    one, two = {"name": "a", "value": "1"}, {"name": "b", "value": "2"}
    first, second = pod_template(), pod_template()
    first["spec"]["containers"][0]["env"] = [one, two]
    second["spec"]["containers"][0]["env"] = [two, one]

    assert template_version(first) != template_version(second)


_json: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), _scalars, st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["spec", "extra", "more"]), _json))
def test_every_template_has_a_version_of_64_hexadecimal_digits_and_stays_as_it_is(template: dict[str, Any]) -> None:
    before = copy.deepcopy(template)

    version = template_version(template)

    assert len(version) == 64
    assert int(version, 16) >= 0
    assert template == before


def test_the_version_of_a_template_is_the_same_in_every_release() -> None:
    """Were it to change, every workload would be reported anew at the next upgrade."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}

    assert template_version(template) == "15dbc23d39618201623a26ce90dfe4df96c4eeff1f0a90a518f08b25864328c1"
