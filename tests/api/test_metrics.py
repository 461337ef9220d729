"""What /metrics prints: the names and labels that dashboards and alerts are built on."""
import re
import socket

import requests

# Of the release 0.1.0. Names and labels stay; new ones may come.
COUNTERS = {
    "latchkey_sign_ups_total": ["created", "exists", "refused"],
    "latchkey_sign_ins_total": ["ok", "invalid", "unconfirmed", "blocked", "limited", "overloaded"],
    "latchkey_refreshes_total": ["rotated", "repeated", "reused", "refused"],
    "latchkey_confirmations_total": ["ok", "repeated", "refused"],
    "latchkey_access_tokens_total": ["refused", "recognized", "cached", "verified"],
    "latchkey_mails_total": ["queued", "sent", "retried", "put_aside", "dropped", "withheld"],
}
PLAIN = {
    "latchkey_sessions_opened_total", "latchkey_passwords_hashed_total", "latchkey_hashing_refused_total",
    "latchkey_connections_accepted_total", "latchkey_connections_given_up_total", "latchkey_connections_refused_total", "latchkey_refusals_delayed_total",
    "latchkey_database_batches_total",
    "latchkey_database_writes_total", "latchkey_database_unavailable_total", "latchkey_housekeeping_removed_total",
    "latchkey_signing_keys_made_total", "latchkey_connections_open", "latchkey_hashing_queue_length",
    "latchkey_database_queue_length", "latchkey_mail_outbox_length", "latchkey_log_lines_dropped_total",
    "process_cpu_seconds_total", "process_resident_memory_bytes",
}
TIMINGS = {"latchkey_password_hash_seconds", "latchkey_database_batch_seconds", "latchkey_mail_delivery_seconds"}
ROUTES = ["signup", "login", "logout", "refresh", "confirmation", "request_email", "admin", "me", "sessions", "documents", "health",
          "unmatched"]


def names_of_0_1_0():
    yield from PLAIN
    for family, outcomes in COUNTERS.items():
        yield from (f'{family}{{outcome="{outcome}"}}' for outcome in outcomes)
    yield from (f'latchkey_sessions_ended_total{{reason="{reason}"}}' for reason in ("logout", "reuse", "admin"))
    for route in ROUTES:
        yield f'latchkey_requests_total{{route="{route}",status="2xx"}}'
        yield f'latchkey_request_seconds_bucket{{route="{route}",le="+Inf"}}'
        yield f'latchkey_request_seconds_count{{route="{route}"}}'
    for timing in TIMINGS:
        yield f'{timing}_bucket{{le="5e-05"}}'
        yield f"{timing}_sum"


def managed(make_server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = make_server({"management_listen": f"127.0.0.1:{port}"})
    return server, lambda: requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text


def test_every_name_and_label_of_0_1_0_is_still_there(make_server):
    _, page = managed(make_server)
    text = page()
    samples = {line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")}
    assert set(names_of_0_1_0()) - samples == set()
    assert any(re.fullmatch(r'latchkey_build_info\{version="[^"]+"\}', sample) for sample in samples)
    families = re.findall(r"^# TYPE (\S+) \S+$", text, re.M)
    assert len(families) == len(set(families)), "Prometheus wants a family in one piece"
    assert re.findall(r"^# HELP (\S+) .+$", text, re.M) == families


def test_requests_and_what_came_of_them_are_counted(make_server):
    server, page = managed(make_server)

    def number(name):
        return next((float(line.rsplit(" ", 1)[1]) for line in page().splitlines() if line.startswith(name + " ")), 0)

    refused = 'latchkey_requests_total{route="login",status="4xx"}'
    invalid = 'latchkey_sign_ins_total{outcome="invalid"}'
    opened = "latchkey_sessions_opened_total"
    before = [number(name) for name in (refused, invalid, opened)]
    account = server.user()
    assert server.post("/api/auth/login", data={"username": account.email, "password": "no such password"}).status_code == 401
    assert [number(name) for name in (refused, invalid)] == [before[0] + 1, before[1] + 1]
    assert number(opened) > before[2]
