"""What of the chart can be chosen that changes what it grants; and by which settings one sees that it was chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Feature:
    """A choice: its values in the chart, those without it, and whether an installation with some settings has it."""

    name: str
    on: Mapping[str, Any]
    off: Mapping[str, Any]
    is_in: Callable[[Settings], bool]


def _source(value: str, kind: str) -> Feature:
    return Feature(
        f"sources.{value}: true",
        on={"sources": {value: True}},
        off={"sources": {value: False}},
        is_in=lambda settings: kind in settings["sources"],
    )


def _mechanism(mechanism: str) -> Feature:
    return Feature(
        f"gating.mechanism: {mechanism}",
        on={"gating": {"mechanism": mechanism}},
        off={"gating": {"mechanism": "Off"}},
        is_in=lambda settings: settings["gating"]["mechanism"] == mechanism,
    )


def _in_some_namespaces(mechanism: str) -> Feature:
    return Feature(
        f"watchNamespaces, with gating.mechanism: {mechanism}",
        on={"watchNamespaces": ["shop"], "gating": {"mechanism": mechanism}},
        off={"watchNamespaces": [], "gating": {"mechanism": mechanism}},
        is_in=lambda settings: "watchNamespaces" in settings and settings["gating"]["mechanism"] == mechanism,
    )


FEATURES: Final[tuple[Feature, ...]] = (
    _source("deployments", "Deployment"),
    _source("rollouts", "Rollout"),
    _source("statefulSets", "StatefulSet"),
    _source("daemonSets", "DaemonSet"),
    _mechanism("Policy"),
    _mechanism("Webhook"),
    _in_some_namespaces("Policy"),
    _in_some_namespaces("Webhook"),
    Feature(
        "gating.endpoint.enabled: true",
        on={"gating": {"endpoint": {"enabled": True}}},
        off={"gating": {"endpoint": {"enabled": False}}},
        is_in=lambda settings: bool(settings["gating"]["endpoint"]["enabled"]),
    ),
    Feature(
        "operator.leaderElection.enabled: true",
        on={"operator": {"leaderElection": {"enabled": True}}},
        off={"operator": {"leaderElection": {"enabled": False}}},
        is_in=lambda settings: bool(settings.get("election", {}).get("enabled")),
    ),
    Feature(
        "operator.replicas: 2",
        on={"operator": {"replicas": 2}},
        off={"operator": {"replicas": 1}},
        is_in=lambda settings: bool(settings.get("election", {}).get("enabled")),
    ),
)


def features_in(settings: Settings) -> frozenset[str]:
    """Return the names of the features that an installation with these settings has."""
    return frozenset(feature.name for feature in FEATURES if feature.is_in(settings))
