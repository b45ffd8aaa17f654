"""A stand-in for Jira Software Cloud: its Deployments API with its traps, and faults on demand.

Atlassian offers no sandbox for this API, so the tests, the demo and the benchmarks talk to this server
instead. It answers as the real one is known to answer (each module names the fact it follows) and, where the
real one is ambiguous, it takes the harsher reading, so that a client which passes here need not hope.
"""

from sandbox.jira import faults
from sandbox.jira.gating import Gate
from sandbox.jira.journal import JournalEntry
from sandbox.jira.server import StandInJira
from sandbox.jira.sites import CONNECT_SITE, DEFAULT_SITE, JiraSite
from sandbox.jira.store import DeploymentKey, StoredDeployment

__all__ = [
    "CONNECT_SITE",
    "DEFAULT_SITE",
    "DeploymentKey",
    "Gate",
    "JiraSite",
    "JournalEntry",
    "StandInJira",
    "StoredDeployment",
    "faults",
]
