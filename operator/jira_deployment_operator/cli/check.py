"""One thing that `doctor` has looked at."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import click

Status = Literal["ok", "failed", "skipped"]

AREA_CLUSTER: Final = "cluster"

_COLOURS: Final[dict[Status, str]] = {"ok": "green", "failed": "red", "skipped": "yellow"}


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at and how it is; `advice` is what to do where it failed."""

    area: str
    name: str
    status: Status
    message: str = ""
    advice: str = ""

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "area": self.area,
            "check": self.name,
            "status": self.status,
            "message": self.message,
            "advice": self.advice,
        }

    def as_text(self) -> str:
        """Return it for people: one line, and where it failed a second one with what to do."""
        status = click.style(f"{self.status:<8}", fg=_COLOURS[self.status])
        said = f": {self.message}" if self.message else ""
        line = f"{status} {self.area:<14} {self.name}{said}"
        return f"{line}\n{'':<8} -> {self.advice}" if self.advice and self.status == "failed" else line


def ok(area: str, name: str, message: str = "") -> Check:
    """Return that all is well."""
    return Check(area, name, "ok", message)


def failed(area: str, name: str, message: str, advice: str) -> Check:
    """Return that something is wrong."""
    return Check(area, name, "failed", message, advice)


def skipped(area: str, name: str, message: str) -> Check:
    """Return that nobody looked, and why; this is no failure."""
    return Check(area, name, "skipped", message)
