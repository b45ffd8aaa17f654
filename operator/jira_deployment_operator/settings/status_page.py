"""The settings of the status page: whether it is served, and on which port of the operator's own machine."""

from typing import Annotated, Literal

from pydantic import Field

from jira_deployment_operator.settings.group import Group


class StatusPage(Group):
    """The page for people who would rather look than query.

    It asks nobody who they are. So it listens on the loopback address only: who looks comes through
    `kubectl port-forward`, and RBAC decides who may.
    """

    enabled: bool = True
    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8081
