"""The four DORA metrics, as far as rollouts tell: docs/dora.md has the definitions."""

from typing import Final

from dashboards.model import Dashboard, Panel, Row, Variable
from dashboards.operator_dashboard import WHERE
from dashboards.queries import PREFIX, grown, mean, median


def _share(by: str, over: str) -> str:
    return f"{grown('changes_failed_total', by, over)} / {grown('changes_total', by, over)}"


_FOUR: Final = Row(
    "In the chosen time",
    [
        Panel(
            "Deployment frequency",
            "Changes that were released, per day.",
            "none",
            [(f"{grown('changes_released_total')} / ($__range_s / 86400)", "a day")],
            look="stat",
            width=6,
        ),
        Panel(
            "Change failure rate",
            "Share of the changes that failed or were rolled back.",
            "percentunit",
            [(_share("", "$__range"), "failed")],
            look="stat",
            width=6,
        ),
        Panel(
            "Time to restore",
            "Mean time from the failure of a rollout to the next success of its workload.",
            "s",
            [(mean("time_to_restore_seconds"), "mean")],
            look="stat",
            width=6,
        ),
        Panel(
            "Lead time for changes",
            "Mean time from the commit to the release, of the changes whose commit-time is given.",
            "s",
            [(mean("change_lead_time_seconds"), "mean")],
            look="stat",
            width=6,
        ),
    ],
)

_COURSE: Final = Row(
    "Course, over seven days each, by type of environment",
    [
        Panel(
            "Released changes per day",
            "Deployment frequency.",
            "none",
            [(f"{grown('changes_released_total', 'environment_type', '7d')} / 7", "{{environment_type}}")],
            width=12,
        ),
        Panel(
            "Change failure rate",
            "Share of the changes that failed or were rolled back.",
            "percentunit",
            [
                (
                    _share("environment_type", "7d"),
                    "{{environment_type}}",
                )
            ],
            width=12,
        ),
        Panel(
            "Time to restore",
            "Median. It is as exact as the histogram's buckets.",
            "s",
            [(median("time_to_restore_seconds", "environment_type"), "{{environment_type}}")],
            width=12,
        ),
        Panel(
            "Lead time for changes",
            "Median. It is as exact as the histogram's buckets.",
            "s",
            [(median("change_lead_time_seconds", "environment_type"), "{{environment_type}}")],
            width=12,
        ),
    ],
)

DORA: Final = Dashboard(
    "dora",
    "jira-deployment-operator: DORA metrics",
    "Deployment frequency, change failure rate, time to restore and lead time, as far as rollouts tell.",
    "now-30d",
    (
        *WHERE,
        Variable("site", "Site", f"{PREFIX}_changes_total"),
        Variable("environment_type", "Environment", f"{PREFIX}_changes_total"),
    ),
    [_FOUR, _COURSE],
)
