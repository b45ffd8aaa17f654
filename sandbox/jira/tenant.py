"""The way from a site's name to its cloud id.

Fact 2.1: unauthenticated `GET https://<site>.atlassian.net/_edge/tenant_info` answers `{"cloudId": "…"}`.
"""

from sandbox.jira.exchange import Answer, Exchange


def tenant_info(exchange: Exchange) -> Answer:
    """Answer with the site's cloud id."""
    return Answer(200, {"cloudId": exchange.site.cloud_id}) if exchange.site else Answer(404)
