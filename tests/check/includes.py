#!/usr/bin/env python3
"""The layer rule: every include between the rooms of src/ points down, and third parties stay in their room.

Reads each `#include` under src/ and fails on any arrow that docs/life-of-a-request.md does not draw.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "settings": {"base"},
    "crypto": {"base"},
    "db": {"base"},
    "http": {"base"},
    "store": {"base", "db"},
    "flow": {"base", "settings", "crypto", "db", "store"},
    "api": {"base", "settings", "crypto", "db", "store", "flow", "http"},
    "worker": {"base", "settings", "crypto", "db", "store", "flow"},
    "app": {"base", "settings", "crypto", "db", "store", "flow", "http", "api", "worker"},
}

THIRD_PARTIES = {
    r"sqlite3\.h|libpq-fe\.h": {"db"},
    r"openssl/|crypt\.h|zxcvbn": {"crypto"},
    r"argon2\.h": set(),  # for tests and bench/ only: the server has its own
    r"curl/": {"worker"},
    r"boost/beast": {"http"},
    r"boost/url": {"settings"},
    r"toml": {"settings"},
    r"CLI/": {"app"},
    r"spdlog": {"base"},
    r"kainjow": {"base"},
    r"idn2|unicase|uninorm|unistr|uniwidth": {"base"},
}


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2] / "src"
    problems = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        room = path.relative_to(root).parts[0]
        if room not in ALLOWED:
            problems.append(f"{path.relative_to(root)}: a room that the layer rule does not know")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            kind, name = match.groups()
            where = f"{path.relative_to(root)}:{number}"
            if kind == '"':
                target = name.split("/")[0]
                if "/" not in name or not (root / name).is_file():
                    problems.append(f"{where}: {name} is no path from src/")
                elif target != room and target not in ALLOWED[room]:
                    problems.append(f"{where}: {room} must not know {target} ({name})")
            else:
                for pattern, rooms in THIRD_PARTIES.items():
                    if re.match(pattern, name) and room not in rooms:
                        problems.append(f"{where}: {name} belongs to {', '.join(sorted(rooms)) or 'no room'}")
    print("\n".join(problems), file=sys.stderr)
    print(f"includes: {len(problems)} arrows point the wrong way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
