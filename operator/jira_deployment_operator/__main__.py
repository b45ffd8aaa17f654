"""`python -m jira_deployment_operator`: the same as the command."""

from jira_deployment_operator.cli import main

main()
