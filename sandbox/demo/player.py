"""Plays the story: runs its commands, waits for what Jira must show, and lets nothing pass that was not foretold."""

import shlex
from collections.abc import Iterable
from typing import Final

from sandbox.cluster import Cluster
from sandbox.demo.arrivals import Arrivals
from sandbox.demo.expectations import Board, Place, Shown, board_of, differences, uninvited
from sandbox.demo.narration import Narrator
from sandbox.demo.story import Answer, Chapter, Renew, Revoke, Run, Shows, Start, Stop
from sandbox.eventually import eventually
from sandbox.installation import Installation
from sandbox.jira import Gate, StandInJira

WITHIN_SECONDS: Final = 60.0
"""How long Jira may take to show a step: most need less than one second, a busy machine needs more."""


class UnexpectedError(Exception):
    """Jira does not show what it must; the message tells the difference."""


class Player:
    """Plays chapters one after the other and remembers what Jira must show by now."""

    def __init__(
        self, cluster: Cluster, jira: StandInJira, operator: Installation, arrivals: Arrivals, narrator: Narrator
    ) -> None:
        self._cluster = cluster
        self._jira = jira
        self._operator = operator
        self._arrivals = arrivals
        self._narrator = narrator
        self._expected: dict[Place, tuple[Shown, ...]] = {}
        self._quiet: tuple[str, int] | None = None
        """The title of a quiet chapter, and how many reports there were before it."""

    @property
    def board(self) -> Board:
        """What Jira shows now."""
        return board_of(self._jira.deployments())

    async def play(self, chapter: Chapter) -> None:
        """Play one chapter to its end."""
        if chapter.quiet:
            self._quiet = (chapter.title, len(self._arrivals.seen))
        for step in chapter.steps:
            match step:
                case Run(command):
                    await self._run(command)
                case Shows(place, deployments):
                    await self._until_shown(place, deployments)
                case _:
                    await self._happens(step)
        if chapter.quiet:
            self._narrator.remark("None of this may be reported; the next report will show whether it was.")

    async def _happens(self, step: Revoke | Renew | Answer | Stop | Start) -> None:
        """Something that nobody types: in Jira, or to the operator."""
        match step:
            case Revoke():
                self._narrator.remark("In Jira, the operator's credential is deleted.")
                self._jira.revoke_credentials()
            case Renew():
                self._narrator.remark("In Jira, a new credential is made; its Secret replaces the old one.")
                self._operator.write_credentials(self._jira.rotate_credentials())
            case Answer(place, word):
                await self._answer(place, word)
            case Stop():
                self._narrator.remark("The operator is stopped.")
                await self._operator.stop()
            case Start():
                await self._operator.start()
                self._narrator.remark(f"The operator is started again, as process {self._operator.pid}.")

    def verify(self) -> None:
        """Raise UnexpectedError unless Jira shows all that the story told, and nothing else."""
        found = [str(each) for each in differences(self._expected, self.board)]
        found += [f"against Jira's rules: {violation}" for violation in self._jira.violations]
        if found:
            raise UnexpectedError(_in_lines("Jira does not show what it must:", found))

    async def _run(self, command: str) -> None:
        self._narrator.command(command)
        program, *arguments = shlex.split(command)
        run = {"kubectl": self._cluster.kubectl, "jira-deployment-operator": self._operator.command}[program]
        self._narrator.output(await run(*arguments))

    async def _answer(self, place: Place, word: str) -> None:
        """A change request opens a moment after Jira has stored what it is about."""
        gate = await self._jira.until(lambda: self._waiting(place))
        assert gate is not None
        self._narrator.remark(f"In Jira, somebody looks at {gate.issue_key}: {word}.")
        self._jira.set_gating(gate.key, word)

    def _waiting(self, place: Place) -> Gate | None:
        """The change request that waits at one place: one that was answered belongs to an earlier version."""
        gate = self._jira.gating(place.pipeline, place.environment)
        return gate if gate and gate.waits else None

    async def _until_shown(self, place: Place, deployments: tuple[Shown, ...]) -> None:
        self._expected[place] = deployments

        async def is_shown() -> bool:
            return not differences(self._expected, self.board)

        try:
            await eventually(is_shown, within=WITHIN_SECONDS, what="Jira shows it")
        except AssertionError as error:
            self.verify()
            raise UnexpectedError("Jira showed it, but too late") from error
        self._arrivals.catch_up()
        self._prove_quiet(place, deployments[-1].version)

    def _prove_quiet(self, place: Place, version: str) -> None:
        """The journal has an order: if this is the first report since, then there was none of the quiet chapter."""
        if self._quiet is None:
            return
        (title, before), self._quiet = self._quiet, None
        others = uninvited(self._arrivals.seen[before:], place, version)
        if others:
            lines = (f"{each.pipeline} {each.version} in {each.environment}: {each.state}" for each in others)
            raise UnexpectedError(_in_lines(f"Jira was told of what is no rollout ({title}):", lines))
        self._narrator.remark(f'This was the first report since "{title}": nothing of that was reported.')


def _in_lines(title: str, lines: Iterable[str]) -> str:
    return "\n".join((title, *lines))
