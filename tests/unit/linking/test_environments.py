"""An environment's type by its name: the vectors of GitHub for Jira, so that both call a namespace the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_deployment_operator.linking.environments import environment_type

VECTORS = {
    "production": ["prod-east", "prod_east", "PROD-east", "production(us-east)", "prd (eu-central)", "live", "prod"],
    "staging": ["east-staging", "stàging", "sta", "preprod", "model", "internal", "stage", "stg-1"],
    "testing": ["qa:1", "uat", "sit", "int", "acpt", "control", "quality", "test", "team-tests", "integration"],
    "development": ["mary-dev:1", "trunk alpha", "develop", "dev", "development.eu"],
    "unmapped": ["banana-east", "internet", "製造", "", "products", "devops", "latest", "shop"],
}


@pytest.mark.parametrize(
    ("name", "type_"), [(name, type_) for type_, names in VECTORS.items() for name in names], ids=str
)
def test_the_type_of_an_environment(name: str, type_: str) -> None:
    assert environment_type(name) == type_


def test_the_safer_type_comes_first_where_a_name_says_two_things() -> None:
    assert environment_type("prod-test") == "testing"
    assert environment_type("staging-prod") == "staging"


@given(st.text())
def test_every_name_has_a_type(name: str) -> None:
    assert environment_type(name) in VECTORS
