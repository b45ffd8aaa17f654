"""What one source, or several merged, says about a workload; and what was wrong with it."""

from dataclasses import dataclass, fields
from typing import Final, Self

from jira_deployment_operator.api.gate import Mode
from jira_deployment_operator.api.record import EnvironmentType

_SHOWN_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a user wrote that cannot be used: where it stands, what it is, what is allowed (R10)."""

    field: str
    value: str
    allowed: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= _SHOWN_MAX else f"{self.value[:_SHOWN_MAX]}…"
        return f"{self.field}: {shown!r} is not valid: {self.allowed}"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a source asks for; None where it is silent. The texts are templates (`api.values`)."""

    report: bool | None = None
    site: str | None = None
    issue_keys: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    commit: str | None = None
    commit_time: str | None = None
    repository: str | None = None
    environment: str | None = None
    environment_name: str | None = None
    environment_type: EnvironmentType | None = None
    pipeline: str | None = None
    display_name: str | None = None
    description: str | None = None
    label: str | None = None
    url: str | None = None
    gate: Mode | None = None

    def over(self, weaker: Self) -> Self:
        """Return these wishes, completed by those of a source with less precedence."""
        merged = {
            each.name: getattr(self, each.name) if getattr(self, each.name) is not None else getattr(weaker, each.name)
            for each in fields(self)
        }
        return type(self)(**merged)


SILENT: Final = Wishes()
