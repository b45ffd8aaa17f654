"""From what was seen and what is remembered to the transitions of rollouts. Pure."""
