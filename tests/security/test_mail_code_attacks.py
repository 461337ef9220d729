"""L: what asking for a code, and guessing one, gives away."""

import statistics

from probes import cpu_ns
from support import assert_problem, unique_email


def test_L01_L34_nobody_and_somebody_cost_the_same_work(make_server):
    """For the request and for a wrong code: as many writes, and of the processor's time about as much. The middle one of five,
    since housekeeping and mail write, too."""
    server = make_server({"management_listen": "127.0.0.1:0", "limits.mail_interval": "24h", "limits.enabled": "true"})
    blocked = server.user()
    known = server.user()
    server.block(blocked)
    assert server.post("/api/auth/login/code/request", json={"email": known.email}).status_code == 200
    server.mails_settled(known.email)
    subjects = {"known": known.email, "blocked": blocked.email, "nobody": unique_email("nobody")}
    writes: dict[str, list] = {name: [] for name in subjects}
    times: dict[str, list] = {name: [] for name in subjects}
    for _ in range(5):
        for name, email in subjects.items():
            before, began = server.metric("latchkey_database_writes_total"), cpu_ns(server)
            answer = server.post("/api/auth/login/code/request", json={"email": email})
            assert answer.status_code == 200
            guess = {"handle": answer.json()["handle"], "code": "12345678"}
            assert_problem(server.post("/api/auth/login/code", json=guess), 401, "invalid_code")
            times[name].append(cpu_ns(server) - began)
            writes[name].append(server.metric("latchkey_database_writes_total") - before)
    usual = {name: statistics.median(counts) for name, counts in writes.items()}
    assert len(set(usual.values())) == 1, writes
    work = {name: statistics.median(values) for name, values in times.items()}
    assert max(work.values()) < 1.5 * min(work.values()), work
