"""A page that shows what the operator knows, to people who would rather look than query.

It reads what is in memory and asks neither the API server nor Jira, so that looking costs nothing. It changes nothing:
whoever wants to act finds the command to copy.
"""
