"""The PromQL that panels are made of. `${selector}` stands for the labels that the variables choose by."""

from typing import Final

PREFIX: Final = "jira_deployment_operator"
SELECTOR: Final = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$job"'
_PLACE: Final = ', site=~"$site", environment_type=~"$environment_type"'


def rate(metric: str, by: str) -> str:
    """Return how often something happens in a second."""
    return f"sum by ({by}) (rate({PREFIX}_{metric}{{${{selector}}}}[$__rate_interval]))"


def quantile(share: float, metric: str, by: str) -> str:
    """Return the value that `share` of what was observed did not exceed."""
    of = f"sum by (le, {by}) (rate({PREFIX}_{metric}_bucket{{${{selector}}}}[$__rate_interval]))"
    return f"histogram_quantile({share}, {of})"


def gauge(metric: str, by: str, how: str = "max") -> str:
    """Return what a gauge says now."""
    return f"{how} by ({by}) ({PREFIX}_{metric}{{${{selector}}}})"


def ago(metric: str, by: str) -> str:
    """Return how many seconds ago a timestamp is."""
    return f"time() - {gauge(metric, by)}"


def grown(metric: str, by: str = "", over: str = "$__range") -> str:
    """Return how much a counter of DORA's has grown."""
    return f"sum{f' by ({by}) ' if by else ''}(increase({PREFIX}_{metric}{{${{selector}}{_PLACE}}}[{over}]))"


def mean(metric: str) -> str:
    """Return the mean of what was observed in the chosen time."""
    return f"{grown(f'{metric}_sum')} / {grown(f'{metric}_count')}"


def median(metric: str, by: str) -> str:
    """Return the median of seven days."""
    return f"histogram_quantile(0.5, {grown(f'{metric}_bucket', f'le, {by}', '7d')})"
