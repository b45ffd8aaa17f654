"""What `docker build .` sends: everything that the Dockerfile copies, and nothing else."""

import re
from pathlib import Path
from typing import Final

from tests.repository.files import ROOT, files

IGNORED: Final = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]


def copied() -> set[str]:
    """The paths that the Dockerfile copies from the context."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    lines = re.findall(r"^COPY (?!--from)(.+)$", dockerfile, flags=re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_everything_is_ignored_but_what_is_copied() -> None:
    assert IGNORED[0] == "*"
    assert {line[1:] for line in IGNORED if line.startswith("!")} == copied()
    assert [name for name in copied() if not (ROOT / name).exists()] == []


def test_no_compiled_file_is_sent() -> None:
    assert "**/__pycache__" in IGNORED[IGNORED.index("!operator") :], "the last line that matches counts"


def test_what_is_sent_is_what_is_committed() -> None:
    """A file that lies about in a folder that is sent would be in the image, and in no commit."""
    known = set(files())
    folders = [ROOT / name for name in copied() if (ROOT / name).is_dir()]
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert {path for path in found - known if not made(path)} == set()


def made(path: Path) -> bool:
    return "__pycache__" in path.parts
