"""The operator's memory: records in the cluster, written before Jira is told (R1)."""
