"""End-to-end tests: the operator's own process on a real control plane, against the stand-in Jira."""
