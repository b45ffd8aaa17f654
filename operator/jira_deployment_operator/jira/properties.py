"""The properties by which Jira can be asked to delete deployments (`openapi.json`: SubmitDeploymentRequest)."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field, TypeAdapter

from jira_deployment_operator.jira.schema import Text

PROPERTIES_MAX: Final = 5


def _not_reserved(name: str) -> str:
    if ":" in name or name.startswith("_"):
        raise ValueError("must not contain `:` nor begin with `_`")
    return name


Properties = Annotated[
    dict[Annotated[Text, AfterValidator(_not_reserved)], Text], Field(min_length=1, max_length=PROPERTIES_MAX)
]
"""One to five names and values, each of 1 to 255 characters."""

_PROPERTIES: Final = TypeAdapter(Properties)


def checked(properties: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of `properties`. Raises `pydantic.ValidationError` if Jira would not take them."""
    return _PROPERTIES.validate_python(dict(properties))
