"""What a purge would delete at Jira. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from jira_deployment_operator.api.record import JiraDeployment
from jira_deployment_operator.api.states import Delivery
from jira_deployment_operator.cli.output import table
from jira_deployment_operator.jira.payload import PROPERTY_CLUSTER
from jira_deployment_operator.ledger.ledger import is_settled

STOP_FIRST: Final = "Stop the operator first: what it sends meanwhile may be deleted with the rest."


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What goes at one site: the recorded deployments, or with `properties` all that have them, recorded or not."""

    site: str
    records: tuple[JiraDeployment, ...]
    properties: dict[str, str] | None = None

    @property
    def environments(self) -> dict[str, int]:
        """The number of recorded deployments by environment."""
        return dict(sorted(Counter(each.spec.environment.id for each in self.records).items()))


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes. `out_of_reach` are the numbers of records by site, where the settings have no such site."""

    sites: tuple[SitePlan, ...]
    out_of_reach: dict[str, int]
    returning: int
    """Records that the operator tells Jira about again when it starts."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to ask Jira for."""
        return not any(each.records or each.properties for each in self.sites)

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "sites": [
                {
                    "site": each.site,
                    "deployments": len(each.records),
                    "environments": each.environments,
                    "properties": each.properties,
                }
                for each in self.sites
            ],
            "outOfReach": self.out_of_reach,
            "toldAgain": self.returning,
        }

    def as_text(self) -> str:
        """Return it for people."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for each in self.sites:
            yield f"site {each.site}: {_counted(len(each.records))} by the records of this cluster"
            yield from table((environment, str(count)) for environment, count in each.environments.items())
            for name, value in (each.properties or {}).items():
                yield f"  and whatever else was submitted with {name} = {value}"
        for site, count in self.out_of_reach.items():
            yield f"site {site} is not in the settings: its {_counted(count)} cannot be deleted"
        if self.returning:
            yield (
                f"{self.returning} of the records are not settled yet (due, or not confirmed): the operator will tell "
                "Jira about them again when it starts"
            )
        if not self.is_empty:
            yield STOP_FIRST


def plan(
    records: Iterable[JiraDeployment],
    *,
    sites: Iterable[str],
    cluster: str,
    everything: bool,
    only_site: str | None = None,
) -> Plan:
    """Return what a purge of `records` deletes; `everything` also what has no record any more."""
    known = [site for site in sites if only_site in (None, site)]
    chosen = [each for each in records if only_site in (None, each.spec.site) and may_be_at_jira(each)]
    properties = {PROPERTY_CLUSTER: cluster} if everything else None
    of_sites = (SitePlan(site, tuple(each for each in chosen if each.spec.site == site), properties) for site in known)
    return Plan(
        sites=tuple(each for each in of_sites if each.records or everything),
        out_of_reach=dict(sorted(Counter(each.spec.site for each in chosen if each.spec.site not in known).items())),
        returning=sum(not is_settled(each) for each in chosen),
    )


def may_be_at_jira(record: JiraDeployment) -> bool:
    """Return whether Jira may know the rollout: what is due may have reached it, though no answer came back."""
    never = (Delivery.WITHHELD, Delivery.REJECTED)
    return not record.spec.baseline and any(each.delivery not in never for each in record.status.transitions)


def _counted(count: int) -> str:
    return "1 deployment" if count == 1 else f"{count} deployments"
