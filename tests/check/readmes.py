#!/usr/bin/env python3
"""Every room of src/ and every feature has a README of at most fifteen lines that says what it promises, what it may not know, and where its tests
are; and the folders that it names are there."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES = 15


def problems_of(folder: pathlib.Path) -> list[str]:
    readme = folder / "README.md"
    if not readme.exists():
        return ["is missing"]
    text = readme.read_text()
    problems = []
    if len(text.splitlines()) > LINES:
        problems.append(f"has {len(text.splitlines())} lines, more than {LINES}")
    if not re.search(r"\*\*Tests\.\*\*", text):
        problems.append("does not say where its tests are")
    for pattern in re.findall(r"`(tests/[\w/.*]+)", text):
        if not list(ROOT.glob(pattern.rstrip("/"))):
            problems.append(f"names {pattern}, which is not there")
    return problems


def main() -> int:
    rooms = sorted(path for path in (ROOT / "src").iterdir() if path.is_dir())
    features = sorted(path for path in (ROOT / "src/features").iterdir() if path.is_dir())
    count = 0
    for folder in [*rooms, *features]:
        for problem in problems_of(folder):
            count += 1
            print(f"{folder.relative_to(ROOT)}/README.md: {problem}", file=sys.stderr)
    print(f"readmes: {len(rooms)} rooms and {len(features)} features, {count} problems")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
