"""The Connect form: every operation at the site's own address, and every token that must not pass."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest

from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import Client, Reply, visiting
from sandbox.jira.connect import CLOCK_LEEWAY, LONGEST_LIFE, query_hash
from sandbox.jira.example import a_deployment

NEIGHBOUR = JiraSite(
    name="initech",
    cloud_id="initech-cloud",
    app_key=CONNECT_SITE.app_key,
    shared_secret="another-shared-secret-of-32-bytes",
)
SUBMIT = ("POST", "/rest/deployments/0.1/bulk")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    right = {"iss": CONNECT_SITE.app_key, "iat": now, "exp": now + LONGEST_LIFE, "qsh": query_hash(*SUBMIT)}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def signed(payload: Mapping[str, Any], secret: str = CONNECT_SITE.shared_secret, algorithm: str = "HS256") -> str:
    return "JWT " + jwt.encode(dict(payload), secret, algorithm)


async def submit_with(client: Client, authorization: str) -> Reply:
    client.authorization = authorization
    return await client.submit(a_deployment())


@pytest.mark.parametrize(
    ("method", "path", "digest"),
    [
        ("POST", "/rest/deployments/0.1/bulk", "e50a1fc975925dfc3652c2ea120c1d37f5581e16d5a167a5adbeda3bda7ab589"),
        (
            "GET",
            "/rest/deployments/0.1/pipelines/p1/environments/prod/deployments/42/gating-status",
            "163a354a144e042bd091c15ceaa7a67c4d47f80edcc4337c2cdea1b85feceb74",
        ),
        (
            "DELETE",
            "/rest/deployments/0.1/bulkByProperties?cluster=c1&namespace=team%20a",
            "4e03161f63ea9ab4b818bfba38e80a117e017a94baead335194b35f30f081cd2",
        ),
        (
            "GET",
            "/path/to/service?zee_last=param&repeated=parameter 1&first=param&repeated=parameter 2",
            "e52bb281606c3bd9ca16cfe96fe2df78f5d9ffa126f06befd750dfa10fa1a897",
        ),
        ("GET", "/", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239"),
        ("GET", "/a/?x=~t&x=a,b&jwt=zzz", "7d190ad0e633ad6f3baf0b8fa4f694dbf4530e90e9717c057902acbf67f82e99"),
        (
            "GET",
            "/rest/deployments/0.1/pipelines/a%2Fb/environments/e%20x/deployments/1",
            "da85e167a278f98c5e33fdc17c68683146020437597ad442e420527daa8d0004",
        ),
    ],
)
def test_given_the_known_vectors_when_hashed_then_the_digests_are_the_known_ones(
    method: str, path: str, digest: str
) -> None:
    assert query_hash(method, path) == digest


async def test_given_a_signing_client_when_it_calls_every_operation_then_all_work() -> None:
    odd = {"id": "shop/check out%", "displayName": "x", "url": "https://x.example/"}
    async with StandInJira((CONNECT_SITE,), storage_delay=0) as jira, visiting(jira, CONNECT_SITE) as client:
        await client.submit(a_deployment(1, pipeline=odd), properties={"namespace": "team a,b+c&d"})
        await client.submit(a_deployment(2, pipeline=odd))
        assert (await client.get("shop/check out%", "prod", 1)).body["pipeline"] == odd

        assert (await client.delete_by_properties(("namespace", "team a,b+c&d"))).status == 202
        assert (await client.get("shop/check out%", "prod", 1)).status == 404
        assert (await client.delete("shop/check out%", "prod", 2)).status == 202

        assert jira.deployments() == []
        assert jira.violations == []
        assert {entry.path.startswith("/sites/globex/rest/deployments/0.1/") for entry in jira.journal} == {True}


async def test_given_a_site_as_second_of_two_when_called_then_it_is_told_apart_from_the_first() -> None:
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE), storage_delay=0) as jira,
        visiting(jira, CONNECT_SITE) as client,
    ):
        await client.submit(a_deployment())

        assert jira.deployments() == []
        assert len(jira.deployments("globex")) == 1
        assert jira.requests("submit", "globex")
        reply = await client.send("GET", f"{jira.site_url('globex')}/_edge/tenant_info")
        assert reply.body == {"cloudId": CONNECT_SITE.cloud_id}


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [
        ({"iat": 0, "exp": LONGEST_LIFE}, True),
        ({"iat": 0, "exp": LONGEST_LIFE + 1}, False),
        ({"iat": -LONGEST_LIFE + 60, "exp": 60}, True),
        ({"iat": CLOCK_LEEWAY - 2, "exp": 60}, True),
        ({"iat": CLOCK_LEEWAY + 30, "exp": 60}, False),
        ({"iat": -61, "exp": -1}, False),
    ],
    ids=str,
)
async def test_given_a_token_of_some_age_when_used_then_it_passes_only_in_its_short_life(
    seconds: dict[str, int], accepted: bool
) -> None:
    async with StandInJira((CONNECT_SITE,)) as jira, visiting(jira, CONNECT_SITE, log_in=False) as client:
        now = int(time.time())

        reply = await submit_with(client, signed(claims(**{name: now + value for name, value in seconds.items()})))

        assert reply.status == (202 if accepted else 401)


# The tokens are made when they are used: they live for three minutes, and a test run may take longer.
@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (lambda: "", "Missing a JWT token"),
        (lambda: "Bearer token", "Missing a JWT token"),
        (lambda: "JWT", "Invalid JWT: "),
        (lambda: "JWT wrong", "Invalid JWT: "),
        (lambda: signed(claims(), secret="guessed-shared-secret-of-32-bytes-or-so"), "Invalid JWT: Signature"),
        (lambda: signed(claims(), secret=NEIGHBOUR.shared_secret), "Invalid JWT: Signature"),
        (lambda: signed(claims(iss="another-app")), "Invalid JWT: Invalid issuer"),
    ],
    ids=["none", "bearer", "empty", "garbage", "guessed secret", "neighbour's secret", "another app"],
)
async def test_given_a_token_that_proves_nothing_when_used_then_401(
    authorization: Callable[[], str], reason: str
) -> None:
    async with StandInJira((CONNECT_SITE, NEIGHBOUR)) as jira, visiting(jira, CONNECT_SITE, log_in=False) as client:
        reply = await submit_with(client, authorization())

        assert reply.status == 401
        assert reply.body[0]["message"].startswith(reason)
        # Whoever lost or mistook a secret has not broken the rules of the API.
        assert jira.violations == []


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (lambda: signed(claims(), secret="s" * 64, algorithm="HS384"), "alg value"),
        (lambda: "JWT " + jwt.encode(claims(), "", "none"), "alg value"),
        (lambda: signed(claims(iss=None)), '"iss"'),
        (lambda: signed(claims(iat=None)), '"iat"'),
        (lambda: signed(claims(exp=None)), '"exp"'),
        (lambda: signed(claims(qsh=None)), '"qsh"'),
        (lambda: signed(claims(iat="now")), "whole seconds"),
        (lambda: signed(claims(exp=int(time.time()) + 3600)), "exp is more than 180 seconds after iat"),
        (lambda: signed(claims(iat=int(time.time()) + 100)), "iat is in the future"),
        (lambda: signed(claims(qsh=query_hash("GET", SUBMIT[1]))), "qsh does not match"),
        (lambda: signed(claims(qsh=query_hash("POST", SUBMIT[1] + "?a=b"))), "qsh does not match"),
        (lambda: signed(claims(qsh=query_hash("POST", "/sites/globex" + SUBMIT[1]))), "qsh does not match"),
        (lambda: signed(claims(qsh="context-qsh")), "qsh does not match"),
    ],
    ids=[
        *("another algorithm", "no algorithm", "no iss", "no iat", "no exp", "no qsh", "iat a text"),
        *("long life", "future", "qsh of a method", "qsh of a query", "qsh of the whole path", "qsh of no request"),
    ],
)
async def test_given_a_token_no_app_should_make_when_used_then_401_and_a_violation(
    authorization: Callable[[], str], reason: str
) -> None:
    async with (
        StandInJira((CONNECT_SITE,), storage_delay=0) as jira,
        visiting(jira, CONNECT_SITE, log_in=False) as client,
    ):
        reply = await submit_with(client, authorization())

        assert reply.status == 401
        assert reason in reply.body[0]["message"]
        assert reason in jira.violations[0]
        assert jira.deployments() == []


async def test_given_a_token_for_one_query_when_used_for_another_then_401() -> None:
    path = "/rest/deployments/0.1/bulkByProperties?cluster="
    async with StandInJira((CONNECT_SITE,)) as jira, visiting(jira, CONNECT_SITE, log_in=False) as client:
        client.authorization = signed(claims(qsh=query_hash("DELETE", f"{path}one")))

        assert (await client.delete_by_properties(("cluster", "one"))).status == 202
        assert (await client.delete_by_properties(("cluster", "two"))).status == 401


async def test_given_the_wrong_form_for_a_site_when_called_then_it_is_refused() -> None:
    async with (
        StandInJira((DEFAULT_SITE, CONNECT_SITE)) as jira,
        visiting(jira, DEFAULT_SITE) as oauth,
        visiting(jira, CONNECT_SITE, log_in=False) as connect,
    ):
        bearer, token = oauth.authorization, signed(claims())
        assert (await submit_with(connect, token)).status == 202
        cloud = f"{jira.url}/jira/deployments/0.1/cloud/{CONNECT_SITE.cloud_id}"
        rest = f"{jira.site_url(DEFAULT_SITE.name)}/rest/deployments/0.1"

        for base, authorization, status in (
            (connect.base, bearer, 401),
            (connect.base, "Basic bWU6dG9rZW4=", 403),
            (rest, token, 401),
            (rest, bearer, 401),
            (oauth.base, token, 401),
            (cloud, token, 401),
            (cloud, bearer, 403),
            (f"{jira.url}/sites/nobody/rest/deployments/0.1", token, 404),
        ):
            headers = {"Authorization": authorization}
            reply = await oauth.send("POST", f"{base}/bulk", json={"deployments": [a_deployment()]}, headers=headers)
            assert (base, authorization[:6], reply.status) == (base, authorization[:6], status)


async def test_given_an_app_that_is_uninstalled_when_it_calls_then_401_until_it_is_back() -> None:
    async with (
        StandInJira((CONNECT_SITE, NEIGHBOUR)) as jira,
        visiting(jira, CONNECT_SITE) as client,
        visiting(jira, NEIGHBOUR) as neighbour,
    ):
        jira.revoke_credentials("globex")
        assert (await client.submit(a_deployment())).status == 401
        assert (await neighbour.submit(a_deployment())).status == 202

        jira.restore_credentials("globex")
        assert (await client.submit(a_deployment())).status == 202


async def test_given_a_rotated_secret_when_signing_then_only_the_new_one_is_good() -> None:
    async with (
        StandInJira((CONNECT_SITE, NEIGHBOUR)) as jira,
        visiting(jira, CONNECT_SITE) as client,
        visiting(jira, NEIGHBOUR) as neighbour,
    ):
        rotated = jira.rotate_credentials("globex")
        assert (await client.submit(a_deployment())).status == 401

        assert (rotated.name, rotated.app_key) == ("globex", CONNECT_SITE.app_key)
        client.site = rotated
        assert (await client.submit(a_deployment())).status == 202
        assert (await neighbour.submit(a_deployment())).status == 202
        assert jira.violations == []


async def test_given_two_sites_with_the_same_app_when_one_is_called_then_the_other_stores_nothing() -> None:
    async with StandInJira((CONNECT_SITE, NEIGHBOUR), storage_delay=0) as jira, visiting(jira, NEIGHBOUR) as client:
        await client.submit(a_deployment())

        assert (jira.deployments("globex"), len(jira.deployments("initech"))) == ([], 1)
