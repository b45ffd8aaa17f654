"""The settings of the election: which of several replicas leads, and how soon another one takes over."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from jira_deployment_operator.settings.group import Group

_JITTER: Final = 1.2
"""A replica that waits tries again after up to so many times `retrySeconds`."""

_LABEL: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


class Election(Group):
    """Which of several replicas leads: the one that holds the Lease called `lease` in `namespace`."""

    enabled: bool = False
    lease: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")] = "jira-deployment-operator"
    namespace: Annotated[str, Field(pattern=_LABEL)] | None = None
    lease_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """How long a leader that says nothing more is waited for."""
    renew_seconds: Annotated[float, Field(gt=0)] = 10.0
    """After so long without an answer to its renewals a leader ends."""
    retry_seconds: Annotated[float, Field(gt=0)] = 2.0
    """Between two renewals, and between two looks of a replica that waits."""

    @model_validator(mode="after")
    def _check_that_times_fit(self) -> Self:
        if self.enabled and self.namespace is None:
            raise ValueError("namespace must be set, to that of the operator's pods")
        if not self.renew_seconds < self.lease_seconds:
            raise ValueError("renewSeconds must be less than leaseSeconds: a leader must end before another one begins")
        if not _JITTER * self.retry_seconds < self.renew_seconds:
            raise ValueError(f"retrySeconds must be less than renewSeconds / {_JITTER:g}, to renew more than once")
        return self
