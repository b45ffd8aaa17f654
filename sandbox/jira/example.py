"""A valid deployment to start from, and a small story that fills the page."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.jira.checks import GATING_COMMAND
from sandbox.jira.client import Client

_TYPES = {"dev": "development", "test": "testing", "stage": "staging", "prod": "production"}
_NAMES = {"dev": "Development", "test": "Test", "stage": "Staging", "prod": "Production"}


class _Rollout(NamedTuple):
    number: int
    pipeline: str
    environment: str
    label: str
    keys: tuple[str, ...]
    states: tuple[str, ...]
    gated: bool = False


_STORY = (
    _Rollout(1, "checkout", "dev", "v1.8.0", ("SHOP-101", "SHOP-114"), ("in_progress", "successful")),
    _Rollout(1, "checkout", "stage", "v1.8.0", ("SHOP-101", "SHOP-114"), ("pending", "in_progress", "successful")),
    _Rollout(1, "checkout", "prod", "v1.7.3", ("SHOP-101",), ("in_progress", "failed", "rolled_back")),
    _Rollout(2, "checkout", "prod", "v1.8.0", ("SHOP-101", "SHOP-114"), ("pending", "in_progress")),
    _Rollout(2, "checkout", "dev", "v1.9.0-rc.1", ("SHOP-131",), ("in_progress", "failed")),
    _Rollout(3, "checkout", "dev", "v1.9.0-rc.2", ("SHOP-131", "SHOP-140"), ("in_progress", "successful")),
    _Rollout(2, "checkout", "stage", "v1.9.0-rc.2", ("SHOP-131", "SHOP-140"), ("pending",), gated=True),
    _Rollout(7, "ledger", "stage", "2026.11.2", ("PAY-27",), ("in_progress", "cancelled")),
    _Rollout(8, "ledger", "stage", "2026.11.3", ("PAY-27", "SHOP-140"), ("in_progress", "successful")),
    _Rollout(5, "ledger", "prod", "2026.11.1", ("PAY-19",), ("in_progress", "successful")),
    _Rollout(4, "gateway", "prod", "", ("OPS-4",), ("unknown",)),
)


def a_deployment(number: int = 1, update: int = 1, **changes: Any) -> dict[str, Any]:
    """Build a valid deployment, linked to SHOP-1; `changes` replace whole fields."""
    return {
        "deploymentSequenceNumber": number,
        "updateSequenceNumber": update,
        "associations": issues("SHOP-1"),
        "displayName": "checkout v1",
        "url": "https://deploy.example/shop/checkout/1",
        "description": "checkout is rolled out",
        "lastUpdated": "2026-11-23T10:00:00.000Z",
        "label": "v1",
        "state": "in_progress",
        "pipeline": {
            "id": "checkout",
            "displayName": "checkout",
            "url": "https://deploy.example/shop/checkout",
        },
        "environment": {"id": "prod", "displayName": "Production", "type": "production"},
        "schemaVersion": "1.0",
        **changes,
    }


def issues(*keys: str) -> list[dict[str, Any]]:
    """Link to issues."""
    return [{"associationType": "issueIdOrKeys", "values": list(keys)}]


def services(*ids: str) -> list[dict[str, Any]]:
    """Link to services."""
    return [{"associationType": "serviceIdOrKeys", "values": list(ids)}]


def a_gated_deployment(number: int = 1, update: int = 1, **changes: Any) -> dict[str, Any]:
    """Build a deployment of a service that waits for a change request; `changes` replace whole fields."""
    gated = {
        "state": "pending",
        "associations": [*issues("SHOP-1"), *services("b:shop")],
        "commands": [{"command": GATING_COMMAND}],
    }
    return a_deployment(number, update, **{**gated, **changes})


async def tell_story(client: Client) -> None:
    """Submit the rollouts of a small shop, one update at a time."""
    for rollout in _STORY:
        for update, state in enumerate(rollout.states, start=1):
            await client.submit(_told(rollout, update, state))


def _told(rollout: _Rollout, update: int, state: str) -> dict[str, Any]:
    pipeline, environment = rollout.pipeline, rollout.environment
    address = f"https://deploy.example/{environment}/{pipeline}"
    linked = [*issues(*rollout.keys), *(services("b:shop") if rollout.gated else [])]
    return (a_gated_deployment if rollout.gated else a_deployment)(
        rollout.number,
        update,
        associations=linked,
        displayName=f"{pipeline} {rollout.label}".strip(),
        description=f"{pipeline} in {_NAMES[environment]}: {state.replace('_', ' ')}",
        url=f"{address}/{rollout.number}",
        lastUpdated=datetime.now(UTC).isoformat(),
        label=rollout.label,
        state=state,
        pipeline={"id": pipeline, "displayName": pipeline, "url": address},
        environment={"id": environment, "displayName": _NAMES[environment], "type": _TYPES[environment]},
    )
