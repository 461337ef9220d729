"""T17: keys change under load, and a validator elsewhere that keeps the key set for its five minutes never fails."""

import threading

import pytest

from probes import harmless
from support import assert_problem
from support.tokens import claims_of, header_of
from support.validator import Validator

MINUTE = 60


def test_T17_a_caching_validator_never_fails_while_keys_rotate(make_server):
    server = make_server()
    accounts = [server.user() for _ in range(3)]
    validators = [Validator(server) for _ in range(2)]
    kids: list[str] = []
    given: list[str] = []
    for minute in range(70):
        if minute in (5, 30):
            server.cli_ok("keys", "rotate")
        if minute == 7:
            server.restart()
        for account in accounts:
            account.rotate()
            given.append(account.access)
            kid = header_of(account.access)["kid"]
            if kid not in kids:
                kids.append(kid)
        for token in given[-30:]:
            if claims_of(token)["exp"] > server.clock.now():
                # One validator looks at every token, one at every second minute's.
                assert validators[0].accepts(token)
                if minute % 2:
                    assert validators[1].accepts(token)
                if token in given[-3:]:
                    assert server.get("/api/users/me", bearer=token).status_code == 200
        server.clock.advance(MINUTE)
    assert len(kids) == 3
    server.wait(lambda: {key["kid"] for key in server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]}
                == {kids[-1]}, "the old keys to leave the set", 60)
    with harmless(server):
        assert_problem(server.get("/api/users/me", bearer=given[0]), 401, "invalid_token")


@pytest.mark.parametrize("round", range(2))
def test_T17_a_key_revoked_under_load_is_worth_nothing_at_once(make_server, round):
    server = make_server()
    accounts = [server.user() for _ in range(4)]
    old = header_of(accounts[0].access)["kid"]
    ended = threading.Event()
    statuses: set[int] = set()

    def load(account):
        while not ended.is_set():
            statuses.add(account.me().status_code)
            account.rotate()

    threads = [threading.Thread(target=load, args=(account,)) for account in accounts[1:]]
    for thread in threads:
        thread.start()
    try:
        before = accounts[0].access
        server.cli_ok("keys", "revoke", old)
        assert_problem(accounts[0].me(before), 401, "invalid_token")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert statuses <= {200, 401}
    for account in accounts:
        account.rotate()
        assert header_of(account.access)["kid"] != old
        assert account.me().status_code == 200
