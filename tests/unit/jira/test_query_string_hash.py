"""The `qsh` is Atlassian's: by the vectors (fixture E4), and by Atlassian's own library for any request of ours."""

from urllib.parse import quote, quote_plus, urlencode

import pytest
from atlassian_jwt.url_utils import canonicalize_request, hash_url  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.jira.payload import DeploymentKey
from jira_deployment_operator.jira.query_string_hash import canonical_request, query_string_hash

BASE = "/rest/deployments/0.1"
STATUS = f"{BASE}/pipelines/p1/environments/prod/deployments/42/gating-status"
ENCODED = f"{BASE}/pipelines/a%2Fb/environments/e%20x/deployments/1"
REPEATED = "/path/to/service?zee_last=param&repeated=parameter 1&first=param&repeated=parameter 2"
OF_REPEATED = "GET&/path/to/service&first=param&repeated=parameter%201,parameter%202&zee_last=param"
BY_PROPERTIES = f"{BASE}/bulkByProperties?cluster=c1&namespace=team%20a"
OF_BY_PROPERTIES = f"DELETE&{BASE}/bulkByProperties&cluster=c1&namespace=team%20a"


@pytest.mark.parametrize(
    ("method", "address", "canonical", "hashed"),
    [
        pytest.param(
            "POST",
            f"{BASE}/bulk",
            f"POST&{BASE}/bulk&",
            "e50a1fc975925dfc3652c2ea120c1d37f5581e16d5a167a5adbeda3bda7ab589",
            id="submit",
        ),
        pytest.param(
            "GET",
            STATUS,
            f"GET&{STATUS}&",
            "163a354a144e042bd091c15ceaa7a67c4d47f80edcc4337c2cdea1b85feceb74",
            id="gating-status",
        ),
        pytest.param(
            "DELETE",
            BY_PROPERTIES,
            OF_BY_PROPERTIES,
            "4e03161f63ea9ab4b818bfba38e80a117e017a94baead335194b35f30f081cd2",
            id="delete-by-properties",
        ),
        pytest.param(
            "GET",
            REPEATED,
            OF_REPEATED,
            "e52bb281606c3bd9ca16cfe96fe2df78f5d9ffa126f06befd750dfa10fa1a897",
            id="repeated-names",
        ),
        pytest.param(
            "GET", "/", "GET&/&", "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239", id="root"
        ),
        pytest.param(
            "GET",
            "/a/?x=~t&x=a,b&jwt=zzz",
            "GET&/a&x=a%2Cb,~t",
            "7d190ad0e633ad6f3baf0b8fa4f694dbf4530e90e9717c057902acbf67f82e99",
            id="slash-comma-tilde-and-jwt",
        ),
        pytest.param(
            "GET",
            ENCODED,
            f"GET&{ENCODED}&",
            "da85e167a278f98c5e33fdc17c68683146020437597ad442e420527daa8d0004",
            id="path-kept-as-encoded",
        ),
    ],
)
def test_the_known_requests_have_the_known_hashes(method: str, address: str, canonical: str, hashed: str) -> None:
    assert canonical_request(method, address) == canonical
    assert query_string_hash(method, address) == hashed


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("", "GET&/&"),
        ("/?", "GET&/&"),
        ("/a&b", "GET&/a%26b&"),
        ("/a?b=", "GET&/a&b="),
        ("/a?b", "GET&/a&b="),
        ("/a?b=1+2", "GET&/a&b=1%202"),
        ("/a?b=%7e%c3%a9", "GET&/a&b=~%C3%A9"),
        ("/a?b=z&b=%C3%A9", "GET&/a&b=z,%C3%A9"),
        ("/a?B=1&a=2", "GET&/a&B=1&a=2"),
        ("/a?jwt=1", "GET&/a&"),
    ],
)
def test_a_request_has_one_form_however_it_is_written(address: str, canonical: str) -> None:
    assert canonical_request("get", address) == canonical


_words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
_queries = st.lists(
    st.tuples(st.sampled_from(["cluster", "workload", "x", "X", "é", "a b", "jwt"]), _words), max_size=6
)


@given(pipeline=_words, environment=_words, number=st.integers(0, 2**63 - 1), query=_queries, form=st.booleans())
def test_it_is_the_hash_of_atlassians_own_library(
    *, pipeline: str, environment: str, number: int, query: list[tuple[str, str]], form: bool
) -> None:
    key = DeploymentKey(pipeline_id=pipeline, environment_id=environment, deployment_sequence_number=number)
    address = f"{BASE}{key.path}?{urlencode(query, quote_via=quote_plus if form else quote)}"

    assert canonical_request("delete", address) == canonicalize_request("delete", address)
    assert query_string_hash("delete", address) == hash_url("delete", address)
