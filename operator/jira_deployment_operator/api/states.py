"""The states of a rollout and of the delivery of one transition."""

from enum import StrEnum


class State(StrEnum):
    """A rollout's state, in the words of Jira's Deployments API (`DeploymentData.state`)."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"

    @property
    def is_open(self) -> bool:
        """Whether the rollout still moves: a workload that vanishes now leaves it unfinished."""
        return self in (State.PENDING, State.IN_PROGRESS)


class Delivery(StrEnum):
    """What has become of one transition on its way to Jira."""

    DUE = "due"
    """Recorded, not yet answered by Jira. It stays due over restarts and outages (R1)."""

    ACCEPTED = "accepted"
    """Jira answered that it has taken it."""

    CONFIRMED = "confirmed"
    """Jira was asked later, and has stored it."""

    REJECTED = "rejected"
    """Jira refused it for good; the transition's message holds Jira's words."""

    SUPERSEDED = "superseded"
    """A newer state of the rollout overtook it while Jira could not be reached (R2)."""

    WITHHELD = "withheld"
    """Nothing to link it to: Jira takes no deployment without an issue."""
