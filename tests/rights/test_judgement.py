"""R7: a right that no test made use of is told, with its template and the feature that it is granted for."""

from typing import Final

import pytest

from tests.rights.judgement import Evidence, Ruling, unused
from tests.rights.rights import Right
from tests.rights.rules import Rule

GET: Final = Right("operator", Rule(("get",), ("",), ("pods",)))
PATCH: Final = Right("operator", Rule(("patch",), ("apps",), ("deployments",)))
HELD: Final = Right("operator", Rule(("get",), ("",), ("pods",), ("FULLNAME-x",)))
RULINGS: Final = [Ruling("", {GET: "templates/rbac.yaml"}), Ruling("gating: Policy", {PATCH: "templates/gating.yaml"})]


def showed(*used: Right, features: tuple[str, ...] = (), granted: tuple[Right, ...] = (GET, PATCH)) -> Evidence:
    return Evidence(frozenset(features), frozenset(granted), frozenset(used))


GATING: Final = "templates/gating.yaml: grants `patch` on `deployments.apps` to the operator for `gating: Policy`"
NEVER_USED: Final = f"{GATING}, and no end-to-end test with that makes such a request"
UNTESTED: Final = f"{GATING}, and no end-to-end test has an installation with that"
NEVER_READ: Final = (
    "templates/rbac.yaml: grants `get` on `pods` to the operator, and no end-to-end test makes such a request"
)
NOT_RENDERED: Final = (
    "a cluster of the tests had granted `get` on `pods` called FULLNAME-x to the operator, "
    "and no end-to-end test makes such a request"
)


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ([showed(GET, PATCH, features=("gating: Policy",))], []),
        ([showed(GET), showed(PATCH, features=("gating: Policy",))], []),
        ([showed(GET, features=("gating: Policy",))], [NEVER_USED]),
        ([showed(GET, PATCH), showed(features=("gating: Policy",))], [NEVER_USED]),
        ([showed(GET, PATCH)], [UNTESTED]),
        ([showed(PATCH, features=("gating: Policy",))], [NEVER_READ]),
        ([showed(GET, PATCH, features=("gating: Policy",), granted=(GET, PATCH, HELD))], [NOT_RENDERED]),
    ],
    ids=["used", "by-two", "unused", "used-without-it", "untested", "always", "unknown"],
)
def test_each_right_must_be_used_by_a_test_with_its_feature(evidence: list[Evidence], told: list[str]) -> None:
    assert list(unused(RULINGS, evidence)) == told


def test_evidence_goes_from_process_to_process_as_it_is() -> None:
    evidence = showed(PATCH, features=("b", "a"), granted=(GET, PATCH, HELD))

    assert Evidence.unpacked(evidence.packed()) == evidence
