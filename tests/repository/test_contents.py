"""What must not be in the repository: addresses and paths of a machine, secrets, and files that are made."""

import re
from typing import Final

import pytest

from tests.repository.files import ROOT, files, texts

LOCKS: Final = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PERSONAL: Final = re.compile(r"(?<![\w.$}-])/(?:home/[a-z]\w*|root|Users/\w+|work|workspace)/[\w.-]+")
"""A folder of somebody's machine. `/home/runner` and such would be a public runner's, and no better."""
SECRETS: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=]{20}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30}|\bAKIA[0-9A-Z]{16}\b|\bATATT3[A-Za-z0-9_=-]{40}"
)


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_index_and_prove_every_file(lock: str) -> None:
    text = (ROOT / lock).read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in lines if "://" in line or "index-url" in line or "find-links" in line] == []
    packages = [line for line in lines if re.match(r"\S+==", line)]
    assert len(packages) >= 5
    assert [line for line in packages if not line.endswith("\\")] == [], "each is followed by its hashes"


def test_the_image_has_what_the_locks_say_the_project_needs() -> None:
    """The build's lock belongs to the development's one: what builds the image's wheel is what builds it here."""

    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
    assert pins("requirements-build.lock") <= pins("requirements-dev.lock")


def test_no_path_of_a_machine_is_in_it() -> None:
    found = {name: PERSONAL.findall(text) for name, text in texts().items() if not name.startswith("tests/repository/")}
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_no_secret_is_in_it() -> None:
    """R8: what tests use as secrets are words that no program would take for one."""
    assert [name for name, text in texts().items() if SECRETS.search(text)] == []


def test_no_file_is_larger_than_a_person_can_review() -> None:
    large = [path for path in files() if path.stat().st_size > 400_000]
    assert [path for path in large if path.suffix not in {".lock", ".sum", ".jsonl"}] == []


def test_texts_end_with_a_line_and_have_no_carriage_returns() -> None:
    bad = [name for name, text in texts().items() if text and (not text.endswith("\n") or "\r" in text)]
    assert [name for name in bad if not name.endswith((".jsonl", ".svg"))] == []
