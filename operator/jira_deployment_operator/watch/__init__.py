"""The watches: kopf's events in, steps of rollouts out. Handlers do nothing but hand over."""
