#!/usr/bin/env python3
"""docs/data-model.md has every table and every column of the migrations, and no other."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def schema() -> dict[str, set[str]]:
    """What is left when all migrations have been applied."""
    tables: dict[str, set[str]] = {}
    for path in sorted((ROOT / "migrations").glob("*.sql")):
        text = re.sub(r"--[^\n]*", "", path.read_text())
        for statement in filter(None, (part.strip() for part in text.split(";"))):
            if made := re.match(r"CREATE TABLE (\w+) \((.*)\)", statement, re.S):
                # A comma inside parentheses divides no columns.
                columns = re.sub(r"\([^()]*\)", "", made[2]).split(",")
                first = [column.split()[0] for column in columns if column.strip()]
                tables[made[1]] = {name for name in first if name.islower()}
            elif added := re.match(r"ALTER TABLE (\w+) ADD (?:COLUMN )?(\w+)", statement):
                tables[added[1]].add(added[2])
            elif dropped := re.match(r"DROP TABLE (\w+)", statement):
                del tables[dropped[1]]
    return tables


def page() -> dict[str, set[str]]:
    """A section for each table, whose rows name columns in their first cells."""
    tables: dict[str, set[str]] = {}
    for section in re.split(r"^## ", (ROOT / "docs/data-model.md").read_text(), flags=re.M)[1:]:
        name, text = section.split("\n", 1)
        cells = re.findall(r"^\|([^|]*)\|", text, re.M)
        tables[name.strip()] = {column for cell in cells for column in re.findall(r"`(\w+)`", cell)}
    return tables


def main() -> int:
    wanted, shown = schema(), page()
    problems = [f"table {name} is missing" for name in wanted if name not in shown]
    problems += [f"there is no table {name}" for name in shown if name not in wanted]
    for name in wanted.keys() & shown.keys():
        problems += [f"column {name}.{column} is missing" for column in sorted(wanted[name] - shown[name])]
        problems += [f"there is no column {name}.{column}" for column in sorted(shown[name] - wanted[name])]
    for problem in problems:
        print(f"docs/data-model.md: {problem}", file=sys.stderr)
    print(f"data model: {len(wanted)} tables, {len(problems)} differences between the page and the migrations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
