"""The chart's Grafana dashboards: what they show, and how Grafana has it written."""
