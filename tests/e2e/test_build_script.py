"""What `./run` says while it builds, with a ninja of the test's own in place of the real one."""

import os
import pty
import re
import shutil
import subprocess

import pytest

from support.program import REPOSITORY

FIRST = r'''#!/bin/sh
echo "ninja: Entering directory \`$2'"
echo "[0/1] Re-checking globbed directories..."
for step in $(seq 1 40); do
  echo "[$step/40] Building CXX object src/CMakeFiles/latchkey_base.dir/file_$step.cpp.o"
  if [ "$step" = 20 ]; then sleep 2.5; fi
done
touch build/release/latchkey
'''
NOTHING = r'''#!/bin/sh
echo "ninja: Entering directory \`$2'"
echo "[0/1] Re-checking globbed directories..."
echo "ninja: no work to do."
'''
WARNS = r'''#!/bin/sh
echo "[0/1] Re-checking globbed directories..."
echo "[1/2] Building CXX object a.cpp.o"
echo "a.cpp:1:1: warning: something"
echo "[2/2] Linking CXX executable latchkey"
'''
FAILS = r'''#!/bin/sh
echo "[1/2] Building CXX object a.cpp.o"
echo "FAILED: a.cpp.o"
printf 'a.cpp:1:1: error: nonsense'
exit 1
'''


@pytest.fixture
def build(tmp_path):
    """Runs the script beside a ninja that is given; what it says, and its exit code."""
    (tmp_path / "cmake").mkdir()
    shutil.copy(REPOSITORY / "cmake/build.sh", tmp_path / "cmake")
    tools = tmp_path / "bin"
    tools.mkdir()

    def program(name: str, text: str):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)

    program("cmake", '#!/bin/sh\necho "-- Configuring done"\ntouch build/release/build.ninja\n')
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}

    def run(ninja: str, *, terminal: bool = False) -> tuple[str, int]:
        program("ninja", ninja)
        command = [tmp_path / "cmake/build.sh", "release", "latchkey"]
        if not terminal:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
            assert done.stdout == ""
            return done.stderr, done.returncode
        ours, theirs = pty.openpty()
        with subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            said = b""
            while True:
                try:
                    piece = os.read(ours, 4096)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                said += piece
        os.close(ours)
        return said.decode(), process.returncode
    return run


def test_F63_the_first_build_says_how_long_and_how_far(build):
    said, code = build(FIRST)
    assert code == 0
    assert said.splitlines() == ["building once, about five minutes", *(f"building: {percent} %" for percent in range(10, 101, 10))]


def test_on_a_terminal_it_is_one_line_that_moves_while_a_step_takes_long(build):
    said, code = build(FIRST, terminal=True)
    assert code == 0
    first, rest = said.split("\r\n", 1)
    assert first == "building once, about five minutes"
    assert "\n" not in rest and rest.endswith("\r\x1b[K"), "the line is gone at the end"
    assert {"building: 50 %, 1 s", "building: 50 %, 2 s"} <= set(re.findall(r"building: \d+ %, \d+ s", rest))


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "file"])
def test_F63_nothing_is_said_when_there_is_nothing_to_do(build, terminal):
    build(FIRST)
    assert build(NOTHING, terminal=terminal) == ("", 0)


def test_a_later_build_is_not_called_the_first(build):
    build(FIRST)
    said, code = build(FIRST)
    assert code == 0
    assert "five minutes" not in said and "building build/release: 50 %" in said


def test_what_a_compiler_says_goes_through(build):
    build(FIRST)
    said, code = build(WARNS)
    assert code == 0
    assert "a.cpp:1:1: warning: something\n" in said and "CXX" not in said
    said, code = build(FAILS)
    assert code != 0
    assert said.endswith("FAILED: a.cpp.o\na.cpp:1:1: error: nonsense\n")
