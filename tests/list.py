#!/usr/bin/env python3
"""What ./test can run, and about how long each part takes (`./test --list`).

The first column of times is an estimate for two cores; the second is what the last whole run on this machine took, if there was one.
"""

import re
import signal
from pathlib import Path

TESTS = Path(__file__).resolve().parent
LAST = TESTS.parent / "build/test-times.tsv"

# The stages of run_all.sh by their names there, with seconds.
STAGES = [
    ("checks of the text", 5, "includes, awaits, links, security cases, format"),
    ("build dev latchkey", 210, "address and undefined behaviour sanitizers; a clean build, an incremental one takes seconds"),
    ("black-box tests, dev", 450, "the program, driven from outside: tests/nodes, e2e, features, api, security; the other builds begin beside them"),
    ("black-box tests, dev on postgresql", 190, "tests/features, tests/api and parts of tests/security once more, on PostgreSQL"),
    ("build dev", 10, "what is left of the C++ tests"),
    ("C++ tests, dev", 90, "tests/unit, tests/store and tests/flow, on both databases"),
    ("build release latchkey bench_programs", 10, "what is left of the program that operators run"),
    ("black-box tests, release", 90, "tests/fault, and what needs the real memory and hardening"),
    ("build tsan", 60, "what is left of the build with the thread sanitizer"),
    ("C++ tests, tsan", 90, "the same C++ tests"),
    ("black-box tests, tsan", 60, "tests/features"),
    ("build fuzz fuzz_targets", 90, "what is left of the libFuzzer targets, built with clang"),
    ("fuzz targets, 5 s each", 60, "LATCHKEY_FUZZ_SECONDS says for how long"),
]


def as_time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def names(folder: Path) -> list[str]:
    """Names for `./test NAME`: the files of black-box tests and the suites of C++ tests that stand in a folder."""
    found = {path.name.removeprefix("test_").removesuffix(".py") for path in folder.glob("test_*.py")}
    for path in folder.glob("*_test.cpp"):
        found |= set(re.findall(r"^TEST(?:_F|_P)?\((\w+),", path.read_text(), re.M))
    return sorted(found)


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as when `head` has seen enough
    last: dict[str, int] = {}
    if LAST.exists():
        last = {stage: int(seconds) for stage, seconds in (line.split("\t") for line in LAST.read_text().splitlines())}
    print("./test                 everything, in this order:\n")
    for stage, about, what in STAGES:
        here = as_time(last[stage]) if stage in last else "–"
        print(f"  {as_time(about):>7} {here:>7}  {stage}: {what}")
    total = sum(about for _, about, _ in STAGES)
    here = as_time(sum(last.values())) if last else "–"
    print(f"  {as_time(total):>7} {here:>7}  in all\n")
    print("./test --fast          unit and flow tests on SQLite and the checks of the text: a minute after the build")
    print("./test --threads       tests/features, tests/api and tests/security under the thread sanitizer: a quarter of an hour\n")
    print("./test NAME…           what matches, on build/dev: some seconds, and the start of a PostgreSQL. Names, by folder:\n")
    for folder in sorted(path for path in TESTS.rglob("*") if path.is_dir()):
        if found := names(folder):
            by_hand = "  (by name only, needs cmake/packages.sh cluster: a quarter of an hour)" if folder.name == "cluster" else ""
            print(f"  {folder.relative_to(TESTS)}{by_hand}")
            line = "   "
            for name in found:
                if len(line) + len(name) > 116:
                    print(line)
                    line = "   "
                line += " " + name
            print(line)
    print("\nAny part of a test's name is a name as well: refresh, Argon2id, Z01.")


if __name__ == "__main__":
    main()
