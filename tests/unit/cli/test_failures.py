import click
import pytest
from click.testing import CliRunner

from jira_deployment_operator.cli.failures import Commands, Failure
from jira_deployment_operator.jira.errors import JiraRefusesAccess, JiraUnavailable
from jira_deployment_operator.kube.errors import NotFound, Refused, Unavailable
from jira_deployment_operator.settings import SettingsError


def ended_with(error: Exception) -> tuple[int, str]:
    @click.group(cls=Commands)
    def group() -> None:
        pass

    @group.command()
    def command() -> None:
        raise error

    result = CliRunner().invoke(group, ["command"])
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (SettingsError("s.yaml: sites: missing"), 2, "s.yaml: sites: missing\n"),
        (Refused("GET /x: 403 no"), 1, "API server: GET /x: 403 no\n  -> use a kubeconfig that has this right"),
        (Unavailable("GET /x: no answer"), 1, "API server: GET /x: no answer\n  -> check that the kubeconfig"),
        (NotFound("GET /x: 404"), 1, "API server: GET /x: 404\n  -> check that the operator is installed"),
        (JiraRefusesAccess("403"), 1, "Jira: 403\n  -> `jira-deployment-operator doctor`"),
        (JiraUnavailable("503"), 1, "Jira: 503\n  -> try again later"),
        (Failure("no", advice="say yes"), 1, "no\n  -> say yes\n"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_r10_what_is_expected_to_go_wrong_is_told_with_what_to_do(error: Exception, code: int, told: str) -> None:
    found_code, found = ended_with(error)

    assert found_code == code
    assert found.startswith(told)


def test_r8_no_secret_is_told() -> None:
    _, told = ended_with(JiraUnavailable("refused: Authorization: Bearer abcdef.ghijkl"))

    assert "abcdef" not in told
