"""hypothesis tells of inputs, not of slow machines: no load of the machine shall fail a test."""

from hypothesis import HealthCheck, settings

settings.register_profile("rooms", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rooms")
