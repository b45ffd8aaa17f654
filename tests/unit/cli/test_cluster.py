from pathlib import Path

import pytest

from jira_deployment_operator.cli.cluster import connected, current_namespace
from jira_deployment_operator.cli.failures import Failure


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("a: [", id="not-yaml"),
        pytest.param("apiVersion: v1\nkind: Config\ncurrent-context: x\n", id="no-contexts"),
        pytest.param(
            "current-context: x\n"
            "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
            "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: /absent}}]\n"
            "users: [{name: u, user: {}}]\n",
            id="no-such-ca-file",
        ),
    ],
)
async def test_r10_a_kubeconfig_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))

    with pytest.raises(Failure, match="no usable kubeconfig: ") as told:
        async with connected():
            pass

    assert told.value.advice.startswith("set KUBECONFIG to a file")


@pytest.mark.parametrize(
    ("context", "namespace"), [("{cluster: c, user: u, namespace: shop}", "shop"), ("{cluster: c, user: u}", "default")]
)
def test_the_namespace_is_that_of_the_current_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: str, namespace: str
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        "current-context: x\n"
        f"contexts: [{{name: other, context: {{cluster: c, user: u}}}}, {{name: x, context: {context}}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: u, user: {}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))

    assert current_namespace() == namespace
