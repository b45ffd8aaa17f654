"""Jira's own schema of what it is sent, where it is at hand."""

from functools import cache
from typing import Any

import pytest

from sandbox.jira.schema import Schema, openapi_path

needs_schema = pytest.mark.skipif(
    not openapi_path().is_file(), reason=f"Jira's OpenAPI schema is not at {openapi_path()} (set JIRA_OPENAPI)"
)


@cache
def _schema() -> Schema:
    schema = Schema.load(None)
    assert schema is not None
    return schema


def faults_of_submit(body: dict[str, Any]) -> list[str]:
    """Return what Jira's schema says against a request of *submit*."""
    return list(_schema().faults_of_request("submit", {"cloudId": "1"}, body))
