"""One image for all tests of it. Where none can be built they are skipped, and say what is missing."""

import fcntl
from collections.abc import Iterator

import pytest

from sandbox.cluster.binaries import cache_directory
from tests.image import machine
from tests.image.builder import Builder, NoBase, builder


@pytest.fixture(scope="module")
def image() -> Iterator[Builder]:
    if reason := machine.why_not():
        pytest.skip(reason)
    folder = cache_directory() / "image"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock, builder() as built:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run on this machine has the same storage
        try:
            built.build()
        except NoBase as error:
            pytest.skip(f"building the image needs a Debian mirror: {error}")
        yield built
