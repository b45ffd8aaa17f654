"""R10: the command ends at once, with exit code 2 and words a person can act on."""

import logging
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from jira_deployment_operator import __version__, app
from jira_deployment_operator.cli import main
from jira_deployment_operator.settings import Settings
from tests.unit.samples import settings_values


@pytest.fixture
def logging_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` takes over the root logger, which belongs to pytest here."""
    monkeypatch.setattr("jira_deployment_operator.observability.logs.configure", lambda _log: None)
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)


def write(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump(settings_values(**changes)))
    return path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("cluster: east\n", "sites: Field required", id="a-key-is-missing"),
        pytest.param("cluster: [", "is not valid YAML", id="not-yaml"),
        pytest.param("", "must be a YAML mapping", id="empty"),
        pytest.param("cluster: east\nsites: []\n", "sites: ", id="no-site"),
    ],
)
def test_r10_bad_settings_end_with_2_and_name_file_and_key(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(content)

    ended = CliRunner().invoke(main, ["run", "--settings", str(path)])

    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"{path}: ")
    assert told in ended.stderr
    assert "Traceback" not in ended.output


def test_r10_settings_that_are_not_there_end_with_2_and_name_the_file(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["run"], env={"JIRA_OPERATOR_SETTINGS": str(tmp_path / "absent.yaml")})

    assert ended.exit_code == 2
    assert "absent.yaml: cannot be read: No such file or directory" in ended.stderr


@pytest.mark.parametrize(
    "arguments", [["run", "--no-such-option"], ["no-such-command"], ["run", "--settings", "/"]], ids=" ".join
)
def test_wrong_arguments_end_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


@pytest.mark.parametrize(("ending", "code"), [(app.Ending.WISHED, 0), (app.Ending.FAILED, 1), (app.Ending.DEPOSED, 3)])
@pytest.mark.usefixtures("logging_untouched")
def test_the_exit_code_tells_how_the_operator_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: app.Ending, code: int
) -> None:
    started: list[str] = []

    async def run(settings: Settings) -> app.Ending:
        started.append(settings.cluster)
        return ending

    monkeypatch.setattr(app, "run", run)

    ended = CliRunner().invoke(main, ["run", "--settings", str(write(tmp_path / "s.yaml", cluster="west"))])

    assert (ended.exit_code, started) == (code, ["west"])


def test_the_version_can_be_asked() -> None:
    assert __version__ in CliRunner().invoke(main, ["--version"]).stdout
    assert logging.getLogger().level != logging.DEBUG
