"""Names that users and the API server see. They are an interface: changing one breaks installations."""

from typing import Final

GROUP: Final = "jira-operator.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

RECORD_KIND: Final = "JiraDeployment"
RECORD_PLURAL: Final = "jiradeployments"
LINK_KIND: Final = "JiraDeploymentLink"
LINK_PLURAL: Final = "jiradeploymentlinks"

LABEL_WORKLOAD_KIND: Final = f"{GROUP}/workload-kind"
"""Label on records, so that `kubectl get jiradeployments -l` finds those of one kind."""

LABEL_REQUIRED_GATE: Final = f"{GROUP}/required-gate"
"""Label on namespaces, by the platform team: no object of the team's own switches the gate off."""

FIELD_MANAGER: Final = "jira-deployment-operator"
"""How this operator names itself in managedFields and in Events."""
