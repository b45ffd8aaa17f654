"""Every request and every answer held against the OpenAPI schema of the API.

OpenAPI 3.0 is not JSON Schema: it has `nullable`, its `$ref` hides its siblings, and `int64` and `uri` are
formats without a check. The schemas of the few operations are therefore written out once (references
resolved, nullable translated) and compiled; a small request then costs well below a millisecond.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlsplit

from jsonschema import Draft4Validator, FormatChecker

from sandbox.jira.exchange import Answer
from sandbox.jira.journal import JournalEntry

OPERATION_IDS = {
    "submit": "submitDeployments",
    "get": "getDeploymentByKey",
    "delete": "deleteDeploymentByKey",
    "delete_by_properties": "deleteDeploymentsByProperty",
    "gating_status": "getDeploymentGatingStatusByKey",
}
_NO_QUERY: Mapping[str, str] = MappingProxyType({})
_VIOLATIONS_KEPT = 1000
_MESSAGE_LENGTH = 300
_FORMATS = FormatChecker(formats=("date-time",))
_REPOSITORY = Path(__file__).resolve().parents[2]


def openapi_path() -> Path:
    """Tell where the schema is looked for: `JIRA_OPENAPI`, or beside the repository."""
    return Path(os.environ.get("JIRA_OPENAPI") or _REPOSITORY.parent / "shared" / "jira" / "openapi.json")


class AnswerViolatesSchemaError(AssertionError):
    """The stand-in itself said something Jira would not say."""


class Violations:
    """What clients did against the API's rules (bounded; a test asserts that it is empty)."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def record(self, entry: JournalEntry, *messages: str) -> None:
        """Note what is wrong with a request."""
        room = _VIOLATIONS_KEPT - len(self.messages)
        self.messages.extend(f"{entry.operation}: {message}" for message in messages[: max(0, room)])


@dataclass(frozen=True)
class _Contract:
    path: Mapping[str, Draft4Validator]
    query: Mapping[str, Draft4Validator]
    request: Draft4Validator | None
    answers: Mapping[str, Draft4Validator | None]


class Schema:
    """The compiled contracts of the operations the stand-in plays."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        by_id = {
            operation["operationId"]: operation
            for path in document["paths"].values()
            for operation in path.values()
            if "operationId" in operation
        }
        self._contracts = {
            name: _compile(_Dereferenced(document).write_out(by_id[operation_id]))
            for name, operation_id in OPERATION_IDS.items()
        }

    @classmethod
    def load(cls, path: Path | None) -> Self | None:
        """Read the schema; None if there is no such file, and then only the built-in checks apply."""
        source = path or openapi_path()
        return cls(json.loads(source.read_text(encoding="utf-8"))) if source.is_file() else None

    def faults_of_request(
        self, operation: str, parameters: Mapping[str, str], body: Any, query: Mapping[str, str] = _NO_QUERY
    ) -> Iterator[str]:
        """Tell what is wrong with a request; `parameters` are the parts of its path."""
        contract = self._contracts.get(operation)
        if contract is None:
            return
        for name, validator in contract.path.items():
            yield from _faults(validator, _from_text(parameters[name]), at=name)
        for name, validator in contract.query.items():
            if name in query:
                yield from _faults(validator, _from_text(query[name]), at=name)
        if contract.request:
            yield from _faults(contract.request, body)

    def faults_of_answer(self, operation: str, answer: Answer) -> Iterator[str]:
        """Tell what is wrong with an answer."""
        contract = self._contracts.get(operation)
        if contract is None:
            return
        validator = contract.answers.get(str(answer.status), contract.answers.get("default"))
        if validator:
            yield from _faults(validator, answer.body, at=str(answer.status))


class _Dereferenced:
    """Writes a part of an OpenAPI document out as plain JSON Schema (draft 4, which 3.0 is based on)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def write_out(self, node: Any, seen: tuple[str, ...] = ()) -> Any:
        if isinstance(node, list):
            return [self.write_out(item, seen) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference in seen:
                raise ValueError(f"{reference} refers to itself, which cannot be written out")
            return self.write_out(self._find(reference), (*seen, reference))
        plain = {key: self.write_out(value, seen) for key, value in node.items() if key != "nullable"}
        return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain

    def _find(self, reference: str) -> Any:
        node: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node


def _compile(operation: Mapping[str, Any]) -> _Contract:
    return _Contract(
        path=_parameters(operation, "path"),
        query=_parameters(operation, "query"),
        request=_content(operation.get("requestBody", {})),
        answers={status: _content(answer) for status, answer in operation["responses"].items()},
    )


def _parameters(operation: Mapping[str, Any], place: str) -> dict[str, Draft4Validator]:
    declared = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == place]
    return {parameter["name"]: _validator(parameter["schema"]) for parameter in declared}


def _content(holder: Mapping[str, Any]) -> Draft4Validator | None:
    schema = holder.get("content", {}).get("application/json", {}).get("schema")
    return _validator(schema) if schema is not None else None


def _validator(schema: Mapping[str, Any]) -> Draft4Validator:
    Draft4Validator.check_schema(schema)
    return Draft4Validator(schema, format_checker=_FORMATS)


def _faults(validator: Draft4Validator, value: Any, at: str = "") -> Iterator[str]:
    for error in validator.iter_errors(value):
        place = "/".join([*([at] if at else []), *(str(part) for part in error.absolute_path)])
        yield f"{place or 'body'}: {error.message[:_MESSAGE_LENGTH]}"


def _from_text(text: str) -> Any:
    return int(text) if len(text) <= 20 and text.removeprefix("-").isdecimal() else text


@_FORMATS.checks("int64")
def _is_int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@_FORMATS.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme and parts.netloc) and value.isascii() and not any(sign <= " " for sign in value)
