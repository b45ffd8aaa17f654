"""R7 for a whole run of the end-to-end tests: what the chart grants is what the operator and its webhook ask for.

Each cluster of these tests keeps an audit log that tells who asked for what, and what was granted to whom when.
`replay` reads one: nothing may be asked for that the chart does not grant. `judgement` looks at all of them together:
nothing may be granted that no test makes use of, feature by feature.
"""
