"""The README's five minutes, run by a shell as they are printed there."""

import json
import re
import subprocess

from support.program import REPOSITORY


def tour() -> str:
    chapter = (REPOSITORY / "README.md").read_text().split("## Five minutes", 1)[1].split("\n## ", 1)[0]
    return re.search(r"```sh\n(.*?)```", chapter, re.S)[1]


def test_the_five_minutes_of_the_readme(make_server):
    server = make_server()
    printed = tour().replace("http://127.0.0.1:8080", server.url).replace("latchkey-data", str(server.data_dir))
    assert server.url in printed and str(server.data_dir) in printed
    # The mail worker takes a moment, as a reader does.
    signs_up, confirms = printed.split("# Confirm", 1)
    script = f"{signs_up}\nfor i in $(seq 300); do ls {server.data_dir}/mail/*.eml >/dev/null 2>&1 && break; sleep 0.1; done\n#{confirms}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=server.folder, capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    read = json.JSONDecoder()
    answers, rest = [], done.stdout
    while rest := rest.strip():
        answer, end = read.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:]
    account, confirmed, tokens, me, sessions, refreshed, ended = answers
    assert account["email"] == "user@example.com" and not account["confirmed"]
    assert confirmed == {"message": "Email confirmed"}
    assert me["id"] == account["id"] and me["status"] == "active"
    assert len(sessions) == 1 and sessions[0]["current"]
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert ended == {"message": "Logged out successfully"}
