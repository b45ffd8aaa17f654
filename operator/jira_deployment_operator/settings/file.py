"""Reading the settings file, and telling in one line each what is wrong with it (R10)."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from jira_deployment_operator.settings.model import Settings


class SettingsError(Exception):
    """The settings cannot be used. The message names the file, the key's path and what is allowed."""


def load(path: Path) -> Settings:
    """Read and check the settings file. Raises `SettingsError` with one line for each thing that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not valid YAML: it is not UTF-8") from error
    except yaml.YAMLError as error:  # its own text quotes the line, which may hold what should not be shown
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path}: is not valid YAML{place}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: must be a YAML mapping with the keys `cluster` and `sites`")
    for key in content:
        if not isinstance(key, str):
            raise SettingsError(
                f"{path}: {key}: no such key; in YAML, `on`, `yes` and numbers must be quoted to be text"
            )
    try:
        return Settings(**content)
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in _lines(error))) from error


def _lines(error: ValidationError) -> Iterator[str]:
    """One line for each mistake; that a list of refused entries counts as empty is no further mistake."""
    places = [each["loc"] for each in error.errors(include_input=False)]
    for each in error.errors(include_input=False):
        place = each["loc"]
        follows = any(other != place and other[: len(place)] == place for other in places)
        if not (each["type"] == "too_short" and follows):
            yield f"{_path(place)}{each['msg'].removeprefix('Value error, ')}"


def _path(location: tuple[int | str, ...]) -> str:
    """`sites[0].auth.clientIdFile: `, as a person would write the key's path."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return f"{path.removeprefix('.')}: " if path else ""
