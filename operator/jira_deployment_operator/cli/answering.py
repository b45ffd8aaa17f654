"""How `release`, `approve` and `refuse` answer the hold in force, with the user's own rights.

One patch that carries the resourceVersion of what was looked at: an answer is given to the hold that was seen, or not
at all. Neither the operator nor its settings are needed.
"""

from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api.hold import AnswerKind
from jira_deployment_operator.cli import answered as outcomes
from jira_deployment_operator.cli.answered import Answered, answered
from jira_deployment_operator.cli.failures import Failure
from jira_deployment_operator.cli.held import Held, Records, gated_record, held_of, newest_gated
from jira_deployment_operator.gating import words
from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, Conflict, NotFound
from jira_deployment_operator.ledger import names
from jira_deployment_operator.workloads.kinds import Kind

FIELD_MANAGER: Final = "jira-deployment-operator-cli"

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """An answer to the hold in force on a workload, which must be `hold` unless that is empty."""

    kind: Kind
    namespace: str
    name: str
    give: AnswerKind
    reason: str
    hold: str = ""


async def give_answer(api_server: ApiServer, wish: Wish) -> Answered:
    """Answer a hold. Raises `Failure` if there is none, or the answer would not count."""
    records = await _records(api_server, wish.namespace)
    seen: Held | None = None
    for left in reversed(range(_TRIES)):
        body = await _workload(api_server, wish)
        held = held_of(wish.kind, body, records, refused_too=True)
        if held is None:
            raise outcomes.not_held(wish.kind.key_of(body), seen)
        outcomes.check_hold(held, seen.hold.id if seen else wish.hold)
        if wish.give != "override":
            outcomes.check_counts(held)
        seen = held
        try:
            after = await _patch(api_server, wish, body, held)
        except Conflict:
            if not left:
                raise
        else:
            return answered(held, after, wish.give, wish.reason)
    raise AssertionError


async def _patch(api_server: ApiServer, wish: Wish, body: dict[str, Any], held: Held) -> dict[str, Any]:
    patch: dict[str, Any] = words.answer_patch(wish.give, held.hold.id, wish.reason)
    if held.enforcement == "Endpoint" or held.hold.keeps_paused:
        patch.pop("spec", None)  # the pause, if there is one, is the user's own
    patch["metadata"]["resourceVersion"] = body["metadata"]["resourceVersion"]
    path = f"{wish.kind.path(wish.namespace, wish.name)}?fieldManager={FIELD_MANAGER}"
    try:
        return await api_server.merge_patch(path, patch)
    except Conflict:
        raise
    except ApiServerError as error:
        raise outcomes.refused(error, wish.give) or error from error


async def _workload(api_server: ApiServer, wish: Wish) -> dict[str, Any]:
    try:
        return await api_server.get(wish.kind.path(wish.namespace, wish.name))
    except NotFound as error:
        raise Failure(
            f"{wish.kind.name.lower()}/{wish.name} is not in namespace {wish.namespace}",
            advice=f"`jira-deployment-operator holds -n {wish.namespace}` shows what is held; is -n right?",
        ) from error


async def _records(api_server: ApiServer, namespace: str) -> Records:
    """What is known of gates; a hold can be answered without it."""
    try:
        path = names.collection(namespace)
        return newest_gated([each async for body in api_server.objects(path) if (each := gated_record(body))])
    except ApiServerError:
        return {}
