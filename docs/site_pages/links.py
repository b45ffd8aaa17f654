"""Makes the site of more than `docs/`: pages that stand elsewhere in the repository, and links that lead there.

Every link is written as a Git hosting page takes it: relative, from file to file. Here those to pages of the site
become links between its pages, and those to other files links to the repository.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = "docs/"

ELSEWHERE: Final[Mapping[str, str]] = {
    "README.md": "index.md",
    "charts/jira-deployment-operator/README.md": "reference/chart.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/reporting-holes.md",
    "benchmarks/README.md": "project/benchmarks.md",
}
"""Pages that stand elsewhere, by their path in the repository, with their path on the site."""

_CODE_OR_LINK: Final = re.compile(
    r"^ *```.*?^ *```|`[^`]+`|(?<=\]\()(?!\w+:|#)(?P<path>[^()\s#]+)(?P<anchor>#[^()\s]*)?(?=\))",
    re.MULTILINE | re.DOTALL,
)


def for_site(markdown: str, page: str, *, repository: str) -> str:
    """Return the text of a page (by its path on the site) with links as the site needs them."""
    at = next((path for path, target in ELSEWHERE.items() if target == page), DOCS + page)

    def link(found: re.Match[str]) -> str:
        if not found["path"]:
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(at), found["path"]))
        anchor = found["anchor"] or ""
        target = ELSEWHERE.get(path) or (path.removeprefix(DOCS) if path.startswith(DOCS) else "")
        if target:
            return posixpath.relpath(target, posixpath.dirname(page) or ".") + anchor
        view = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{repository}/{view}/main/{path}{anchor}"

    return _CODE_OR_LINK.sub(link, markdown)
