#!/usr/bin/env python3
"""The README's table of the settings that matter, made from docs/reference/settings.md; `--write` renews it, otherwise a difference fails.

The README names the settings itself: `<!-- settings: NAME NAME … -->`.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    rows = {}
    for line in (ROOT / "docs/reference/settings.md").read_text().splitlines():
        cells = re.split(r"(?<!\\)\|", line)
        if len(cells) == 6 and cells[1].strip().startswith("`"):
            rows[cells[1].strip().strip("`")] = f"|{cells[1]}|{cells[2]}|{cells[4]}|"
    readme = (ROOT / "README.md").read_text()
    place = re.search(r"<!-- settings: (.*?) -->\n(.*?)<!-- /settings -->", readme, re.S)
    if not place:
        print("README.md: there is no place for the table of settings")
        return 1
    names = place[1].split()
    if unknown := [name for name in names if name not in rows]:
        print(f"README.md: no setting has the name {', '.join(unknown)}")
        return 1
    table = "| setting | default | meaning |\n|---|---|---|\n" + "".join(rows[name] + "\n" for name in names)
    if "--write" in sys.argv:
        (ROOT / "README.md").write_text(readme[: place.start(2)] + table + readme[place.end(2) :])
    elif table != place[2]:
        print("README.md: the table of settings is not that of docs/reference/settings.md; run with --write")
        return 1
    print(f"README: {len(names)} of {len(rows)} settings, as the program has them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
