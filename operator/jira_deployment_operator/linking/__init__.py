"""What belongs to a rollout in Jira: site, pipeline, environment, issues and texts. Pure."""
