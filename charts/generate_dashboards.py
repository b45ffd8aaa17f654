"""Writes the chart's Grafana dashboards from `dashboards/`; with `--check` it only compares."""

import sys
from pathlib import Path
from typing import Final

from dashboards.dora_dashboard import DORA
from dashboards.grafana import rendered
from dashboards.operator_dashboard import OPERATOR

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "charts" / "jira-deployment-operator" / "files" / "dashboards"


def main() -> int:
    """Write or compare; return the exit code."""
    check = "--check" in sys.argv[1:]
    stale = []
    for dashboard in (OPERATOR, DORA):
        target = TARGET / f"{dashboard.name}.json"
        wanted = rendered(dashboard)
        if not target.exists() or target.read_text(encoding="utf-8") != wanted:
            stale.append(target)
            if not check:
                target.write_text(wanted, encoding="utf-8")
    for target in stale:
        action = "is not what charts/dashboards/ says; run `make generate`" if check else "written"
        sys.stdout.write(f"{target.relative_to(ROOT)} {action}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
