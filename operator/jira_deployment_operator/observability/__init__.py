"""How the operator shows what it does: metrics, logs without secrets, health."""
