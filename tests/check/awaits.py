#!/usr/bin/env python3
"""GCC 12 frees twice the owning temporaries of a `co_await` expression (docs/adr/0003).

Fails where an awaited call is given a lambda with captures, a braced aggregate, or stands inside `?:`, a range-for or a
switch. Name the thing first, then await it.
"""
import pathlib
import re
import sys

RULES = [
    (re.compile(r"\[[^\]]+\]\s*\([^)]*\)\s*(?:mutable\s*)?(?:->\s*[\w:<>,\s&*]+)?\{"), "a lambda with captures"),
    (re.compile(r"\b[A-Z]\w*(?:::\w+)*\{"), "an aggregate temporary"),
    (re.compile(r"[(,]\s*\{"), "a braced temporary"),
]


def awaited(text: str, start: int) -> str:
    """The expression behind a co_await, up to the semicolon or brace of the same depth."""
    depth = 0
    for at in range(start, len(text)):
        c = text[at]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth < 0:
                return text[start:at]
        elif c == ";" and depth == 0:
            return text[start:at]
    return text[start:]


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2]
    problems = []
    for path in sorted([*root.glob("src/**/*.cpp"), *root.glob("src/**/*.h"), *root.glob("tests/**/*.cpp")]):
        text = re.sub(r"//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", lambda m: " " * len(m.group()), path.read_text())
        for match in re.finditer(r"\bco_await\b", text):
            line = text.count("\n", 0, match.start()) + 1
            where = f"{path.relative_to(root)}:{line}"
            expression = awaited(text, match.end())
            if "co_await" in expression:
                problems.append(f"{where}: one co_await inside another")
            for pattern, what in RULES:
                if pattern.search(expression):
                    problems.append(f"{where}: {what} inside a co_await expression")
            before = text[max(0, text.rfind(";", 0, match.start())) : match.start()]
            statement = re.split(r"[;{}]", before)[-1]
            if re.search(r"\bfor\s*\([^;]*:\s*$|\bswitch\s*\(\s*$|\?[^;]*$", statement):
                problems.append(f"{where}: co_await inside ?:, a range-for or a switch")
    print("\n".join(problems), file=sys.stderr)
    print(f"awaits: {len(problems)} places to name first")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
