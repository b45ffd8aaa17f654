import click
import pytest

from jira_deployment_operator.cli.options import duration, workload_name


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("deployment/web", "Deployment"),
        ("Deployment/web", "Deployment"),
        ("deploy/web", "Deployment"),
        ("deployments.apps/web", "Deployment"),
        ("deployment.v1.apps/web", "Deployment"),
        ("rollout/web", "Rollout"),
        ("ro/web", "Rollout"),
        ("rollouts.argoproj.io/web", "Rollout"),
        ("sts/web", "StatefulSet"),
        ("statefulsets/web", "StatefulSet"),
        ("ds/web", "DaemonSet"),
    ],
)
def test_a_workload_is_named_in_kubectl_s_way(written: str, kind: str) -> None:
    found, name = workload_name(written)

    assert (found.name, name) == (kind, "web")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("job/web", "'job' is no kind of workload that can be reported"),
        ("web", "'web' is no kind of workload"),
        ("deployments.argoproj.io/web", "no kind of workload"),
        ("deployment/", "names no workload: must be kind/name"),
        ("deployment/../../pods", "names no workload"),
        ("deployment/Web", "names no workload"),
    ],
)
def test_what_names_no_workload_is_told(written: str, told: str) -> None:
    with pytest.raises(click.BadParameter, match=told):
        workload_name(written)


@pytest.mark.parametrize(("written", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600)])
def test_durations(written: str, seconds: float) -> None:
    assert duration(written) == seconds


@pytest.mark.parametrize("written", ["", "0", "-1", "1.5", "10 m", "1d", "٣"])
def test_what_is_no_duration_is_told(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration: must be seconds, or such as 90s, 10m, 1h"):
        duration(written)
