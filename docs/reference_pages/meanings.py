"""What each condition, reason and Event means. The words are here; that none is left out is tested."""

from collections.abc import Mapping
from typing import Final

from jira_deployment_operator.api import conditions as words
from jira_deployment_operator.gating import decisions, gatekeeper, permission
from jira_deployment_operator.kube import events
from jira_deployment_operator.linking import standing
from jira_deployment_operator.tracking import rollouts, transitions
from jira_deployment_operator.workloads import metadata, observation

Meanings = Mapping[str, str]

CONDITIONS: Final[Meanings] = {
    words.READY: "On links: whether the link is in force.",
    words.REPORTED: "On records and links: whether Jira knows the newest state (of a link: of its newest rollout).",
    words.STALLED: "On links: whether a person must act before anything can be told. `True` is bad.",
    words.ALLOWED: "On records with a gate, and on links that ask for one: whether the rollout may go on.",
    words.GATING_SUPPORTED: "On links that ask for a gate: whether holds are enforced here, and Jira can be asked.",
}

REASONS: Final[Mapping[str, Meanings]] = {
    words.READY: {
        standing.IN_FORCE: "`True`: its workloads are reported as it says.",
        standing.OTHER_VERSION: "`True`: in force, but its issues wait for `spec.version`.",
        standing.NO_WORKLOAD: "`False`: nothing in the namespace is what it names.",
        standing.OVERRULED: "`False`: other links go before it.",
        standing.NOT_REPORTED: "`False`: one of its workloads is not reported; the message says why.",
        standing.INVALID: "`False`: a value cannot be used; the message says which, and what is allowed.",
    },
    words.REPORTED: {
        words.REASON_DUE: "`False`: Jira has not answered yet.",
        words.REASON_ACCEPTED: "`True`: Jira has taken the newest state.",
        words.REASON_CONFIRMED: "`True`: Jira was asked, and has stored it.",
        words.REASON_REJECTED: "`False`: Jira refused it for good; the message has Jira's words.",
        words.REASON_NO_ISSUE_KEYS: "`False`: there is no issue or service to link it to.",
        words.REASON_BASELINE: "`False`: it ran when the operator first saw it, and is not told.",
        standing.NO_ROLLOUT: "`Unknown`, on links: no rollout has begun since the link was there.",
    },
    words.STALLED: {
        standing.SITE_ANSWERS: "`False`: nobody needs to act.",
        standing.SITE_REFUSES: "`True`: the site refuses the operator's credentials, or cannot be found.",
    },
    words.GATING_SUPPORTED: {
        standing.SUPPORTED: "`True`: rollouts are held until they are allowed.",
        standing.NOT_ASKED: "`Unknown`: rollouts are held; whether Jira may be asked is not known yet.",
        standing.NOT_ENFORCED: "`False`: nothing is held here, for lack of a setting that the message names.",
        standing.SITE_REFUSES: "`False`: rollouts are held, and Jira does not let the operator ask: use mode Manual.",
        standing.KIND_CANNOT_BE_HELD: "`False`: it names a StatefulSet or DaemonSet.",
    },
    words.ALLOWED: {
        standing.NOTHING_WAITS: "`True`, on links: no rollout waits for anybody.",
        decisions.WAITING: "`Unknown`: nobody has been asked yet, or people are asked.",
        decisions.AWAITING_JIRA: "`Unknown`: Jira was asked, and waits for a change request.",
        decisions.JIRA_SILENT: "`Unknown`: Jira cannot answer, or gives no answer that is known.",
        decisions.PREVENTED_FOR_NOW: "`Unknown`: Jira says no; another answer is waited for (`onPrevented: Hold`).",
        decisions.ALLOWED_BY_JIRA: "`True`: Jira allows it.",
        decisions.APPROVED: "`True`: a person approved it.",
        decisions.OVERRIDDEN: "`True`: a person overrode the hold.",
        decisions.TIMEOUT_ALLOWED: "`True`: nobody answered in time (`onTimeout: Allow`).",
        decisions.ERROR_ALLOWED: "`True`: Jira could not be asked for too long (`onError: Allow`).",
        decisions.UNDECIDED: "`True`: it went on though nobody had decided.",
        decisions.PREVENTED_BY_JIRA: "`False`: Jira says no (`onPrevented: Cancel`).",
        decisions.EXPIRED_AT_JIRA: "`False`: Jira's change request has expired (`onPrevented: Cancel`).",
        decisions.REFUSED: "`False`: a person refused it.",
        decisions.TIMEOUT_CANCELLED: "`False`: nobody answered in time (`onTimeout: Cancel`).",
    },
}

TRANSITIONS: Final[Meanings] = {
    rollouts.REASON_STARTED: "The workload goes to a new version.",
    rollouts.REASON_SUPERSEDED: "Another new version came before this one's end.",
    rollouts.REASON_ROLLED_BACK: "A version that was released before came back.",
    rollouts.REASON_REVERTED: "The workload went back to the version that runs before this one had begun.",
    rollouts.REASON_DELETED: "The workload was deleted.",
    transitions.REASON_ASSOCIATIONS: "The same state again: its issues or services have changed.",
    transitions.REASON_LOST: "The same state again: Jira had accepted it and not stored it.",
    observation.ABORTED: "Argo's: the Rollout was aborted.",
    metadata.HELD: "The version is held.",
}
"""Reasons of transitions that are ours; others are those of Kubernetes' and Argo's own conditions."""

EVENTS: Final[Meanings] = {
    events.REASON_INVALID_ANNOTATION: "Warning, on workloads and namespaces: a wrong value; it counts as absent.",
    events.REASON_INVALID_LINK: "Warning, on links: a value cannot be used for a workload.",
    events.REASON_NO_ISSUE_KEYS: "Warning, on workloads: the rollout names no issue or service, so it is not told.",
    gatekeeper.HELD: "Normal, on workloads: a version is held; why, by which change request, and how to override that.",
    "GateCannotBeAsked": "Warning, on workloads: a version is held, and Jira cannot be asked about it.",
    "GateAllowed": "On workloads: a held version may go on; a warning unless Jira or an approval allowed it.",
    "GateRefused": "Warning, on workloads: a held version was refused, and stays held.",
    gatekeeper.LEAKED: "Warning, on workloads: a version went on though nobody had allowed it.",
    gatekeeper.STRAY_ANSWER: "Warning, on workloads: an approval or refusal where Jira decides; it has no effect.",
}

ENDPOINT: Final[Meanings] = {
    permission.NOT_WAITING: "May go on: this version runs already, or nobody asks for a gate for it.",
    permission.RELEASED_BEFORE: "May go on: it was released before (`onRollback: Allow`).",
    permission.NOT_ALLOWED: "Waits: nobody has allowed it yet.",
    permission.NOT_RECORDED: "Waits: the operator has not recorded it yet; ask again.",
    permission.NOT_GATED: "Waits: no gate with `enforcement: Endpoint` is asked for.",
    permission.NO_SUCH_WORKLOAD: "Waits: there is no such workload.",
    permission.CANNOT_BE_READ: "Waits: the workload cannot be read just now.",
    permission.NOT_READY: "Waits: the operator has just started.",
}
"""Reasons of the gate endpoint's answers, besides those of the condition `Allowed`."""
