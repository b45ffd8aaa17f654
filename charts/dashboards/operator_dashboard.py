"""Whether rollouts reach Jira, and what is in the way."""

from typing import Final

from dashboards.model import Dashboard, Panel, Row, Variable
from dashboards.queries import PREFIX, ago, gauge, quantile, rate

_STATE: Final = Row(
    "State",
    [
        Panel(
            "Leader",
            "How many replicas lead. It must be one: with none nothing is told, several may tell Jira a state twice.",
            "none",
            [(f"sum({PREFIX}_leader{{${{selector}}}})", "leads")],
            look="stat",
            width=4,
            warns_from=2,
            warns_below=1,
        ),
        Panel(
            "Sites that refuse",
            "Sites that refuse the operator's credentials or cannot be found. A person must act; nothing is lost.",
            "none",
            [(f"sum({gauge('site_stalled', 'site')})", "stalled")],
            look="stat",
            width=4,
            warns_from=1,
        ),
        Panel(
            "Oldest untold",
            "Age of the oldest transition that Jira must still be told.",
            "s",
            [(gauge("outbox_oldest_age_seconds", "site"), "{{site}}")],
            look="stat",
            width=4,
            warns_from=900,
        ),
        Panel(
            "Oldest hold",
            "Age of the oldest rollout that waits for somebody to allow it.",
            "s",
            [(f"max({PREFIX}_hold_oldest_age_seconds{{${{selector}}}})", "held")],
            look="stat",
            width=4,
            warns_from=86400,
        ),
        Panel(
            "Last report",
            "Time since Jira last accepted a transition. Long is normal where little is rolled out.",
            "s",
            [(ago("last_report_timestamp_seconds", "site"), "{{site}}")],
            look="stat",
            width=4,
        ),
        Panel(
            "Versions",
            "The versions that run, and how many replicas of each, the webhook's included.",
            "none",
            [(f"count by (version) ({PREFIX}_build_info{{${{selector}}}})", "{{version}}")],
            look="stat",
            width=4,
        ),
    ],
)

_REPORTING: Final = Row(
    "Reporting",
    [
        Panel(
            "Transitions",
            "Changes of rollouts' states as they are recorded.",
            "ops",
            [(rate("transitions_total", "state"), "{{state}}")],
        ),
        Panel(
            "Deliveries",
            "How deliveries end. Rejected: refused by Jira. Superseded: overtaken while Jira could not be reached."
            " Withheld: the rollout names no issue.",
            "ops",
            [(rate("deliveries_total", "site, outcome"), "{{site}} {{outcome}}")],
        ),
        Panel(
            "Report latency",
            "From the moment a transition was seen to Jira's acceptance.",
            "s",
            [
                (quantile(0.5, "report_latency_seconds", "site"), "{{site}} p50"),
                (quantile(0.99, "report_latency_seconds", "site"), "{{site}} p99"),
            ],
        ),
        Panel(
            "Outbox",
            "Transitions that Jira must still be told. It grows while a site is away and is worked off afterwards.",
            "none",
            [(gauge("outbox_transitions", "site"), "{{site}}")],
        ),
        Panel(
            "Age of the oldest in the outbox",
            "It rises by a second each second while nothing gets through.",
            "s",
            [(gauge("outbox_oldest_age_seconds", "site"), "{{site}}")],
        ),
        Panel(
            "Waits for the rate limit",
            "Share of time in which something was due and waited for the site's requestsPerSecond.",
            "percentunit",
            [(rate("jira_rate_limit_wait_seconds_total", "site"), "{{site}}")],
        ),
    ],
)

_JIRA: Final = Row(
    "Jira",
    [
        Panel(
            "Requests",
            "Requests to Jira by status class; error means that there was no answer.",
            "reqps",
            [(rate("jira_requests_total", "site, status"), "{{site}} {{status}}")],
            width=12,
        ),
        Panel(
            "Time to answer",
            "How long Jira takes to answer, 99th percentile.",
            "s",
            [(quantile(0.99, "jira_request_duration_seconds", "site, operation"), "{{site}} {{operation}}")],
            width=12,
        ),
    ],
)

