"""Metrics follow Prometheus' conventions, and their labels are bounded."""

from jira_deployment_operator.observability.metrics import REGISTRY

BOUNDED = {
    "kind",
    "state",
    "site",
    "outcome",
    "operation",
    "status",
    "object",
    "reason",
    "mode",
    "stopped",
    "tool",
    "allowed",
    "environment_type",
}


def test_names_have_one_prefix_and_every_metric_says_what_it_is() -> None:
    families = list(REGISTRY.collect())

    assert families
    for family in families:
        assert family.name.startswith(("jira_deployment_operator_", "process_"))
        assert family.documentation.endswith(".") or family.name.startswith("process_")


def test_what_alerts_wait_for_is_there_before_it_happens() -> None:
    """A counter that appears with its first event has not grown in Prometheus' eyes."""
    for name, labels in (
        ("leaks_total", {"kind": "Rollout", "stopped": "not"}),
        ("api_server_writes_total", {"object": "record", "outcome": "failed"}),
        ("sweeps_total", {"outcome": "failed"}),
    ):
        assert REGISTRY.get_sample_value(f"jira_deployment_operator_{name}", labels) is not None


def test_no_label_can_grow_with_the_cluster() -> None:
    """Names of workloads, namespaces and issues would make a series for each of them."""
    collectors = {each for each in REGISTRY._collector_to_names if hasattr(each, "_labelnames")}

    for collector in collectors:
        assert set(collector._labelnames) <= BOUNDED
