"""Waiting ends with what was waited for, or with a sentence about what was not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sandbox.eventually import eventually


async def test_the_first_truthy_value_is_the_answer() -> None:
    answers = iter([None, "", "ready", "too late"])

    async def check() -> str | None:
        return next(answers)

    assert await eventually(check, what="an answer") == "ready"


async def test_an_exception_means_not_yet() -> None:
    answers: Iterator[str | Exception] = iter([KeyError("absent"), "there"])

    async def check() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await eventually(check, what="an answer") == "there"


async def test_the_deadline_tells_what_was_expected_and_what_was_seen() -> None:
    async def never() -> list[int]:
        return []

    with pytest.raises(AssertionError, match=r"not within 0.1 s: some numbers; last seen: \[\]"):
        await eventually(never, within=0.1, what="some numbers")


async def test_the_deadline_tells_the_last_exception() -> None:
    async def fails() -> bool:
        raise LookupError("no such pod")

    with pytest.raises(AssertionError, match=r"a pod; last seen: LookupError\('no such pod'\)") as failed:
        await eventually(fails, within=0.1, what="a pod")
    assert isinstance(failed.value.__cause__, LookupError)


async def test_a_check_that_hangs_is_cut_off() -> None:
    async def hangs() -> bool:
        return await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="an end; last seen: 'nothing'"):
        await eventually(hangs, within=0.1, what="an end")
