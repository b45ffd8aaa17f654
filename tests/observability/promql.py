"""PromQL taken apart: which series an expression asks for, by name and labels, and by which labels it groups."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import promql_parser
from prometheus_client import CollectorRegistry

from jira_deployment_operator.observability import metrics, webhook_metrics

OF_TARGETS: Final = {"cluster", "namespace", "job", "pod", "instance"}
"""Labels that come from scraping and not from the process."""

_SUFFIXES: Final = {
    "counter": ("_total",),
    "info": ("_info",),
    "histogram": ("_bucket", "_sum", "_count"),
    "gauge": ("",),
}


@dataclass(frozen=True)
class Asked:
    """A series that an expression asks for, and all labels that it speaks of there."""

    name: str
    labels: frozenset[str]


def asked(expression: str) -> list[Asked]:
    """Return what an expression asks for. Raises `ValueError` if it is none."""
    return list(_asked(promql_parser.parse(expression), frozenset()))


def _asked(node: Any, grouped: frozenset[str]) -> Iterator[Asked]:
    match node:
        case promql_parser.VectorSelector():
            assert node.name, f"a series without a name: {node}"
            matched = {each.name for each in node.matchers.matchers}
            yield Asked(node.name, frozenset(matched) | grouped)
        case promql_parser.MatrixSelector():
            yield from _asked(node.vector_selector, grouped)
        case promql_parser.AggregateExpr():
            by = frozenset(node.modifier.labels) if node.modifier else frozenset()
            yield from _asked(node.expr, grouped | by)
        case promql_parser.BinaryExpr():
            yield from _asked(node.lhs, grouped)
            yield from _asked(node.rhs, grouped)
        case promql_parser.Call():
            for argument in node.args:
                yield from _asked(argument, grouped)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from _asked(node.expr, grouped)
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return
        case _:
            raise AssertionError(f"not looked into: {type(node).__name__}")


def series() -> dict[str, set[str]]:
    """Return the labels of every series that operator and webhook have, by name."""
    known: dict[str, set[str]] = {}
    for registry in (metrics.REGISTRY, webhook_metrics.REGISTRY):
        for collector, labels in _collectors(registry):
            for suffix in _SUFFIXES[collector._type]:
                of_kind = {"version"} if suffix == "_info" else {"le"} if suffix == "_bucket" else set()
                known.setdefault(f"{collector._name}{suffix}", set()).update(labels | of_kind)
        for family in registry.collect():
            if family.name.startswith("process_"):
                known.update({sample.name: set() for sample in family.samples})
    return known


def _collectors(registry: CollectorRegistry) -> Iterator[tuple[Any, set[str]]]:
    for collector in registry._collector_to_names:
        if hasattr(collector, "_labelnames"):
            yield collector, set(collector._labelnames)


def strangers(expression: str) -> list[str]:
    """Return what an expression asks for that there is not: series, or labels of them."""
    known = series()
    wrong = []
    for each in asked(expression):
        if each.name not in known:
            wrong.append(each.name)
        else:
            wrong.extend(f"{each.name}{{{label}}}" for label in sorted(each.labels - known[each.name] - OF_TARGETS))
    return wrong
