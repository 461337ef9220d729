#!/usr/bin/env python3
"""The layer rule: every include between the rooms of src/ points down, third parties and SQL stay in their rooms, and
features know the kernel but never each other.

Reads each file under src/ and fails on whatever docs/life-of-a-request.md does not draw.
"""
import pathlib
import re
import sys

KERNEL = ["base", "settings", "crypto", "db", "http", "store", "mail", "web", "flow", "api"]
ALLOWED = {
    "base": set(),
    "settings": {"base"},
    "crypto": {"base"},
    "db": {"base"},
    "http": {"base"},
    "net": {"base"},
    "move": {"base", "crypto", "db"},
    "store": {"base", "db"},
    "mail": {"base", "settings", "crypto", "db", "store"},
    "web": {"base", "settings", "crypto", "http"},
    "flow": {"base", "settings", "crypto", "db", "store", "mail"},
    "api": {"base", "settings", "crypto", "db", "http", "store", "mail", "web", "flow"},
    "features": set(KERNEL),
    "app": {*KERNEL, "move", "features"},
}

THIRD_PARTIES = {
    r"sqlite3\.h|libpq-fe\.h": {"db"},
    r"openssl/|crypt\.h|zxcvbn": {"crypto"},
    r"argon2\.h": set(),  # for tests and bench/ only: the server has its own
    r"curl/": {"mail", "net"},
    r"boost/beast": {"http"},
    r"boost/url": {"settings"},
    r"toml": {"settings", "web"},
    r"qrcodegen": {"web"},
    r"CLI/": {"app"},
    r"spdlog": {"base"},
    r"idn2|unicase|uninorm|unistr|uniwidth": {"base"},
}

# Flows tell events (flow/events.h), which write the audit; housekeeping shortens it; an account's history reads it and takes addresses out of it.
ONLY_FROM = {"store/audit.h": {"flow/events.h", "flow/sweep.cpp", "flow/accounts/history.h"}}

# Of a feature, the files that know a request; every other one is a rule.
REQUEST_FILES = {"feature.h", "feature.cpp", "routes.cpp", "routes.h", "pages.cpp", "pages.h"}
REQUEST_ROOMS = {"http", "api", "web"}

SQL = re.compile(r'"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)')
# The drivers have statements of their own, and the mover treats every table alike.
SQL_ROOMS = {"store", "db", "move"}


def judge_include(room: str, path: pathlib.PurePath, name: str) -> str | None:
    target = name.split("/")[0]
    if name in ONLY_FROM and room != target and str(path) not in ONLY_FROM[name]:
        return f"{name} is for {', '.join(sorted(ONLY_FROM[name]))} alone"
    if target != room:
        if target not in ALLOWED[room]:
            return f"{room} must not know {target} ({name})"
        if room == "features" and target in REQUEST_ROOMS and path.name not in REQUEST_FILES:
            return f"a rule must not know {target} ({name}): requests belong into routes.cpp and pages.cpp"
    elif room == "features" and name.split("/")[1] != path.parts[1]:
        return f"the feature {path.parts[1]} must not know the feature {name.split('/')[1]} ({name})"
    return None


def main() -> int:
    root = pathlib.Path(__file__).resolve().parents[2] / "src"
    problems = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        short = path.relative_to(root)
        room = short.parts[0]
        if room not in ALLOWED:
            problems.append(f"{short}: a room that the layer rule does not know")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{short}:{number}"
            if SQL.search(line) and room not in SQL_ROOMS and not (room == "features" and path.name == "statements.h"):
                problems.append(f"{where}: SQL stands in store/ and in statements.h of a feature only")
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            kind, name = match.groups()
            if kind == '"':
                if "/" not in name or not (root / name).is_file():
                    problems.append(f"{where}: {name} is no path from src/")
                elif problem := judge_include(room, short, name):
                    problems.append(f"{where}: {problem}")
            else:
                for pattern, rooms in THIRD_PARTIES.items():
                    if re.match(pattern, name) and room not in rooms:
                        problems.append(f"{where}: {name} belongs to {', '.join(sorted(rooms)) or 'no room'}")
    print("\n".join(problems), file=sys.stderr)
    print(f"includes: {len(problems)} arrows point the wrong way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
