"""The settings a platform team gives the operator: one YAML file, checked whole before anything starts."""

from jira_deployment_operator.settings.election import Election
from jira_deployment_operator.settings.file import SettingsError, load
from jira_deployment_operator.settings.gating import GateDefaults, GateEndpoint, Gating
from jira_deployment_operator.settings.model import (
    Auth,
    Connect,
    EnvironmentRule,
    Http,
    IssueKeys,
    Log,
    OAuth,
    Settings,
    Site,
    Texts,
)
from jira_deployment_operator.settings.status_page import StatusPage
from jira_deployment_operator.settings.tracing import Tracing

__all__ = [
    "Auth",
    "Connect",
    "Election",
    "EnvironmentRule",
    "GateDefaults",
    "GateEndpoint",
    "Gating",
    "Http",
    "IssueKeys",
    "Log",
    "OAuth",
    "Settings",
    "SettingsError",
    "Site",
    "StatusPage",
    "Texts",
    "Tracing",
    "load",
]
