"""A dashboard as its author thinks of it: rows of panels, each a title, a description, a unit and queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Look = Literal["timeseries", "stat"]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: `queries` are pairs of PromQL and legend; below `warns_below` and from `warns_from` on it is red."""

    title: str
    description: str
    unit: str
    queries: Sequence[tuple[str, str]]
    look: Look = "timeseries"
    width: int = 8
    warns_from: float | None = None
    warns_below: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable on top of a dashboard: the values of a label of a metric."""

    name: str
    label: str
    metric: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One file."""

    name: str
    title: str
    description: str
    since: str
    variables: Sequence[Variable]
    rows: Sequence[Row]
