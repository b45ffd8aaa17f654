"""Reports every rollout of a Kubernetes workload to Jira Software Cloud.

The folders read like the way of the data: `watch` sees a workload, `workloads` turns it into an
observation, `tracking` into transitions of a rollout, `linking` finds what belongs to it in Jira,
`ledger` records it in the cluster, and `reporting` delivers it with the client of `jira`.
"""

__version__ = "0.1.0"
