"""The pages that Prometheus fetches: as it wants them, and documented to the last metric."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from jira_deployment_operator.observability import metrics, webhook_metrics
from jira_deployment_operator.observability.health import Health, make_app, serve
from jira_deployment_operator.settings import Http
from tests.observability.promql import strangers

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PREFIX: Final = "jira_deployment_operator_"
REGISTRIES: Final = {"The operator": metrics.REGISTRY, "The webhook": webhook_metrics.REGISTRY}
_SUFFIX: Final = {"counter": "_total", "info": "_info"}


def collectors(registry: CollectorRegistry) -> list[Any]:
    return [each for each in registry._collector_to_names if hasattr(each, "_labelnames")]


def row(collector: Any) -> str:
    """Return a metric's row in the documentation."""
    type_ = collector._type
    name = f"{collector._name}{_SUFFIX.get(type_, '')}".removeprefix(PREFIX)
    labels = ["version"] if type_ == "info" else collector._labelnames
    return f"| `{name}` | {type_} | {', '.join(f'`{each}`' for each in labels)} | {collector._documentation} |"


@pytest.fixture(params=list(REGISTRIES))
async def page(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """What Prometheus gets, with a series of every metric."""
    registry = REGISTRIES[request.param]
    for collector in collectors(registry):
        if collector._type == "info":
            collector.info({"version": "1.2.3"})
        elif collector._labelnames:
            collector.labels(*("x" for _ in collector._labelnames))
    runner = await serve(make_app(Health(), registry, refresh=lambda: None), Http(host="127.0.0.1", port=0))
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            yield await response.text()
    finally:
        await runner.cleanup()
        for collector in collectors(registry):
            if collector._labelnames and collector._type != "info":
                collector.remove(*("x" for _ in collector._labelnames))


async def test_prometheus_finds_nothing_wrong_with_names_and_texts(page: str, promtool: Callable[..., str]) -> None:
    assert promtool("check", "metrics", stdin=page) == ""


@pytest.mark.parametrize("heading", REGISTRIES)
def test_every_metric_is_documented_and_nothing_else(heading: str) -> None:
    """The rows are those of the code, word by word: `meaning` is what `/metrics` says too."""
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]

    assert rows == [row(each) for each in collectors(REGISTRIES[heading])]


async def test_what_most_programs_tell_of_themselves_is_there(page: str) -> None:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    names = re.findall(r"`(process_\w+)`", text)

    assert names
    for name in names:
        assert f"\n{name} " in page


@pytest.mark.parametrize(
    "expression",
    [
        expression
        for block in re.findall(r"```promql\n(.*?)```", (DOCS / "dora.md").read_text(encoding="utf-8"), re.DOTALL)
        for expression in re.split(r"\n\n", block)
    ]
    + [
        expression
        for path in sorted(DOCS.glob("*.md"))
        for expression in re.findall(r"^ *expr: (.*jira_deployment_operator.*)$", path.read_text("utf-8"), re.MULTILINE)
    ],
)
def test_the_queries_in_the_documentation_ask_for_series_that_there_are(expression: str) -> None:
    assert strangers(expression) == []
