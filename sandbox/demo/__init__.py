"""What `make demo` plays: a team's rollouts on a real control plane, and what Jira shows of them."""
