#!/usr/bin/env python3
"""Runs GoogleTest programs, many tests a process, and leaves one JUnit file as ctest does: a case a test.

    run_cpp.py RESULT.xml PROGRAM…

A process of its own for each test (ctest, `./test NAME`) costs a tenth of a second of sanitizers' start. So the tests of a program are
dealt to a few processes. One that does not come to its end in peace, be it a crash, what a sanitizer says at the end, or time, is a
failure by the name of the test that it was at; and all of its tests are run again, each by itself, so that none is lost and each speaks
for itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as tree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

AT_A_TIME = 4
TESTS_A_PROCESS = 50
SECONDS_A_TEST = 120
SECONDS_A_PROCESS = 300


@dataclass
class Ended:
    """How one process ended: what it printed, and what it wrote about its tests (nothing when it did not come that far)."""

    how: str  # empty when in peace
    output: str
    cases: list[tree.Element]


def run(program: Path, seconds: float, **environment: str) -> Ended:
    with tempfile.TemporaryDirectory(prefix="latchkey-cpp-") as folder:
        written = Path(folder) / "result.xml"
        with (Path(folder) / "output").open("w+b") as output:
            try:
                status = subprocess.run([program], stdout=output, stderr=output, stdin=subprocess.DEVNULL, timeout=seconds,
                                        env={**os.environ, **environment, "GTEST_OUTPUT": f"xml:{written}"}).returncode
                how = "" if status in (0, 1) else f"ended by signal {-status}" if status < 0 else f"ended with {status}"
            except subprocess.TimeoutExpired:
                how = f"was not done in {seconds:.0f} s"
            output.seek(0)
            text = output.read().decode(errors="backslashreplace")
        try:
            cases = list(tree.parse(written).getroot().iter("testcase"))
        except (OSError, tree.ParseError):
            return Ended(how or "wrote no results", text, [])
        if not how and status == 1 and not any(case.find("failure") is not None for case in cases):
            how = "ended with 1, and no test has failed"
        return Ended(how, text, cases)


def listed(program: Path) -> list[str]:
    """The names of all tests, as GoogleTest's filter takes them."""
    names, suite = [], ""
    lines = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout.splitlines()
    for line in lines:
        name = line.split("  # ")[0]
        if not name.startswith(" "):
            suite = name if name.endswith(".") else ""
        elif suite:
            names.append(suite + name.strip())
    return names


def as_case(name: str, seconds: float, *, failure: str = "", skipped: str | None = None, output: str = "") -> tree.Element:
    case = tree.Element("testcase", name=name, classname=name, time=f"{seconds:.3f}")
    if failure:
        tree.SubElement(case, "failure", message=failure)
    elif skipped is not None:
        tree.SubElement(case, "skipped", message=skipped)
    if output:
        # XML has no place for most control characters.
        tree.SubElement(case, "system-out").text = re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "\N{REPLACEMENT CHARACTER}", output)
    return case


def cases_of(ended: Ended) -> list[tree.Element]:
    """What a process wrote about its tests, in the words of ctest's file."""
    cases = []
    for case in ended.cases:
        name = f"{case.get('classname')}.{case.get('name')}"
        failures, skipped = case.findall("failure"), case.find("skipped")
        cases.append(as_case(name, float(case.get("time", 0)), failure="\n".join(found.get("message", "") for found in failures),
                             skipped=None if skipped is None else skipped.get("message", ""), output=ended.output if failures else ""))
    return cases


def alone(program: Path, name: str) -> tree.Element:
    began = time.monotonic()
    ended = run(program, SECONDS_A_TEST, GTEST_FILTER=name)
    found = [case for case in cases_of(ended) if case.get("name") == name]
    if ended.how or len(found) != 1:
        return as_case(name, time.monotonic() - began, failure=ended.how or "was not run", output=ended.output)
    return found[0]


def together(program: Path, processes: int, index: int, names: list[str]) -> list[tree.Element]:
    """The tests of one process; `names` are those that GoogleTest gives to this one."""
    began = time.monotonic()
    ended = run(program, SECONDS_A_PROCESS, GTEST_TOTAL_SHARDS=str(processes), GTEST_SHARD_INDEX=str(index))
    cases = cases_of(ended)
    if not ended.how and sorted(case.get("name") for case in cases) != sorted(names):
        ended.how = "did not run the tests that it was given"
    if not ended.how:
        return cases
    at = re.findall(r"^\[ RUN      \] (\S+)", ended.output, re.MULTILINE)[-1:] or ["before any test"]
    process = as_case(f"{at[0]} in process {index} of {program.name}", time.monotonic() - began, failure=ended.how, output=ended.output)
    return [process, *(alone(program, name) for name in names)]


def main(result: Path, programs: list[Path]) -> int:
    began = time.monotonic()
    cases, failed = [], 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        running = []
        for program in programs:
            names = listed(program)
            processes = -(-len(names) // TESTS_A_PROCESS)
            running += [pool.submit(together, program, processes, index, names[index::processes]) for index in range(processes)]
        for done in running:
            for case in done.result():
                cases.append(case)
                if (failure := case.find("failure")) is not None:
                    failed += 1
                    print(f"failed: {case.get('name')}: {failure.get('message')}\n{case.findtext('system-out', '')[-6000:]}", flush=True)
    suite = tree.Element("testsuite", name="C++ tests", tests=str(len(cases)), failures=str(failed))
    suite.extend(cases)
    tree.ElementTree(suite).write(result, encoding="utf-8", xml_declaration=True)
    print(f"{len(cases)} C++ tests, {failed} failed, {len(running)} processes, {time.monotonic() - began:.0f} s")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name).resolve() for name in sys.argv[2:]]))
