#!/usr/bin/env python3
"""The ids of docs/security-cases.md and those that tests cite are the same.

An id is cited by the name of a test (`test_Z27_Z44_…`, `C04_refuses_…`, `M02J12S14Names…`) or by a comment. Fails on an id that the page does
not have, and on a case of the page that no test cites.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The page's groups; an id of another shape (a code point, a status) is none.
ID = r"(?:RL|[ABCDHJKLMOPQRSTZ])\d\d"
CITED = re.compile(rf"(?<![A-Za-z0-9.+/=-])(?:{ID})+(?![a-z0-9])")


def main() -> int:
    page = re.findall(rf"^\| ({ID}) \|", (ROOT / "docs/security-cases.md").read_text(), re.M)
    cited: dict[str, pathlib.Path] = {}
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix not in {".py", ".cpp", ".h", ".sh"} or path == pathlib.Path(__file__).resolve():
            continue
        for match in CITED.finditer(path.read_text().replace("_", " ")):
            for case in re.findall(ID, match.group()):
                cited.setdefault(case, path.relative_to(ROOT))
    problems = [f"{path}: {case} is not in docs/security-cases.md" for case, path in sorted(cited.items()) if case not in page]
    problems += [f"docs/security-cases.md: no test cites {case}" for case in page if case not in cited]
    problems += [f"docs/security-cases.md: {case} stands twice" for case in sorted(set(page)) if page.count(case) > 1]
    print("\n".join(problems), file=sys.stderr)
    print(f"security cases: {len(page)} on the page, {len(problems)} that page and tests do not share")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
