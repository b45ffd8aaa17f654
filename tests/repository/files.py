"""The files that are committed, or would be: what git knows and what it does not ignore."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


def files(*patterns: str) -> list[Path]:
    """Return the files whose paths match one of the patterns, such as `docs/**/*.md`; all without a pattern."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: there is no list of the repository's files")
    # In a container the checkout may belong to another user; nothing in it is run.
    listing = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ]
    specs = [f":(glob){pattern}" for pattern in patterns]
    listed = subprocess.run([*listing, "--", *specs], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = (ROOT / name for name in listed.split("\0") if name)
    return sorted(path for path in found if path.is_file())


def texts(*patterns: str) -> dict[str, str]:
    """Return what stands in text files, by path."""
    contents = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files(*patterns)}
    return {name: content.decode() for name, content in contents.items() if b"\0" not in content}


def complaints(program: str, *arguments: str | Path) -> str:
    """Return what a linter of the virtual environment says, nothing if it is content."""
    command: list[str | Path] = [Path(sys.executable).with_name(program), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""
