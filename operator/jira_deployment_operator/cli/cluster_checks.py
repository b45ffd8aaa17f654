"""What `doctor` looks at in the cluster, with nothing but rights that every authenticated user has."""

from collections.abc import AsyncIterator
from typing import Any, Final

from jira_deployment_operator.api.names import GROUP, LINK_PLURAL, RECORD_PLURAL, VERSION
from jira_deployment_operator.cli.check import AREA_CLUSTER as AREA
from jira_deployment_operator.cli.check import Check, failed, ok, skipped
from jira_deployment_operator.cli.cluster import connected
from jira_deployment_operator.cli.failures import Failure, advice_for_cluster
from jira_deployment_operator.cli.gating_checks import check_mechanism
from jira_deployment_operator.cli.permissions import Permission, needed_for, needed_to_lead
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound
from jira_deployment_operator.settings import Settings
from jira_deployment_operator.workloads import rollout
from jira_deployment_operator.workloads.kinds import KINDS

_OURS: Final = (RECORD_PLURAL, LINK_PLURAL)
_ACCESS_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_SELF_REVIEWS: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_SELF_REVIEW: Final = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


async def check_cluster(settings: Settings) -> AsyncIterator[Check]:
    """Yield how things are in the cluster."""
    try:
        async with connected() as api_server:
            async for check in _checks(api_server, settings):
                yield check
    except Failure as failure:
        yield failed(AREA, "API server", failure.message, failure.advice)


async def _checks(api_server: ApiServer, settings: Settings) -> AsyncIterator[Check]:
    try:
        version = await api_server.get("/version")
    except ApiServerError as error:
        yield failed(AREA, "API server", str(error), advice_for_cluster(error))
        return
    yield ok(AREA, "API server", str(version.get("gitVersion")))
    for plural in _OURS:
        yield await _check_definition(api_server, plural)
    if rollout.KIND in settings.sources:
        yield await _check_argo_rollouts(api_server)
    if settings.gating.is_enforced:
        yield await check_mechanism(api_server, settings.gating.mechanism)
    who = await _who(api_server)
    gates, namespaces = settings.gating.is_enforced, settings.watch_namespaces
    needed = needed_for(settings.sources, gates=gates, namespaces=namespaces)
    for permission in (*needed, *needed_to_lead(settings.election)):
        yield await _check_permission(api_server, permission, who)


async def _check_definition(api_server: ApiServer, plural: str) -> Check:
    """What the API server serves is established; unlike the definition itself everyone may see it."""
    name = f"CRD {plural}.{GROUP}"
    advice = "install the CRDs of this release: the chart does it with crds.install, or `kubectl apply -f crds/`"
    try:
        served = await _served(api_server, GROUP, VERSION)
        if served is None:
            others = await _versions(api_server, GROUP)
            found = f"only {', '.join(others)} is served" if others else "it is not installed, or not established"
            return failed(AREA, name, f"version {VERSION} is needed, {found}", advice)
    except ApiServerError as error:
        return failed(AREA, name, str(error), advice_for_cluster(error))
    missing = [each for each in (plural, f"{plural}/status") if each not in served]
    if missing:
        return failed(AREA, name, f"{', '.join(missing)} of {GROUP}/{VERSION} is not served", advice)
    return ok(AREA, name, f"{VERSION} is served")


async def _check_argo_rollouts(api_server: ApiServer) -> Check:
    kind, name = KINDS[rollout.KIND], "Argo Rollouts"
    try:
        served = await _served(api_server, kind.group, kind.version)
    except ApiServerError as error:
        return failed(AREA, name, str(error), advice_for_cluster(error))
    if served is None or kind.plural not in served:
        return skipped(AREA, name, "not installed, which is fine: Rollouts are followed once it is")
    return ok(AREA, name, f"{kind.api_version} is served")


async def _check_permission(api_server: ApiServer, permission: Permission, who: str) -> Check:
    name = f"may {', '.join(permission.verbs)} {permission.shown}"
    try:
        answers = {verb: await api_server.create(_ACCESS_REVIEWS, permission.review(verb)) for verb in permission.verbs}
    except ApiServerError as error:
        return failed(AREA, name, str(error), advice_for_cluster(error))
    missing = [verb for verb, answer in answers.items() if not (answer.get("status") or {}).get("allowed")]
    if not missing:
        return ok(AREA, name)
    rule = permission.rule(missing)
    return failed(
        AREA,
        name,
        f"{who} may not {', '.join(missing)}, which is needed {permission.needed}",
        f"the operator's {permission.role} needs {rule}, as the chart has it with rbac.create; if {who} is not the "
        "operator, use a kubeconfig of its ServiceAccount",
    )


async def _who(api_server: ApiServer) -> str:
    """Whose rights are checked; API servers before 1.28 do not tell."""
    try:
        answer = await api_server.create(_SELF_REVIEWS, _SELF_REVIEW)
    except ApiServerError:
        return "this user"
    return str(answer.get("status", {}).get("userInfo", {}).get("username") or "this user")


async def _served(api_server: ApiServer, group: str, version: str) -> frozenset[str] | None:
    """The resources of a group's version; None if that version is not served."""
    try:
        listed: dict[str, Any] = await api_server.get(f"/apis/{group}/{version}")
    except NotFound:
        return None
    return frozenset(each["name"] for each in listed.get("resources") or ())


async def _versions(api_server: ApiServer, group: str) -> tuple[str, ...]:
    try:
        listed = await api_server.get(f"/apis/{group}")
    except NotFound:
        return ()
    return tuple(each["version"] for each in listed.get("versions") or ())
