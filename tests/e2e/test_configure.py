"""A build that lacks something from outside says what, and what installs it."""

import subprocess
from pathlib import Path

import pytest

from support.program import REPOSITORY


def configure(folder: Path, preset: str, **cache: str) -> subprocess.CompletedProcess[str]:
    definitions = [f"-D{name}={value}" for name, value in cache.items()]
    return subprocess.run(["cmake", "--preset", preset, "-B", folder / "build", *definitions], cwd=REPOSITORY, capture_output=True,
                          text=True, timeout=170)


@pytest.mark.parametrize("preset, without, named, command", [
    ("dev", {"CMAKE_DISABLE_FIND_PACKAGE_GTest": "ON"}, "GTest", "cmake/packages.sh build test"),
    ("release", {"CMAKE_DISABLE_FIND_PACKAGE_SQLite3": "ON"}, "SQLite3", "cmake/packages.sh build"),
    ("fuzz", {"CMAKE_CXX_COMPILER": "clang++-that-nobody-has"}, "clang++-that-nobody-has", "cmake/packages.sh build test"),
], ids=["test packages", "build packages", "compiler"])
def test_what_is_missing_is_named_with_what_installs_it(tmp_path, preset, without, named, command):
    done = configure(tmp_path, preset, **without)
    assert done.returncode != 0
    assert f"Not found: {named}" in done.stderr and f"{command}\n" in done.stderr, done.stderr


def test_everything_that_is_missing_is_named_at_once(tmp_path):
    done = configure(tmp_path, "dev", CMAKE_DISABLE_FIND_PACKAGE_GTest="ON", CMAKE_DISABLE_FIND_PACKAGE_CLI11="ON",
                     CMAKE_DISABLE_FIND_PACKAGE_SQLite3="ON")
    assert "Not found: SQLite3, CLI11, GTest." in " ".join(done.stderr.split()), done.stderr
