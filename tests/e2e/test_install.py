"""What `cmake --install` puts in place runs from there, and docs/operations.md names the packages that it needs."""

import os
import re
import subprocess

import pytest

from support.program import REPOSITORY, binary_path

# The compiler's own, the sanitizers', and fmt, of which an optimised build uses nothing that is not in its headers.
OF_THE_BUILD = re.compile(r"lib(c|m|asan|ubsan|tsan|stdc\+\+|gcc_s|fmt)\.so|ld-linux")


def test_the_installed_program_is_one_file_that_runs(tmp_path):
    build = binary_path().parent
    if not (build / "cmake_install.cmake").exists():
        pytest.skip("the program does not lie in its build folder")
    done = subprocess.run(["cmake", "--install", build, "--prefix", tmp_path / "usr"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    installed = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert installed == ["usr/bin/latchkey"]
    # From a folder where nothing of the project lies: it brings its templates and migrations along.
    (tmp_path / "elsewhere").mkdir()
    # The variables of this test run would be settings to it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    for arguments in (["--version"], ["migrate"], ["openapi"]):
        ran = subprocess.run([tmp_path / "usr/bin/latchkey", *arguments], cwd=tmp_path / "elsewhere", env=environment,
                             capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "elsewhere/latchkey-data/latchkey.db").exists()


def package_of(library: str) -> str:
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    path = next(line.split(" => ")[1] for line in known.splitlines() if line.strip().startswith(library + " "))
    for name in (path, os.path.realpath(path), os.path.realpath(path).removeprefix("/usr"), path.removeprefix("/usr")):
        found = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    pytest.fail(f"no package has {library}")


def test_the_packages_that_it_needs_are_named():
    head = subprocess.run(["objdump", "-p", binary_path()], capture_output=True, text=True, check=True).stdout
    needed = [library for library in re.findall(r"NEEDED +(\S+)", head) if not OF_THE_BUILD.match(library)]
    assert len(needed) > 3
    page = (REPOSITORY / "docs/operations.md").read_text()
    for library in [*needed, "libcurl.so.4", "libpq.so.5"]:
        assert f"`{package_of(library)}`" in page, library
