"""Lives of workloads under the real controllers, and the states Jira must get of them, rollout by rollout.

`python -m tests.unit.workloads.stories [NAME ...]` plays them on a cluster of its own (`make tools` builds what it
needs) and writes `recorded/`; `test_recorded.py` replays that without a cluster.
"""

from tests.unit.workloads.stories import canary, others, traffic, troubles
from tests.unit.workloads.stories.doings import STORIES

__all__ = ["STORIES", "canary", "others", "traffic", "troubles"]
