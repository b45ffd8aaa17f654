"""The client of Jira's Deployments API: operations, payloads, authentication, errors. It knows no Kubernetes."""
