"""A throw-away cluster, a stand-in Jira and the demo that plays on them."""
