"""Writes a dashboard as Grafana imports it: places, ids and data sources follow from the order of its panels."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dashboards.model import Dashboard, Panel, Row, Variable
from dashboards.queries import SELECTOR

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS: Final = 24


def rendered(dashboard: Dashboard) -> str:
    """Return a dashboard as Grafana imports it."""
    body = {
        "annotations": {"list": []},
        "description": dashboard.description,
        "editable": False,
        "graphTooltip": 1,
        "links": [],
        "panels": list(_panels(dashboard.rows)),
        "refresh": "1m",
        "schemaVersion": 39,
        "tags": ["jira-deployment-operator"],
        "templating": {"list": [_data_source(), *map(_variable, dashboard.variables)]},
        "time": {"from": dashboard.since, "to": "now"},
        "timezone": "",
        "title": dashboard.title,
        "uid": f"jira-deployment-operator-{dashboard.name}",
    }
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _panels(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for row in rows:
        number += 1
        yield {
            "collapsed": False,
            "gridPos": _at(0, y, _COLUMNS, 1),
            "id": number,
            "panels": [],
            "title": row.title,
            "type": "row",
        }
        x, y = 0, y + 1
        height = 4 if row.panels[0].look == "stat" else 8
        for panel in row.panels:
            number += 1
            if x + panel.width > _COLUMNS:
                x, y = 0, y + height
            yield _panel(panel, number, _at(x, y, panel.width, height))
            x += panel.width
        y += height


def _at(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"h": height, "w": width, "x": x, "y": y}


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.warns_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.warns_below}]
    if panel.warns_from is not None:
        steps.append({"color": "red", "value": panel.warns_from})
    options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}, "textMode": "auto"}
    if panel.look == "timeseries":
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "datasource": _SOURCE,
        "description": panel.description,
        "fieldConfig": {
            "defaults": {"min": 0, "thresholds": {"mode": "absolute", "steps": steps}, "unit": panel.unit},
            "overrides": [],
        },
        "gridPos": place,
        "id": number,
        "options": options,
        "targets": [
            {
                "datasource": _SOURCE,
                "expr": query.replace("${selector}", SELECTOR),
                "instant": panel.look == "stat",
                "legendFormat": legend,
                "range": panel.look != "stat",
                "refId": chr(ord("A") + index),
            }
            for index, (query, legend) in enumerate(panel.queries)
        ],
        "title": panel.title,
        "type": panel.look,
    }


def _data_source() -> dict[str, Any]:
    return {"label": "Data source", "name": "datasource", "query": "prometheus", "type": "datasource"}


def _variable(variable: Variable) -> dict[str, Any]:
    """All means anything, even no such label: not every Prometheus knows its cluster's name."""
    return {
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "datasource": _SOURCE,
        "includeAll": True,
        "label": variable.label,
        "multi": True,
        "name": variable.name,
        "query": {"query": f"label_values({variable.metric}, {variable.name})", "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "type": "query",
    }
