#!/usr/bin/env python3
"""Each case of docs/security-cases.md names the tests that cite its id; `--write` renews that column, otherwise a difference fails.

An id is cited by the name of a test (`test_Z27_Z44_…`, `C04_refuses_…`, `M02J12S14Names…`) or by a comment in it or above it. Also fails on
an id that the page does not have, and on a case of the page that no test cites.
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/security-cases.md"
# The page's groups; an id of another shape (a code point, a status) is none.
ID = r"(?:RL|FA|[ABCDHJKLMOPQRSTWYZ])\d\d"
CITED = re.compile(rf"(?<![A-Za-z0-9.+/=-])(?:{ID})+(?![a-z0-9])")
TEST = re.compile(r"^(?:async )?def (test_\w+)|^TEST(?:_[FP])?\((\w+),\s*(\w+)", re.M)
ROW = re.compile(rf"^\| ({ID}) \|.*\|$", re.M)
CELL = re.compile(r"(?<!\\) \| ")
SHOWN = 2  # tests a case


def name_of(match: re.Match) -> str:
    return match[1] or f"{match[2]}.{match[3]}"


def test_at(tests: list[re.Match], text: str, place: int) -> str | None:
    """The test that a citation belongs to: the one that a comment stands right above, or the one that it is in."""
    before = [test for test in tests if test.start() <= place]
    after = next((test for test in tests if test.start() > place), None)
    if after is not None:
        between = text[text.rfind("\n", 0, place) + 1 : after.start()].splitlines()
        if all(re.match(r"\s*(#|//|///|@|\)|$)", line) for line in between) and "" not in between[:-1]:
            return name_of(after)
    return name_of(before[-1]) if before else None


def citations() -> dict[str, list[str]]:
    """For each id the tests that cite it, those first that do so by their names."""
    cited: dict[str, dict[str, bool]] = collections.defaultdict(dict)
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix not in {".py", ".cpp", ".h", ".sh"} or path == pathlib.Path(__file__).resolve():
            continue
        text = path.read_text()
        tests = list(TEST.finditer(text))
        for match in CITED.finditer(text.replace("_", " ")):
            test = test_at(tests, text, match.start()) or str(path.relative_to(ROOT))
            for case in re.findall(ID, match.group()):
                cited[case][test] = cited[case].get(test, False) or case in test
    return {case: sorted(tests, key=lambda test: not tests[test]) for case, tests in cited.items()}


def with_tests(page: str, cited: dict[str, list[str]]) -> str:
    """The page with the column of tests, last in each table."""
    lines, columns = [], 0
    for line in page.splitlines():
        if line.startswith("| id |"):
            line = line.removesuffix(" test |") + " test |"
            columns = line.count("|") - 2
        elif line.startswith("|---"):
            line = "|---" * (columns + 1) + "|"
        elif match := ROW.match(line):
            tests = [test for test in cited.get(match[1], []) if not test.startswith("tests/")] or cited.get(match[1], [])
            more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
            cells = CELL.split(line[2:-2])[:columns]
            line = "| " + " | ".join([*cells, ", ".join(f"`{test}`" for test in tests[:SHOWN]) + more]) + " |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> int:
    page, cited = PAGE.read_text(), citations()
    cases = [match[1] for match in ROW.finditer(page)]
    problems = [f"{tests[0]}: {case} is not in docs/security-cases.md" for case, tests in sorted(cited.items()) if case not in cases]
    problems += [f"docs/security-cases.md: no test cites {case}" for case in cases if case not in cited]
    problems += [f"docs/security-cases.md: {case} stands twice" for case in sorted(set(cases)) if cases.count(case) > 1]
    renewed = with_tests(page, cited)
    if "--write" in sys.argv:
        PAGE.write_text(renewed)
    elif renewed != page:
        problems.append("docs/security-cases.md: its column of tests is not what the tests cite; tests/check/security_cases.py --write renews it")
    print("\n".join(problems), file=sys.stderr)
    print(f"security cases: {len(cases)} on the page, {len(problems)} that page and tests do not share")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
