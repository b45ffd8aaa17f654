"""What a person does to a workload, and what Argo Rollouts then shows."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.unit.workloads.recording import Play, Status, Story

ROLLOUTS: Final = "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts"
APPS: Final = "/apis/apps/v1/namespaces/{namespace}/"
POD: Final = "sandbox.jira-operator.dev/pod"
READY_AFTER: Final = "sandbox.jira-operator.dev/ready-after"

STEPS: Final[list[dict[str, Any]]] = [
    {"setWeight": 25},
    {"pause": {}},
    {"setWeight": 50},
    {"pause": {"duration": "1s"}},
]
CANARY: Final[dict[str, Any]] = {"canary": {"steps": STEPS}}
AT_ONCE: Final[dict[str, Any]] = {"canary": {"maxUnavailable": 1}}
BLUE_GREEN: Final[dict[str, Any]] = {
    "blueGreen": {
        "activeService": "active",
        "previewService": "preview",
        "autoPromotionEnabled": False,
        "scaleDownDelaySeconds": 2,
        "abortScaleDownDelaySeconds": 2,
    }
}
ROUTED: Final[dict[str, Any]] = {
    "canary": {
        "steps": STEPS,
        "stableService": "stable",
        "canaryService": "canary",
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
        "scaleDownDelaySeconds": 2,
        "abortScaleDownDelaySeconds": 2,
    }
}

SUCCESS: Final = ["in_progress", "successful"]
STORIES: Final[dict[str, Story]] = {}


def story(name: str, *jira: list[str], paths: tuple[str, ...] = (ROLLOUTS,)) -> Callable[..., None]:
    """Name a story and say what Jira must get; `paths` are where the API server has the objects that matter."""

    def keep(play: Callable[[Play], Awaitable[None]]) -> None:
        STORIES[name] = Story(play, list(jira), paths)

    return keep


# What a person does


def template(version: int, *, ready_after: str = "", pod: str = "") -> dict[str, Any]:
    asked = {key: value for key, value in ((READY_AFTER, ready_after), (POD, pod)) if value}
    metadata = {"labels": {"app": "web"}, **({"annotations": asked} if asked else {})}
    return {"metadata": metadata, "spec": {"containers": [{"name": "main", "image": f"shop/web:{version}"}]}}


def workload(api_version: str, kind: str, **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": "web"}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {"replicas": 4, "selector": selector, **spec},
    }


def rollout(version: int, strategy: dict[str, Any] = CANARY, **spec: Any) -> dict[str, Any]:
    return workload("argoproj.io/v1alpha1", "Rollout", **{"template": template(version), "strategy": strategy, **spec})


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


async def promote(play: Play) -> None:
    await play.patch("rollout", {"status": {"pauseConditions": None}}, status=True)


async def promote_fully(play: Play) -> None:
    await play.patch("rollout", {"status": {"promoteFull": True}}, status=True)


async def abort(play: Play, *, wanted: bool = True) -> None:
    await play.patch("rollout", {"status": {"abort": wanted}}, status=True)


# What Argo shows


def is_healthy(status: Status) -> bool:
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    return bool(
        status.get("phase") == "Healthy"
        and status.get("stableRS") == status.get("currentPodHash")
        and conditions.get("Healthy") == "True"
    )


async def healthy(play: Play) -> None:
    await play.until("rollout", is_healthy, "healthy")


async def paused(play: Play) -> None:
    await play.until("rollout", lambda status: status.get("phase") == "Paused", "paused")


async def degraded(play: Play) -> None:
    await play.until("rollout", lambda status: status.get("phase") == "Degraded", "degraded")


async def back(play: Play) -> None:
    def is_back(status: Status) -> bool:
        return bool(status.get("abort")) and status.get("availableReplicas") == status.get("replicas") == 4

    await play.until("rollout", is_back, "back on its stable version")


async def released(play: Play, strategy: dict[str, Any] = CANARY, **spec: Any) -> None:
    """Bring version 1 out."""
    await play.apply(rollout(1, strategy, **spec))
    await healthy(play)


async def second_is_paused(play: Play, strategy: dict[str, Any] = CANARY, **spec: Any) -> None:
    """Bring version 1 out, and version 2 up to its pause."""
    await released(play, strategy, **spec)
    await play.apply(rollout(2, strategy, **spec))
    await paused(play)


async def analysis(play: Play) -> dict[str, Any]:
    """Create an analysis that fails at once, and return how to ask for it."""
    web = {"url": "http://127.0.0.1:1/", "jsonPath": "{$.ok}", "timeoutSeconds": 1}
    metric = {"name": "ok", "consecutiveErrorLimit": 0, "provider": {"web": web}}
    await play.apply(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisTemplate",
            "metadata": {"name": "ok"},
            "spec": {"metrics": [metric]},
        }
    )
    return {"templates": [{"templateName": "ok"}]}
