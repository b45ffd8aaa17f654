from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jira_deployment_operator.cli.check import Check
from jira_deployment_operator.cli.site_checks import NOBODYS, check_site
from jira_deployment_operator.settings import Settings
from sandbox.jira import CONNECT_SITE, DEFAULT_SITE, JiraSite, StandInJira, faults
from tests.unit.samples import settings

OK = {
    "credential files": "ok",
    "address": "ok",
    "token": "ok",
    "may read deployments": "ok",
    "may delete deployments": "ok",
    "may write deployments": "skipped",
}


def settings_for(jira: StandInJira, site: JiraSite, folder: Path, **changes: Any) -> Settings:
    names = {
        "oauth": {"clientIdFile": site.client_id, "clientSecretFile": site.client_secret},
        "connect": {"appKeyFile": site.app_key, "sharedSecretFile": site.shared_secret},
    }[site.auth]
    for name, content in names.items():
        (folder / name).write_text(content)
    auth = {"type": site.auth, **{name: str(folder / name) for name in names}}
    values = {"name": site.name, "url": jira.site_url(site.name), "auth": auth, "allowedNamespaces": ["*"]}
    return settings(sites=[values], atlassian={"apiUrl": jira.url, "authUrl": jira.url}, **changes)


async def checks(of: Settings) -> dict[str, Check]:
    return {each.name: each async for each in check_site(of.sites[0], of)}


def statuses(found: dict[str, Check]) -> dict[str, str]:
    return {name: each.status for name, each in found.items()}


@pytest.mark.parametrize("site", [DEFAULT_SITE, CONNECT_SITE], ids=["oauth", "connect"])
async def test_a_site_where_all_is_well(tmp_path: Path, site: JiraSite) -> None:
    async with StandInJira([site]) as jira:
        found = await checks(settings_for(jira, site, tmp_path))

        assert statuses(found) == OK
        assert [each.operation for each in jira.journal if each.operation not in ("token", "tenant_info")] == [
            "get",
            "delete",
        ]
        assert all(each.path.endswith(NOBODYS.path) for each in jira.requests("delete"))
        assert jira.violations == []


async def test_a_credential_file_that_is_not_there_leaves_the_rest_open(tmp_path: Path) -> None:
    async with StandInJira() as jira:
        of = settings_for(jira, DEFAULT_SITE, tmp_path)
        (tmp_path / "clientSecretFile").unlink()
        found = await checks(of)

        assert found["credential files"].status == "failed"
        assert "clientSecretFile: cannot be read: No such file" in found["credential files"].message
        assert found["token"].message == "cannot be told without credential files"
        assert jira.journal == []


async def test_a_revoked_credential_is_told_at_the_token(tmp_path: Path) -> None:
    async with StandInJira() as jira:
        of = settings_for(jira, DEFAULT_SITE, tmp_path)
        jira.revoke_credentials()
        found = await checks(of)

    assert statuses(found) == OK | {
        "token": "failed",
        "may read deployments": "skipped",
        "may delete deployments": "skipped",
    }
    assert "OAuth credentials" in found["token"].advice


async def test_a_renamed_site_is_told_at_its_address(tmp_path: Path) -> None:
    async with StandInJira() as jira:
        jira.faults.add(faults.Renamed("https://new.example"), operation="tenant_info")
        found = await checks(settings_for(jira, DEFAULT_SITE, tmp_path))

    assert found["address"].status == "failed"
    assert "the site's own and newest address" in found["address"].advice


async def test_one_permission_that_is_missing_does_not_hide_the_other(tmp_path: Path) -> None:
    async with StandInJira() as jira:
        jira.faults.add(faults.Status(403, {"message": "Forbidden"}), operation="get")
        found = await checks(settings_for(jira, DEFAULT_SITE, tmp_path))

    assert statuses(found) == OK | {"may read deployments": "failed"}
    assert "must have the permission Deployments" in found["may read deployments"].advice


async def test_a_jira_that_does_not_answer_is_no_matter_of_credentials(tmp_path: Path) -> None:
    async with StandInJira() as jira:
        of = settings_for(jira, DEFAULT_SITE, tmp_path)
        await jira.refuse_connections()
        found = await checks(of)

    assert found["address"].status == "failed"
    assert "HTTPS_PROXY" in found["address"].advice


@pytest.mark.parametrize("gating", [True, False], ids=["supported", "not-supported"])
async def test_where_rollouts_can_be_held_the_site_is_asked_whether_it_tells_of_gates(
    tmp_path: Path, gating: bool
) -> None:
    site = replace(DEFAULT_SITE, gating=gating)
    async with StandInJira([site]) as jira:
        found = await checks(settings_for(jira, site, tmp_path, gating={"mechanism": "Policy"}))

        asked = found["may ask how gates stand"]
        assert asked.status == ("ok" if gating else "failed")
        assert ("use mode Manual" in asked.advice) is not gating
        assert jira.requests("gating_status")[0].path.endswith(f"{NOBODYS.path}/gating-status")
        assert jira.violations == []
