"""An API server with some namespaces, each of which a stranger may read, or may not."""

from collections.abc import AsyncIterator
from typing import Any

from jira_deployment_operator.kube.client import ApiServer
from jira_deployment_operator.kube.errors import ApiServerError, NotFound


class NamespacedApiServer(ApiServer):
    """`answers` has each namespace's annotations, or what is said instead; each collection has one object."""

    def __init__(self, answers: dict[str, dict[str, str] | ApiServerError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def metadata(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        name = path.removeprefix("/api/v1/namespaces/")
        answer = self.answers.get(name, NotFound(path))
        if isinstance(answer, ApiServerError):
            raise answer
        return {"name": name, "uid": f"uid-{name}", "annotations": answer}

    async def objects(self, path: str) -> AsyncIterator[dict[str, Any]]:
        self.asked.append(path)
        yield {"metadata": {"name": path}}
