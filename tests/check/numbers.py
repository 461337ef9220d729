#!/usr/bin/env python3
"""Every number that is counted stands in a family, or /metrics would not have it; and a family lists no number twice."""
import pathlib
import re
import sys

NUMBER = re.compile(r"^constinit metrics::(?:Counter|Gauge|Timing) (\w+)\b", re.M)
# A family begins with its name on the page; its numbers follow in braces.
FAMILY = re.compile(r'\{\s*"((?:latchkey|process)_\w+)",\s*"[^"]*",\s*\{([^}]*)\}')


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2] / "src"
    problems = []
    numbers = 0
    names: dict[str, pathlib.Path] = {}
    for path in sorted(root.rglob("*.cpp")):
        text = path.read_text()
        listed = []
        for name, members in FAMILY.findall(text):
            if name in names:
                problems.append(f"{path.relative_to(root)}: {name} stands in {names[name].relative_to(root)}, too")
            names[name] = path
            listed += re.findall(r"&(\w+)", members)
        for number in NUMBER.findall(text):
            numbers += 1
            if listed.count(number) != 1:
                problems.append(f"{path.relative_to(root)}: {number} stands in {listed.count(number)} families of this file, not in one")
    print("\n".join(problems), file=sys.stderr)
    print(f"numbers: {numbers} in {len(names)} families, {len(problems)} out of place")
    return 1 if problems or not numbers else 0


if __name__ == "__main__":
    sys.exit(main())
