"""What the real controllers stored, version by version, and what Jira must get of it: a replay of `recorded/`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.api.states import State
from jira_deployment_operator.tracking.rollouts import Advance, Baseline, Rollout, follow
from jira_deployment_operator.workloads.kinds import KINDS
from jira_deployment_operator.workloads.observation import ABORTED, Observation, Phase
from jira_deployment_operator.workloads.rollout import ReferencedTemplate
from tests.unit.samples import UID
from tests.unit.workloads.recording import FOLDER, objects_of
from tests.unit.workloads.stories import STORIES

BEFORE_ALL = "2026-01-01T00:00:00Z"
NAMES = sorted(each.stem for each in FOLDER.glob("*.jsonl"))


@dataclass(frozen=True)
class Recording:
    jira: list[list[str]]
    looks: tuple[Observation, ...]


@cache
def read(name: str) -> Recording:
    """Return a recording; its objects are in the order of the writes, so a referenced template is always there."""
    head, *versions = map(json.loads, (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    template: ReferencedTemplate | None = None
    looks = []
    for body in objects_of(versions):
        body["metadata"]["uid"] = UID
        if body["kind"] == "Deployment":
            template = ReferencedTemplate.of(body)
        else:
            looks.append(KINDS[body["kind"]].observe(body, template=template))
    return Recording(head["jira"], tuple(looks))


def replayed(looks: Iterable[Observation]) -> tuple[tuple[Rollout, ...], list[list[str]]]:
    """Return what is remembered in the end, and what Jira got of each rollout."""
    rollouts: tuple[Rollout, ...] = ()
    told: list[list[str]] = []
    for seen in looks:
        for step in follow(rollouts, seen, watched_since=BEFORE_ALL):
            assert not isinstance(step, Baseline), "all were created while the operator watched"
            aborted = step.reason == ABORTED
            if isinstance(step, Advance):
                assert step.ordinal == rollouts[-1].ordinal
                rollouts = (*rollouts[:-1], replace(rollouts[-1], state=step.state, aborted=aborted))
                told[-1].append(str(step.state))
            else:
                rollouts = (*rollouts, Rollout(len(rollouts) + 1, UID, seen.version, step.state, aborted=aborted))
                told.append([str(step.state)])
        assert follow(rollouts, seen, watched_since=BEFORE_ALL) == (), "the same look again is no news"
    return rollouts, told


@pytest.mark.parametrize("name", NAMES)
def test_jira_gets_the_states_of_the_story(name: str) -> None:
    recording = read(name)

    assert replayed(recording.looks)[1] == recording.jira


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_whatever_looks_are_missed_the_end_is_the_same(name: str, data: st.DataObject) -> None:
    """Level-triggered: all but the first release and the last look may be missed."""
    looks = read(name).looks
    release = next(index for index, seen in enumerate(looks) if seen.phase is Phase.COMPLETE)
    kept = data.draw(st.sets(st.integers(0, len(looks) - 1))) | {release, len(looks) - 1}
    whole, some = replayed(looks)[0], replayed(looks[index] for index in sorted(kept))[0]

    assert (some[-1].version, some[-1].state) == (whole[-1].version, whole[-1].state)
    assert all(each.state is not State.IN_PROGRESS for each in some)


def test_every_story_is_recorded_as_it_is_told() -> None:
    assert {name: read(name).jira for name in NAMES} == {name: story.jira for name, story in STORIES.items()}
