#!/usr/bin/env python3
"""Adds up the JUnit files of one test run and prints the closing line; fails when anything failed."""
import pathlib
import sys
import xml.etree.ElementTree as tree


def main() -> int:
    passed = failed = skipped = 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        counts = [0, 0, 0]
        for case in tree.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                counts[1] += 1
                print(f"failed: {path.stem}: {case.get('classname', '')} {case.get('name')}")
            elif case.find("skipped") is not None or case.get("status") in {"notrun", "disabled"}:
                counts[2] += 1
                print(f"skipped: {path.stem}: {case.get('name')}")
            else:
                counts[0] += 1
        print(f"{path.stem}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
