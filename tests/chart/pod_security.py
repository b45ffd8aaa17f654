"""The Pod Security Standard "restricted", as kubernetes.io/docs/concepts/security/pod-security-standards has it."""

from collections.abc import Iterator
from typing import Any, Final

VOLUMES: Final = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}

Spec = dict[str, Any]


def violations(spec: Spec) -> list[str]:
    """Return what the spec of a pod does that "restricted" forbids."""
    return [*_of_pod(spec), *(each for container in containers(spec) for each in _of_container(spec, container))]


def containers(spec: Spec) -> list[Spec]:
    """Return all containers of a pod."""
    return [each for key in ("initContainers", "containers", "ephemeralContainers") for each in spec.get(key, [])]


def _of_pod(spec: Spec) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    if spec.get("securityContext", {}).get("sysctls"):
        yield "sysctls"
    for volume in spec.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"volume {volume['name']}"


def _of_container(spec: Spec, container: Spec) -> Iterator[str]:
    name, own, pods = container["name"], container.get("securityContext", {}), spec.get("securityContext", {})
    if own.get("runAsNonRoot", pods.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot"
    if own.get("runAsUser", pods.get("runAsUser")) == 0:
        yield f"{name}: runAsUser"
    if own.get("seccompProfile", pods.get("seccompProfile", {})).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name}: seccompProfile"
    if own.get("privileged"):
        yield f"{name}: privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities"
    if own.get("procMount", "Default") != "Default":
        yield f"{name}: procMount"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield f"{name}: hostPort"
