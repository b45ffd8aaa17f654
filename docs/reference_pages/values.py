"""The chart's values: from the comments in `values.yaml`, and the bounds in `values.schema.json`."""

from charts.generate_readme import Value, values_of
from docs.reference_pages.schemas import Schema, allowed, resolved
from docs.reference_pages.tables import code, page, table


def values_page(values_file: str, schema: Schema) -> str:
    """Return the page of all values, by the text of `values.yaml` and the schema."""
    values, whole = values_of(values_file), resolved(schema, schema)
    parts = []
    for section in dict.fromkeys(each.section for each in values):
        rows = [_row(each, whole) for each in values if each.section == section]
        parts += [f"## {section}", table(("value", "default", "allowed", "meaning"), rows)]
    return page(
        "Values of the chart",
        "`charts/jira-deployment-operator/values.yaml` and `values.schema.json`",
        "Helm refuses values that are not listed here. Those that become [settings](settings.md) of the operator have"
        " the same names there.",
        *parts,
    )


def _row(value: Value, schema: Schema) -> tuple[str, ...]:
    found = _at(schema, value.path.split("."))
    return code(value.path), code(value.default), allowed(found) if found else "", value.told


def _at(schema: Schema, path: list[str]) -> Schema | None:
    found: Schema | None = schema
    for step in path:
        found = found.get("properties", {}).get(step) if found else None
    return found
