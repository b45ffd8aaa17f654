"""Which rollouts somebody wants to see. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import State

TEXT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What is empty does not matter; all words of `text` must be found somewhere in the rollout."""

    namespace: str = ""
    site: str = ""
    state: State | None = None
    text: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Query":
        """Read the parameters of an address; raises `ValueError`, whose text tells what is allowed."""
        for name in asked:
            if name not in ("namespace", "site", "state", "text"):
                raise ValueError("there is no such filter; there are namespace, site, state and text")
        if any(len(value) > TEXT_MAX for value in asked.values()):
            raise ValueError(f"a filter may have at most {TEXT_MAX} characters")
        state = asked.get("state", "")
        if state and state not in tuple(State):
            raise ValueError(f"state must be one of {', '.join(State)}")
        return cls(
            namespace=asked.get("namespace", ""),
            site=asked.get("site", ""),
            state=State(state) if state else None,
            text=asked.get("text", "").strip(),
        )

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return self != Query()

    def __str__(self) -> str:
        """Return it as the parameters of an address."""
        asked = {"namespace": self.namespace, "site": self.site, "state": self.state or "", "text": self.text}
        return urlencode({name: value for name, value in asked.items() if value})

    def matches(self, record: JiraDeployment) -> bool:
        """Return whether a rollout is asked for."""
        if self.namespace and record.namespace != self.namespace:
            return False
        if self.site and record.spec.site != self.site:
            return False
        if self.state and record.status.state is not self.state:
            return False
        return not self.text or _holds_all(record, self.text)


def _holds_all(record: JiraDeployment, text: str) -> bool:
    spec = record.spec
    said = (
        spec.workload.kind,
        record.namespace,
        spec.workload.name,
        record.name,
        spec.label or "",
        spec.version,
        spec.site,
        spec.environment.display_name,
        record.status.gate.issue_key if record.status.gate else "",
        *record.status.associations.issue_keys,
    )
    found = "\n".join(said).casefold()
    return all(word in found for word in text.casefold().split())
