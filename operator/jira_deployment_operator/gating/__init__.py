"""Gates: holding a rollout until somebody allows it."""
