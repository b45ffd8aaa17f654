"""What counts for all tests."""

pytest_plugins = ["tests.rights.plugin"]