_GATES: Final = Row(
    "Gates",
    [
        Panel(
            "Rollouts that wait",
            "By who is asked.",
            "none",
            [(gauge("holds", "mode"), "{{mode}}")],
            width=6,
        ),
        Panel(
            "How long rollouts waited",
            "Until they were allowed or refused, median by outcome.",
            "s",
            [(quantile(0.5, "gate_wait_seconds", "outcome"), "{{outcome}}")],
            width=6,
        ),
        Panel(
            "Leaks",
            "Rollouts that went on though nobody had allowed them. There must be none.",
            "none",
            [
                (
                    f"sum by (kind, stopped) (increase({PREFIX}_leaks_total{{${{selector}}}}[$__rate_interval]))",
                    "{{kind}} {{stopped}}",
                )
            ],
            width=6,
            warns_from=1,
        ),
        Panel(
            "Answers of the gate endpoint",
            "By who asked and whether the rollout may go on.",
            "ops",
            [(rate("gate_answers_total", "tool, allowed"), "{{tool}} {{allowed}}")],
            width=6,
        ),
    ],
)

_API_SERVER: Final = Row(
    "API server",
    [
        Panel(
            "Writes",
            "By object and outcome. Conflicts are normal when two act at once; what has failed is tried again.",
            "ops",
            [(rate("api_server_writes_total", "object, outcome"), "{{object}} {{outcome}}")],
        ),
        Panel(
            "Sweeps",
            "Looks at workloads with an open rollout that no event has told of. They fail if the API server is away.",
            "ops",
            [(rate("sweeps_total", "outcome"), "{{outcome}}")],
        ),
        Panel(
            "Things that users should mend",
            "Told as Events on their objects, by reason.",
            "ops",
            [(rate("warnings_total", "reason"), "{{reason}}")],
        ),
    ],
)

_WEBHOOK: Final = Row(
    "Webhook (where gates are enforced by one)",
    [
        Panel(
            "Reviews",
            "Writes the API server asked about, by kind and outcome.",
            "ops",
            [(rate("webhook_reviews_total", "kind, outcome"), "{{kind}} {{outcome}}")],
        ),
        Panel(
            "Time to answer",
            "99th percentile. The API server waits three seconds unless told otherwise.",
            "s",
            [(quantile(0.99, "webhook_review_duration_seconds", "pod"), "{{pod}}")],
        ),
        Panel(
            "Certificate is valid for",
            "Of each replica. It is renewed long before it expires.",
            "s",
            [(f"{gauge('webhook_certificate_expiry_timestamp_seconds', 'pod', 'min')} - time()", "{{pod}}")],
        ),
    ],
)

_PROCESSES: Final = Row(
    "Processes",
    [
        Panel(
            "CPU",
            "Cores in use by each pod.",
            "none",
            [("sum by (pod) (rate(process_cpu_seconds_total{${selector}}[$__rate_interval]))", "{{pod}}")],
            width=12,
        ),
        Panel(
            "Memory",
            "Resident memory of each pod.",
            "bytes",
            [("max by (pod) (process_resident_memory_bytes{${selector}})", "{{pod}}")],
            width=12,
        ),
    ],
)

WHERE: Final = (
    Variable("cluster", "Cluster", f"{PREFIX}_build_info"),
    Variable("namespace", "Namespace", f"{PREFIX}_build_info"),
    Variable("job", "Job", f"{PREFIX}_build_info"),
)

OPERATOR: Final = Dashboard(
    "operator",
    "jira-deployment-operator",
    "Whether rollouts reach Jira, and what is in the way.",
    "now-6h",
    WHERE,
    [_STATE, _REPORTING, _JIRA, _GATES, _API_SERVER, _WEBHOOK, _PROCESSES],
)
