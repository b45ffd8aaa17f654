"""The wheel of this checkout: it has all that the package needs, and starts where it is installed."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.repository.files import ROOT
from tests.repository.test_versions import PROJECT, VERSION

NAME = f"jira_deployment_operator-{VERSION}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-index", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT], check=True)
    (built,) = folder.iterdir()
    return built


def test_it_holds_the_package_and_its_licence(wheel: Path) -> None:
    sources = ROOT / "operator"
    expected = {path.relative_to(sources).as_posix() for path in sources.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    information = {name for name in names if name.startswith(f"{NAME}.dist-info/")}
    assert names - information == {name for name in expected if "__pycache__" not in name}
    assert f"{NAME}.dist-info/licenses/LICENSE" in information


def test_it_starts_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    """Its own code comes from the wheel; what it depends on is what is locked, and installed here already."""
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", f"--python={python}", "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", wheel], check=True)
    # Not as a .pth file, which would bring the checkout's own package along.
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}

    def said(*command: str | Path) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    program = folder / "bin" / "jira-deployment-operator"
    assert said(program, "--version").strip() == f"{PROJECT['name']}, version {VERSION}"
    assert said(program, "doctor", "--help").startswith("Usage: ")
    where = "import jira_deployment_operator as package; print(package.__file__)"
    assert said(python, "-c", where).startswith(str(folder))
