"""R10: the webhook's command refuses what cannot work, before it starts."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from jira_deployment_operator import webhook
from jira_deployment_operator.cli import main
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.webhook import Place
from tests.unit.samples import settings_values


@pytest.fixture
def settings(tmp_path: Path) -> str:
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings_values()))
    return f"--settings={path}"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    places: list[Place] = []

    async def run(_settings: Settings, place: Place) -> bool:
        await asyncio.sleep(0)
        places.append(place)
        return True

    monkeypatch.setattr("jira_deployment_operator.observability.logs.configure", lambda _log: None)
    monkeypatch.setattr(webhook, "run", run)
    return places


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give --configuration"),
        (["--configuration=x", "--service=y"], "--service and --namespace name the Service together"),
        (["--configuration=x", "--namespace=y"], "--service and --namespace name the Service together"),
        (["--configuration=x", "--certificate-lifetime=19s"], "must be at least 20s"),
        (["--configuration=x", "--certificate-lifetime=a week"], "no duration"),
        (["--configuration=x", "--port=70000"], "--port"),
    ],
    ids=str,
)
def test_arguments_that_cannot_work_end_with_2(
    settings: str, started: list[Place], arguments: list[str], told: str
) -> None:
    ended = CliRunner().invoke(main, ["webhook", settings, *arguments])

    assert ended.exit_code == 2
    assert told in ended.output
    assert started == []


def test_with_a_configuration_it_makes_its_own_certificates(settings: str, started: list[Place]) -> None:
    assert CliRunner().invoke(main, ["webhook", settings, "--configuration=hook"]).exit_code == 0

    assert started == [Place(port=9443, configuration="hook", lifetime=timedelta(days=7))]


def test_with_a_folder_of_certificates_it_needs_no_configuration(
    settings: str, started: list[Place], tmp_path: Path
) -> None:
    assert CliRunner().invoke(main, ["webhook", settings, f"--certificates={tmp_path}"]).exit_code == 0

    assert started == [Place(port=9443, configuration="", certificates=tmp_path)]
