"""Which environment a namespace is, as Jira shows it: by the platform team's rules, else by its name.

Jira groups environments by five types. The vocabulary and the order of the look-up are those of
GitHub for Jira (facts: Jira's deployments API, section 4.2), so that a namespace is called the same
whether a pipeline or this operator reports it.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from jira_deployment_operator.api import values
from jira_deployment_operator.api.record import Environment, EnvironmentType
from jira_deployment_operator.linking.identifiers import identifier
from jira_deployment_operator.linking.templates import cut, fill
from jira_deployment_operator.settings import EnvironmentRule

_VOCABULARY: Final[tuple[tuple[EnvironmentType, str], ...]] = (
    ("development", "development dev trunk develop"),
    (
        "testing",
        "testing test tests tst integration integ intg int acceptance accept acpt qa qc control quality uat sit",
    ),
    ("staging", "staging stage stg sta preprod model internal"),
    ("production", "production prod prd live"),
)

_PATTERNS: Final = tuple(
    (type_, re.compile(rf"(?:^|[^a-z0-9])(?:{'|'.join(words.split())})(?:[^a-z0-9]|$)")) for type_, words in _VOCABULARY
)


def environment_type(name: str) -> EnvironmentType:
    """Return Jira's type for an environment called `name`, `unmapped` if no word of it is known."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).lower()
    return next((type_ for type_, pattern in _PATTERNS if pattern.search(plain)), "unmapped")


def rule_for(namespace: str, labels: Mapping[str, str], rules: Iterable[EnvironmentRule]) -> EnvironmentRule | None:
    """Return the first rule that matches a namespace, by its name, its labels, or both where it asks for both."""
    return next((rule for rule in rules if _matches(rule, namespace, labels)), None)


def environment_of(
    namespace: str, labels: Mapping[str, str], *, rules: Iterable[EnvironmentRule], cluster: str
) -> Environment:
    """Return the environment that a namespace is, by the first rule that matches.

    Without a rule, or where it leaves it out: the id is `<cluster>.<namespace>`, the display name the
    same text as the id, the type what the namespace's name says.
    """
    rule = rule_for(namespace, labels, rules)
    names = {"cluster": cluster, "namespace": namespace}
    place = f"{cluster}.{namespace}"
    if rule and rule.id:
        place = fill(rule.id, names, limit=values.TEMPLATE_MAX, fallback=place)
    id_ = identifier(place)
    shown = cut(place, values.TEXT_MAX) or id_
    if rule and rule.name:
        shown = fill(rule.name, names, limit=values.TEXT_MAX, fallback=shown)
    return Environment(id=id_, display_name=shown, type=(rule and rule.type) or environment_type(namespace))


def _matches(rule: EnvironmentRule, namespace: str, labels: Mapping[str, str]) -> bool:
    if rule.namespaces and not any(fnmatch.fnmatchcase(namespace, pattern) for pattern in rule.namespaces):
        return False
    return all(labels.get(key) == value for key, value in rule.labels.items())
