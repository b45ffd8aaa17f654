"""The operator's tests."""
