"""What all groups of settings have in common: they are frozen, and a key that does not exist is a mistake."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Group(BaseModel):
    """A group of settings, with keys as YAML has them."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
