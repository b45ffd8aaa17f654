"""A cluster of a few objects for commands that read it, and the way to run a command."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from jira_deployment_operator.cli import main
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from tests.unit.samples import settings_values


class FewObjects:
    """Answers like the API server from `stored`: an object, the items of a collection, or an error, by path."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._stored = stored
        self.created: list[tuple[str, dict[str, Any]]] = []
        self.patched: list[tuple[str, dict[str, Any]]] = []

    def _answer(self, path: str) -> Any:
        answer = self._stored.get(path, NotFound(f"GET {path}: 404 not found"))
        if isinstance(answer, ApiServerError):
            raise answer
        return answer

    async def get(self, path: str) -> Any:
        return self._answer(path)

    async def metadata(self, path: str) -> Any:
        return self._answer(path)["metadata"]

    async def create(self, path: str, body: dict[str, Any]) -> Any:
        self.created.append((path, body))
        answer = self._answer(path)
        return answer(body) if callable(answer) else answer

    async def merge_patch(self, path: str, body: dict[str, Any]) -> Any:
        """Answer by what is stored for `PATCH <path>`: a function of the patch, or an error."""
        self.patched.append((path, body))
        return self._answer(f"PATCH {path.partition('?')[0]}")(body)

    async def objects(self, path: str) -> AsyncIterator[Any]:
        for each in self._answer(path):
            yield each


def connect(monkeypatch: pytest.MonkeyPatch, command: str, stored: Mapping[str, Any]) -> FewObjects:
    """Let a module of the command line find these objects in the cluster."""
    cluster = FewObjects(stored)

    @asynccontextmanager
    async def connected() -> AsyncIterator[FewObjects]:
        yield cluster

    monkeypatch.setattr(f"jira_deployment_operator.cli.{command}.connected", connected)
    return cluster


def run(tmp_path: Path, *args: str, input_: str | None = None, **changes: Any) -> Result:
    """Run a command with a settings file; `changes` are its keys."""
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump(settings_values(**changes)))
    ended = CliRunner().invoke(main, list(args), input=input_, env={"JIRA_OPERATOR_SETTINGS": str(settings)})
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended
