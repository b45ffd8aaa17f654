"""Tokens, tenant info and who may call what (facts 2.1 and 5.12)."""

import pytest

from sandbox.jira import DEFAULT_SITE, JiraSite, StandInJira
from sandbox.jira.client import visiting
from sandbox.jira.example import a_deployment

OTHER = JiraSite(name="other", cloud_id="other-cloud", client_id="other-id", client_secret="other-secret")
DENIED = {"error": "access_denied", "error_description": "Unauthorized"}


async def test_given_good_credentials_when_a_token_is_asked_for_then_it_opens_the_api() -> None:
    async with StandInJira(token_lifetime=900) as jira, visiting(jira, log_in=False) as client:
        reply = await client.request_token()
        assert reply.status == 200
        assert reply.body["expires_in"] == 900
        assert reply.body["token_type"] == "Bearer"

        client.authorization = f"Bearer {reply.body['access_token']}"
        assert (await client.submit(a_deployment())).status == 202
        assert jira.violations == []


@pytest.mark.parametrize(
    ("changes", "violates"),
    [
        ({"client_secret": "wrong"}, False),
        ({"client_id": "wrong"}, False),
        ({"client_id": ["not a text"]}, False),
        ({"audience": "wrong"}, True),
        ({"audience": None}, True),
        ({"grant_type": "password"}, True),
    ],
)
async def test_given_a_wrong_token_request_when_sent_then_access_is_denied(
    changes: dict[str, object], violates: bool
) -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        reply = await client.request_token(**changes)

        assert (reply.status, reply.body) == (401, DENIED)
        assert bool(jira.violations) is violates


async def test_given_a_token_request_as_a_form_when_sent_then_it_is_refused() -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        reply = await client.send("POST", f"{jira.url}/oauth/token", data={"grant_type": "client_credentials"})

        assert reply.status == 400
        assert jira.violations


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer", "JWT wrong"])
async def test_given_no_good_token_when_submitting_then_401_in_the_words_of_the_api_proxy(
    authorization: str,
) -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        client.authorization = authorization

        reply = await client.submit(a_deployment())

        assert (reply.status, reply.body) == (401, {"code": 401, "message": "Unauthorized"})


async def test_given_a_token_past_its_lifetime_when_used_then_401() -> None:
    async with StandInJira(token_lifetime=0) as jira, visiting(jira) as client:
        assert (await client.submit(a_deployment())).status == 401


async def test_given_a_personal_api_token_when_submitting_then_403() -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        client.authorization = "Basic bWU6dG9rZW4="

        assert (await client.submit(a_deployment())).status == 403


async def test_given_a_token_of_another_site_when_used_then_403() -> None:
    async with (
        StandInJira((DEFAULT_SITE, OTHER)) as jira,
        visiting(jira, OTHER) as stranger,
        visiting(jira, log_in=False) as client,
    ):
        client.authorization = stranger.authorization

        assert (await client.submit(a_deployment())).status == 403
        assert (await stranger.submit(a_deployment())).status == 202


async def test_given_an_unknown_cloud_id_when_submitting_then_404() -> None:
    nowhere = JiraSite("acme", "unknown-cloud", DEFAULT_SITE.client_id, DEFAULT_SITE.client_secret)
    async with StandInJira() as jira, visiting(jira, nowhere) as client:
        assert (await client.submit(a_deployment())).status == 404


async def test_given_a_site_when_its_tenant_info_is_read_then_it_names_the_cloud_id() -> None:
    async with StandInJira((DEFAULT_SITE, OTHER)) as jira, visiting(jira, log_in=False) as client:
        reply = await client.send("GET", f"{jira.site_url('other')}/_edge/tenant_info")
        nobody = await client.send("GET", f"{jira.url}/sites/nobody/_edge/tenant_info")

        assert (reply.status, reply.body) == (200, {"cloudId": "other-cloud"})
        assert nobody.status == 404
        assert [(entry.operation, entry.site) for entry in jira.journal] == [
            ("tenant_info", "other"),
            ("tenant_info", None),
        ]


async def test_given_revoked_tokens_when_one_is_used_then_401_until_a_new_one_is_fetched() -> None:
    async with (
        StandInJira((DEFAULT_SITE, OTHER)) as jira,
        visiting(jira) as client,
        visiting(jira, OTHER) as other,
    ):
        jira.revoke_tokens("acme")

        assert (await client.submit(a_deployment())).status == 401
        assert (await other.submit(a_deployment())).status == 202
        await client.log_in()
        assert (await client.submit(a_deployment())).status == 202


async def test_given_revoked_credentials_when_used_then_denied_until_restored() -> None:
    async with StandInJira() as jira, visiting(jira) as client:
        jira.revoke_credentials("acme")
        assert (await client.submit(a_deployment())).status == 401
        assert (await client.request_token()).status == 401

        jira.restore_credentials("acme")
        assert (await client.submit(a_deployment())).status == 401
        await client.log_in()
        assert (await client.submit(a_deployment())).status == 202


async def test_given_a_rotated_secret_when_logging_in_then_only_the_new_one_is_good() -> None:
    async with (
        StandInJira((DEFAULT_SITE, OTHER)) as jira,
        visiting(jira, OTHER) as client,
        visiting(jira) as untouched,
    ):
        rotated = jira.rotate_credentials("other")
        assert (await client.submit(a_deployment())).status == 401
        assert (await client.request_token()).status == 401

        assert (rotated.name, rotated.client_id) == ("other", "other-id")
        client.site = rotated
        await client.log_in()
        assert (await client.submit(a_deployment())).status == 202
        assert (await untouched.submit(a_deployment())).status == 202


async def test_given_a_rotated_secret_when_revoked_and_restored_then_it_is_still_the_good_one() -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        jira.revoke_credentials()
        client.site = jira.rotate_credentials()
        assert (await client.request_token()).status == 200

        jira.revoke_credentials()
        assert (await client.request_token()).status == 401
        jira.restore_credentials()
        assert (await client.request_token()).status == 200
        assert (await client.request_token(client_secret=DEFAULT_SITE.client_secret)).status == 401


@pytest.mark.parametrize("change", ["revoke_credentials", "rotate_credentials"])
async def test_given_a_site_nobody_knows_when_its_credentials_are_changed_then_it_says_so(change: str) -> None:
    with pytest.raises(KeyError):
        getattr(StandInJira(), change)("nobody")


async def test_given_a_path_jira_does_not_have_when_called_then_404_and_noted() -> None:
    async with StandInJira() as jira, visiting(jira, log_in=False) as client:
        reply = await client.send("DELETE", f"{jira.url}/rest/api/3/issue/SHOP-1")

        assert reply.status == 404
        assert [entry.operation for entry in jira.journal] == ["unknown"]


@pytest.mark.parametrize("shared", ["name", "cloud_id", "client_id"])
async def test_given_two_sites_that_share_an_identity_when_built_then_it_says_so(shared: str) -> None:
    name, cloud_id, client_id = ("a" if field == shared else "b" for field in ("name", "cloud_id", "client_id"))
    with pytest.raises(ValueError, match=shared):
        StandInJira((JiraSite("a", "a", "a", "secret"), JiraSite(name, cloud_id, client_id, "secret")))


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"client_id": "i"},
        {"client_secret": "s"},
        {"app_key": "a"},
        {"client_id": "i", "client_secret": "s", "app_key": "a"},
        {"client_id": "i", "client_secret": "s", "app_key": "a", "shared_secret": "s" * 32},
        {"app_key": "a", "shared_secret": "s" * 31},
    ],
    ids=str,
)
def test_given_half_a_credential_or_two_when_a_site_is_built_then_it_says_what_it_needs(
    credential: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match=r"^a needs "):
        JiraSite("a", "cloud", **credential)  # type: ignore[arg-type] # the table holds texts only


async def test_given_a_stand_in_that_does_not_run_when_its_address_is_asked_for_then_it_says_why() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        _ = StandInJira().url
