"""`release`, `approve` and `refuse`: what is written, and what people are told of it (R6)."""

import json
from pathlib import Path
from typing import Any

import pytest

from jira_deployment_operator.api.annotations import APPROVE, HOLD, OVERRIDE, REFUSE
from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State
from jira_deployment_operator.kube.errors import Conflict, Refused, Unavailable
from tests.unit.cli.holding import (
    ID,
    RECORDS,
    WORKLOAD,
    admitting,
    free_deployment,
    gated_record,
    held_deployment,
    merged,
    stored,
)
from tests.unit.cli.installed import FewObjects, connect, run
from tests.unit.samples import UID


class Cluster:
    """One workload; `admission` makes of a patch what the API server would answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self._monkeypatch, self._tmp_path = monkeypatch, tmp_path
        self.objects = FewObjects({})

    def holds(self, body: dict[str, Any], *records: JiraDeployment, admission: Any = admitting) -> None:
        answer = admission if isinstance(admission, Exception) else admission(body)
        self.objects = connect(
            self._monkeypatch,
            "answer_options",
            {WORKLOAD: body, RECORDS: stored(*records), f"PATCH {WORKLOAD}": answer},
        )

    def run(self, *args: str, reason: str = "pager 123") -> Any:
        return run(self._tmp_path, *args[:1], "deployment/web", "-n", "shop", "--reason", reason, *args[1:])

    def told(self, *args: str) -> Any:
        ended = self.run(*args, "-o", "json")
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout)

    @property
    def patch(self) -> Any:
        ((path, body),) = self.objects.patched
        assert path == f"{WORKLOAD}?fieldManager=jira-deployment-operator-cli"
        return body


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cluster:
    return Cluster(monkeypatch, tmp_path)


def test_r6_release_overrides_and_lifts_the_pause_in_one_patch(cluster: Cluster) -> None:
    cluster.holds(held_deployment())

    told = cluster.told("release")

    assert cluster.patch == {
        "metadata": {"annotations": {OVERRIDE: f"{ID} pager 123"}, "resourceVersion": "41"},
        "spec": {"paused": None},
    }
    assert told == {
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "hold": ID,
        "answer": "override",
        "reason": "pager 123",
        "by": "jane",
        "outcome": "opened",
        "message": "version 1.0 goes on: opened by admission",
    }


def test_people_are_told_in_a_line(cluster: Cluster) -> None:
    cluster.holds(held_deployment())

    assert cluster.run("release").stdout == (
        f"deployment/web in namespace shop: hold {ID} is overridden by jane: version 1.0 goes on: opened by admission\n"
    )


def test_release_leaves_the_pause_that_was_there_before_the_hold(cluster: Cluster) -> None:
    cluster.holds(held_deployment(f"{ID} paused"))

    told = cluster.told("release")

    assert "spec" not in cluster.patch
    assert told["outcome"] == "paused"


def test_release_says_if_no_admission_looked_at_it(cluster: Cluster) -> None:
    def absent(body: dict[str, Any]) -> Any:
        return lambda patch: merged(body, patch)

    cluster.holds(held_deployment(), admission=absent)
    lifted = cluster.told("release")
    cluster.holds(held_deployment(f"{ID} paused"), admission=absent)
    kept = cluster.told("release")

    assert (lifted["outcome"], lifted["by"]) == ("opened", "")
    assert "took off the pause itself, since no admission looked at it" in lifted["message"]
    assert kept["outcome"] == "recorded"


@pytest.mark.parametrize(("command", "key"), [("approve", APPROVE), ("refuse", REFUSE)])
@pytest.mark.parametrize("records", [(), (gated_record(mode="Manual"),)], ids=["unrecorded", "recorded"])
def test_a_manual_gate_is_answered(cluster: Cluster, command: str, key: str, records: Any) -> None:
    cluster.holds(held_deployment(), *records)

    told = cluster.told(command)

    assert cluster.patch == {"metadata": {"annotations": {key: f"{ID} pager 123"}, "resourceVersion": "41"}}
    assert (told["answer"], told["by"], told["outcome"]) == (command, "jane", "recorded")


@pytest.mark.parametrize(
    ("body", "record", "why", "advice"),
    [
        (
            held_deployment(),
            gated_record(standing={"status": "awaiting", "issue_key": "OPS-1", "issue_link": "https://acme/OPS-1"}),
            "Jira decides about it by OPS-1 https://acme/OPS-1, so nothing was written",
            "answer there, or to override: jira-deployment-operator release deployment/web -n shop",
        ),
        (
            held_deployment(),
            gated_record(
                mode="Manual",
                state=State.CANCELLED,
                standing={"decision": "Refused", "reason": "Refused", "by": "joe"},
            ),
            "it is refused already by joe (Refused), so nothing was written",
            "apply another version, or to override: ",
        ),
        (
            held_deployment(),
            gated_record(mode="Manual", standing={"decision": "Allowed", "reason": "Approved", "by": "joe"}),
            "it is allowed already by joe (Approved), so nothing was written",
            "is it running?",
        ),
        (
            held_deployment(**{REFUSE: f"{ID} not today"}),
            gated_record(mode="Manual"),
            "somebody has refused it already (not today), so nothing was written",
            "apply another version",
        ),
    ],
    ids=["jira", "refused", "allowed", "refusal-not-seen-yet"],
)
def test_an_answer_that_would_not_count_is_not_written(
    cluster: Cluster, body: dict[str, Any], record: JiraDeployment, why: str, advice: str
) -> None:
    cluster.holds(body, record)

    ended = cluster.run("approve")

    assert (ended.exit_code, ended.stdout, cluster.objects.patched) == (1, "", [])
    assert f"deployment/web in namespace shop: {why}\n  -> " in ended.stderr
    assert advice in ended.stderr
    assert cluster.run("release").exit_code == 0


@pytest.mark.parametrize("command", ["release", "approve", "refuse"])
def test_what_is_not_held_is_not_answered(cluster: Cluster, command: str) -> None:
    cluster.holds(free_deployment(**{HOLD: ID}))

    ended = cluster.run(command)

    assert (ended.exit_code, ended.stdout, cluster.objects.patched) == (1, "", [])
    assert ended.stderr == (
        "deployment/web in namespace shop is not held, so nothing was written\n"
        "  -> `jira-deployment-operator holds -n shop` shows what is held\n"
    )


def test_a_script_answers_the_hold_that_it_means_or_none(cluster: Cluster) -> None:
    cluster.holds(held_deployment())

    ended = cluster.run("release", "--hold", "5d4cbe5c-1")

    assert (ended.exit_code, cluster.objects.patched) == (1, [])
    assert f"hold {ID} is in force, not 5d4cbe5c-1, so nothing was written" in ended.stderr
    assert cluster.run("release", "--hold", ID).exit_code == 0


def test_what_waits_at_the_endpoint_is_answered_without_touching_a_pause(cluster: Cluster) -> None:
    id_ = f"{UID[:8]}-e2"
    record = gated_record(mode="Manual", hold=id_, enforcement="Endpoint")

    cluster.holds(free_deployment(), record, admission=lambda body: lambda patch: merged(body, patch))
    told = cluster.told("release")

    assert cluster.patch == {"metadata": {"annotations": {OVERRIDE: f"{id_} pager 123"}, "resourceVersion": "41"}}
    assert told["outcome"] == "recorded"


def conflicting(times: int, then: dict[str, Any]) -> Any:
    """Return an admission of a workload that somebody else changes to `then` with each of the first patches."""

    def admission(body: dict[str, Any]) -> Any:
        left = [times]

        def patched(patch: dict[str, Any]) -> dict[str, Any]:
            if left[0]:
                left[0] -= 1
                body.clear()
                body.update(then)
                raise Conflict("409 the object has been modified")
            return admitting(body)(patch)

        return patched

    return admission


def test_a_conflict_is_tried_again_while_the_same_hold_is_in_force(cluster: Cluster) -> None:
    changed = held_deployment(other="annotation")
    changed["metadata"]["resourceVersion"] = "42"
    cluster.holds(held_deployment(), admission=conflicting(2, changed))

    assert cluster.told("release")["outcome"] == "opened"
    assert [body["metadata"]["resourceVersion"] for _, body in cluster.objects.patched] == ["41", "42", "42"]

    cluster.holds(held_deployment(), admission=conflicting(99, changed))
    ended = cluster.run("release")
    assert ended.exit_code == 1
    assert "409 the object has been modified" in ended.stderr
    assert len(cluster.objects.patched) == 5


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (held_deployment(f"{UID[:8]}-3"), f"hold {UID[:8]}-3 is in force, not {ID}, so nothing was written"),
        (free_deployment(), f"hold {ID} was opened meanwhile, so nothing was written"),
    ],
    ids=["another", "none"],
)
def test_r6_an_answer_is_never_given_to_a_hold_that_nobody_saw(
    cluster: Cluster, then: dict[str, Any], told: str
) -> None:
    cluster.holds(held_deployment(), admission=conflicting(1, then))

    ended = cluster.run("release")

    assert (ended.exit_code, len(cluster.objects.patched)) == (1, 1)
    assert told in ended.stderr


def test_a_missing_right_is_told_in_the_policy_s_words(cluster: Cluster) -> None:
    words = (
        "jira-operator.dev/override: joe lacks the right to override holds in namespace shop: verb `override` on "
        "resource `holds` of group `jira-operator.dev`, as ClusterRole jdo-hold-overrider grants it"
    )
    error = Refused(f'PATCH /x: 403 deployments.apps "web" is forbidden: … denied request: {words}')
    cluster.holds(held_deployment(), admission=lambda _: _raising(error))

    ended = cluster.run("release")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"the API server refuses this answer: {words}\n"
        "  -> have that ClusterRole bound to you, or ask somebody who has this right\n"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("PATCH /x: 403 cannot patch"), "API server: PATCH /x: 403 cannot patch\n  -> use a kubeconfig"),
        (Unavailable("PATCH /x: no answer"), "API server: PATCH /x: no answer\n  -> check that the kubeconfig"),
        (
            Unavailable('500 Internal error occurred: failed calling webhook "deployments.hold.jira-operator.dev"'),
            "nothing was written, since the API server cannot ask a webhook about it: 500 ",
        ),
    ],
    ids=["forbidden", "no-answer", "no-webhook"],
)
def test_other_ends_are_told_too(cluster: Cluster, error: Exception, told: str) -> None:
    cluster.holds(held_deployment(), admission=lambda _: _raising(error))

    ended = cluster.run("release")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(told)


def _raising(error: Exception) -> Any:
    def patched(_: dict[str, Any]) -> Any:
        raise error

    return patched


def test_records_that_may_not_be_read_stand_in_nobody_s_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = held_deployment()
    connect(
        monkeypatch,
        "answer_options",
        {WORKLOAD: body, RECORDS: Refused("403"), f"PATCH {WORKLOAD}": admitting(body)},
    )

    assert run(tmp_path, "approve", "deploy/web", "-n", "shop", "--reason", "fine").exit_code == 0


def test_the_settings_file_is_not_needed(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.holds(held_deployment())
    monkeypatch.setattr("jira_deployment_operator.cli.answer_options.current_namespace", lambda: "shop")

    assert run(tmp_path, "release", "deployment/web", "--reason", "x", sites=[]).exit_code == 0


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (" \t ", "must say something"),
        ("two\nlines", "must be one line"),
        ("two\u2028lines", "must be one line"),
        ("\x1b[2J", "must be one line of printable characters"),
        ("x" * 501, "has 501 characters: must have at most 500"),
    ],
    ids=["blank", "lines", "line-separator", "control", "long"],
)
def test_a_reason_is_one_line_that_says_something(cluster: Cluster, reason: str, told: str) -> None:
    cluster.holds(held_deployment())

    ended = cluster.run("release", reason=reason)

    assert (ended.exit_code, cluster.objects.patched) == (2, [])
    assert told in ended.stderr


def test_a_reason_of_any_language_is_kept_with_single_blanks(cluster: Cluster) -> None:
    cluster.holds(held_deployment())

    cluster.run("release", reason=f"  Störung\u00a0 größer {'x' * 480}\n")

    assert cluster.patch["metadata"]["annotations"][OVERRIDE] == f"{ID} Störung größer {'x' * 480}"


def test_what_is_not_there_or_never_held_is_told(cluster: Cluster, tmp_path: Path) -> None:
    cluster.holds(held_deployment())

    absent = run(tmp_path, "release", "deployment/cart", "-n", "shop", "--reason", "x")
    never = run(tmp_path, "release", "sts/web", "-n", "shop", "--reason", "x")

    assert absent.exit_code == 1
    assert absent.stderr.startswith("deployment/cart is not in namespace shop\n  -> ")
    assert never.exit_code == 2
    assert "a StatefulSet is never held, only a Deployment or a Rollout" in never.stderr
