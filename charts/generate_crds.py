"""Writes the chart's CRD templates from `crds/`, the source of truth; with `--check` it only compares.

The templates add what an installation decides: whether to install the CRDs at all, and whether they
outlive the release.
"""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "crds"
TEMPLATES: Final = ROOT / "charts" / "jira-deployment-operator" / "templates" / "crds"

_HEAD: Final = "{{- if .Values.crds.install }}\n"
_TAIL: Final = "{{- end }}\n"
_METADATA: Final = """\
  labels: {{- include "jdo.labels" . | nindent 4 }}
  {{- if or .Values.crds.keep .Values.crds.annotations }}
  annotations:
    {{- if .Values.crds.keep }}
    helm.sh/resource-policy: keep
    {{- end }}
    {{- with .Values.crds.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
"""


def template(crd: str) -> str:
    """Return the chart's template for the text of a CRD."""
    before, marker, after = crd.partition("spec:\n")
    return f"{_HEAD}{before}{_METADATA}{marker}{after}{_TAIL}"


def main() -> int:
    """Write or compare; return the exit code."""
    check = "--check" in sys.argv[1:]
    stale = []
    for source in sorted(SOURCE.glob("*.yaml")):
        target = TEMPLATES / source.name
        wanted = template(source.read_text(encoding="utf-8"))
        if not target.exists() or target.read_text(encoding="utf-8") != wanted:
            stale.append(target)
            if not check:
                target.write_text(wanted, encoding="utf-8")
    for target in stale:
        action = "is not what crds/ says; run `make generate`" if check else "written"
        sys.stdout.write(f"{target.relative_to(ROOT)} {action}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
