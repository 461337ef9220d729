"""What somebody who knows an address can do to the way back of its owner by asking for mail (findings 3 to 5)."""

import pytest

from test_mail_code import REQUEST, read_code, sign_in, wrong

FORGOTTEN = "/api/auth/password/forgotten"
HOTEL = {"X-Forwarded-For": "198.51.100.7"}


def stranger(number: int) -> dict:
    return {"X-Forwarded-For": f"203.0.113.{number}"}


@pytest.fixture
def limited(make_server):
    return make_server({"http.trusted_proxies": "127.0.0.1"}, limits=True)


def ask(server, email: str, headers: dict | None = None, path: str = REQUEST) -> str:
    answer = server.post(path, json={"email": email}, headers=headers)
    assert answer.status_code == 200
    return answer.json()["handle"]


def test_L50_a_stranger_who_asks_and_guesses_voids_no_code(limited):
    owner = limited.user()
    handle = ask(limited, owner.email, HOTEL)
    code = read_code(owner)
    for number in range(1, 4):
        theirs = ask(limited, owner.email, stranger(number))
        for _ in range(5):
            assert sign_in(limited, theirs, wrong(code)).status_code == 401
        assert sign_in(limited, theirs, code).status_code == 401, "their tries are used up, also for the right one"
    assert sign_in(limited, handle, code).status_code == 200


def test_L51_requests_of_strangers_keep_back_no_mail_of_another_kind_nor_to_a_known_device(limited):
    owner = limited.user()
    ask(limited, owner.email, stranger(1))
    read_code(owner)
    ask(limited, owner.email, HOTEL, FORGOTTEN)
    limited.wait(lambda: [mail for mail in limited.mails(owner.email) if "/password/new/" in mail.text], "a mail for a new password")
    handle = ask(limited, owner.email)
    assert sign_in(limited, handle, read_code(owner, 2)).status_code == 200
    answer = limited.post("/api/users/me/email", bearer=owner.access, json={"email": "another-" + owner.email})
    assert answer.status_code == 200, answer.text
