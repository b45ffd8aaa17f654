"""Where figures were taken: without it they say nothing."""

import os
import platform
from dataclasses import dataclass
from typing import Final, Self

import psutil

_BUSY_SHARE: Final = 0.3
"""A run brings its own load; what is there before it, beyond this share of the cores, is somebody else's."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, and how busy it was before the run."""

    cores: int
    memory_gb: float
    system: str
    python: str
    load_average: tuple[float, float, float]

    @classmethod
    def here(cls) -> Self:
        """This one, now."""
        return cls(
            cores=len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else _cores(),
            memory_gb=round(psutil.virtual_memory().total / 1024**3, 1),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            load_average=os.getloadavg(),
        )

    @property
    def is_busy(self) -> bool:
        """Whether others use it so much that times say little."""
        return self.load_average[0] > _BUSY_SHARE * self.cores


def _cores() -> int:
    return os.cpu_count() or 1
