"""Programs that pages call, as small scripts in front of the real ones.

kubectl and helm are real. Pods here are simulated, so what a page runs in one (`kubectl exec`, the Job's logs) runs on
this machine instead, with the settings of the release and the token of its ServiceAccount. The chart gets the values of
a sandbox on top of the page's own: where the stand-in Jira is. `ELSEWHERE` is not run at all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

ELSEWHERE: Final[Mapping[str, str]] = {
    "docker": "there is no container runtime; tests/image builds the image without one",
    "cosign": "nothing is published yet that could be verified",
    "gh": "nothing is published yet that could be attested",
    "git": "a release is made by people",
    "make": "its targets are what runs this; that each exists is tested",
}
"""What pages call and nobody runs here, with the reason."""

_KUBECTL: Final = """\
#!/bin/bash
# In a pod: `kubectl exec`, and what a Job says.
set -eu -o pipefail
real={kubectl}
in_pod() {{
  namespace=$(cat {pod}/namespace)
  KUBECONFIG={pod}/kubeconfig JIRA_OPERATOR_SETTINGS={pod}/settings.yaml exec "$@"
}}
case "$1" in
exec)
  shift
  target=()
  while [ "$1" != -- ]; do target+=("$1"); shift; done
  shift
  "$real" get "${{target[@]}}" >/dev/null
  in_pod "$@" ;;
port-forward)
  shift
  exec "$real" get "${{@:1:$#-1}}" ;;
logs)
  shift
  target=()
  for each in "$@"; do case "$each" in --tail=*|--follow|-f) ;; *) target+=("$each") ;; esac; done
  case "$*" in
  *job/*)
    arguments=$("$real" get "${{target[@]}}" -o 'jsonpath={{.spec.template.spec.containers[0].args[*]}}')
    in_pod jira-deployment-operator $arguments ;;
  *) exec "$real" get pods "${{target[@]}}" ;;
  esac ;;
*) exec "$real" "$@" ;;
esac
"""

_HELM: Final = """\
#!/bin/bash
# Of our own chart: with the sandbox's values; then, what the release's pod would find mounted.
set -eu -o pipefail
case "$*" in *jira-deployment-operator*) ;; *) exec {helm} "$@" ;; esac
arguments=()
namespace=default
while [ $# -gt 0 ]; do
  case "$1" in
  oci://*) arguments+=(charts/jira-deployment-operator) ;;
  -n) namespace=$2; arguments+=(-n "$2"); shift ;;
  *) arguments+=("$1") ;;
  esac
  shift
done
case "${{arguments[0]}}" in
install|upgrade)
  more=(-f {pod}/sandbox.yaml --set 'sites[0].cloudId={cloud_id}')
  case "${{arguments[*]}}" in *--reuse-values*) more=() ;; esac
  {helm} "${{arguments[@]}}" "${{more[@]}}"
  {kubectl} get configmap jira-deployment-operator-settings -n "$namespace" \\
    -o 'jsonpath={{.data.settings\\.yaml}}' >{pod}/settings.yaml
  token=$({kubectl} create token jira-deployment-operator -n "$namespace" --duration=1h)
  {kubectl} config view --raw --flatten >{pod}/kubeconfig
  {kubectl} --kubeconfig={pod}/kubeconfig config set-credentials pod --token="$token" >/dev/null
  {kubectl} --kubeconfig={pod}/kubeconfig config set-context --current --user=pod --namespace="$namespace" >/dev/null
  echo "$namespace" >{pod}/namespace ;;
test)
  [ -n "$({helm} get hooks "${{arguments[@]:1}}")" ] ;;
*)
  {helm} "${{arguments[@]}}" ;;
esac
"""


def write(folder: Path, *, kubectl: Path, helm: Path, program: Path, pod: Path, cloud_id: str) -> None:
    """Write the scripts into a folder that comes first in the PATH; `pod` is what a pod would find mounted."""
    places = {"kubectl": kubectl, "helm": helm, "pod": pod, "cloud_id": cloud_id}
    scripts = {"kubectl": _KUBECTL.format(**places), "helm": _HELM.format(**places)}
    scripts |= dict.fromkeys(ELSEWHERE, "#!/bin/sh\nexit 0\n")
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    (folder / "jira-deployment-operator").symlink_to(program)
