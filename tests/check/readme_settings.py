#!/usr/bin/env python3
"""The README's table of settings, made from docs/reference/settings.md; `--write` renews it, otherwise a difference fails."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    reference = (ROOT / "docs/reference/settings.md").read_text()
    rows = []
    for line in reference.splitlines():
        cells = re.split(r"(?<!\\)\|", line)
        if len(cells) == 6 and cells[1].strip().startswith("`"):
            rows.append(f"|{cells[1]}|{cells[2]}|{cells[4]}|")
    readme = (ROOT / "README.md").read_text()
    table = "| setting | default | meaning |\n|---|---|---|\n" + "\n".join(rows)
    wanted = re.sub(r"(<!-- settings -->\n).*?(\n<!-- /settings -->)", lambda m: m[1] + table + m[2], readme, flags=re.S)
    if "--write" in sys.argv:
        (ROOT / "README.md").write_text(wanted)
    elif wanted != readme:
        print("README.md: the table of settings is not that of docs/reference/settings.md; run with --write")
        return 1
    print(f"README: {len(rows)} settings, as the program has them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
