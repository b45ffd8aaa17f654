"""`doctor`: is everything there that the operator needs?"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import click

from jira_deployment_operator.cli.check import Check, failed, ok
from jira_deployment_operator.cli.cluster_checks import check_cluster
from jira_deployment_operator.cli.options import Format, output_option, settings_option
from jira_deployment_operator.cli.output import echo, echo_data
from jira_deployment_operator.cli.site_checks import check_site
from jira_deployment_operator.settings import Settings, SettingsError, load

_AREA: Final = "settings"


@click.command(epilog="Exit codes: 0 all is well, 1 a check failed, 2 wrong arguments or settings.")
@settings_option
@output_option
def doctor(path: Path, format_: Format) -> None:
    """Check settings, Jira and the cluster.

    Each check is a line, and says what to do where it fails. Nothing is changed. Run it as the operator
    runs: with its settings, its credential files, and in its pod or with its ServiceAccount's kubeconfig,
    for it is the rights of the kubeconfig's user that are checked.
    """
    tell: Callable[[Check], None] = _tell if format_ == "text" else lambda _: None
    try:
        settings = load(path)
    except SettingsError as error:
        checks = [
            failed(_AREA, "file", line, "mend this key; docs/settings.md has all") for line in str(error).split("\n")
        ]
        for check in checks:
            tell(check)
        code = 2
    else:
        checks = asyncio.run(_run(settings, path, tell))
        code = 1 if any(each.status == "failed" for each in checks) else 0
    if format_ == "text":
        echo(summary(checks))
    else:
        echo_data({"ok": code == 0, "checks": [each.as_data() for each in checks]}, format_)
    sys.exit(code)


def summary(checks: list[Check]) -> str:
    """Return the last line."""
    wrong = sum(each.status == "failed" for each in checks)
    if not wrong:
        return "All is well."
    return "1 check failed." if wrong == 1 else f"{wrong} checks failed."


async def _run(settings: Settings, path: Path, tell: Callable[[Check], None]) -> list[Check]:
    checks: list[Check] = []
    async for check in _checks(settings, path):
        tell(check)
        checks.append(check)
    return checks


async def _checks(settings: Settings, path: Path) -> AsyncIterator[Check]:
    count = len(settings.sites)
    sites = "1 site" if count == 1 else f"{count} sites"
    yield ok(_AREA, "file", f"{path}: cluster {settings.cluster}, {sites}, follows {', '.join(settings.sources)}")
    for site in settings.sites:
        async for check in check_site(site, settings):
            yield check
    async for check in check_cluster(settings):
        yield check


def _tell(check: Check) -> None:
    echo(check.as_text())
