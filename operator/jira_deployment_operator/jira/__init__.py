"""The client of Jira's Deployments API: payloads, OAuth, errors. It knows Jira and nothing of Kubernetes."""
