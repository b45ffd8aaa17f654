"""Credentials in files: what cannot be used is told with its file, and a secret is never shown."""

from pathlib import Path

import pytest

from jira_deployment_operator.jira.credentials import read_public, read_secret
from jira_deployment_operator.jira.errors import JiraRefusesAccess
from jira_deployment_operator.observability.logs import redact


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="missing"),
        pytest.param(b"", "is empty; it must hold the credential and nothing else", id="empty"),
        pytest.param(b" \n\n", "is empty; it must hold the credential and nothing else", id="blank"),
    ],
)
async def test_a_secret_that_is_not_there_is_told_with_its_file(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "client-secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(JiraRefusesAccess) as raised:
        await read_secret(path)

    assert str(raised.value) == f"{path}: {told}"


async def test_a_secret_may_end_in_a_line_end_and_is_hidden_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary-secret-of-a-file\n")

    assert await read_secret(tmp_path / "secret") == "canary-secret-of-a-file"
    assert redact("x canary-secret-of-a-file x") == "x [redacted] x"


async def test_what_anyone_may_know_is_not_hidden(tmp_path: Path) -> None:
    """The key of an app may be a word that belongs into logs."""
    (tmp_path / "app-key").write_text("com.example.word-of-many-logs\n")

    assert await read_public(tmp_path / "app-key") == "com.example.word-of-many-logs"
    assert redact("com.example.word-of-many-logs") == "com.example.word-of-many-logs"


async def test_a_file_that_is_no_secret_at_all_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 1_000_000)

    assert len(await read_secret(tmp_path / "secret")) == 4096
