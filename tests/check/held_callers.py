#!/usr/bin/env python3
"""What a signed-in caller changes is checked once more in the transaction that changes it (flow/sessions/hold_caller.h).

Fails where a feature that has a route for signed-in callers writes by `database.write` or `run_together`, in place of
`write_as`, and does not say on the line why: "no caller: …" where nobody is signed in, "holds the caller" where the work does
so itself, "counts a try" for what is counted whoever asks.
"""
import pathlib
import re
import sys

SIGNED_IN = re.compile(r"api::(?:signed_in|administrators|recent_browser)")
WRITE = re.compile(r"\bdatabase\.(?:write|run_together)\(")
REASON = re.compile(r"// (?:no caller: |holds the caller|counts a try)")


def main() -> int:
    features = pathlib.Path(__file__).resolve().parents[2] / "src" / "features"
    problems, looked_at = [], 0
    for folder in sorted(path for path in features.iterdir() if path.is_dir()):
        files = {path: path.read_text() for path in sorted(folder.glob("*.cpp"))}
        if not any(SIGNED_IN.search(text) for text in files.values()):
            continue
        for path, text in files.items():
            for number, line in enumerate(text.splitlines(), 1):
                if not WRITE.search(line):
                    continue
                looked_at += 1
                if not REASON.search(line):
                    problems.append(f"src/features/{folder.name}/{path.name}:{number}: use flow::sessions::write_as, or "
                                    "say on this line why no caller is held")
    print("\n".join(problems), file=sys.stderr)
    print(f"held callers: {looked_at} writes without one, {len(problems)} of them unexplained")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
