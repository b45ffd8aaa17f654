"""hypothesis tells of inputs, not of slow machines: a deadline would fail tests for the load of the machine."""

from hypothesis import settings

settings.register_profile("rooms", deadline=None, max_examples=60)
settings.load_profile("rooms")
