"""A client-side ledger: what the server acknowledged, and the check that all of it is still true."""

from __future__ import annotations

import random
import re
import threading

import requests

from support import PASSWORD, Server, SmtpSink, assert_problem, unique_email

# Long enough that a rotation whose answer was lost in a crash can be retried after the restart.
SETTINGS = {"tokens.refresh_grace": "1m"}
LINK = re.compile(r"/(api/auth/confirmed_email|password/new)/(\S+)")
# What a refusal by the clock looks like, where that was set meanwhile: the request did not happen.
EXPIRED = ("invalid_link", "invalid_token", "invalid_confirmation")


class Refused(Exception):
    """503: a fault of the store. Whether it was carried out is as open as without an answer."""


class Line:
    """One user's doings, in the order of one client. `pending` is what was asked and not answered."""

    def __init__(self):
        self.email = unique_email("ledger")
        self.password = PASSWORD
        self.new_password: str | None = None  # asked for, and not answered
        self.signed_up = self.confirmed = False
        self.refresh: list[str] = []  # the tokens of the current session, oldest first
        self.access = ""  # of the current session
        self.ended: list[str] = []  # refresh tokens of sessions whose end was acknowledged
        self.ended_access: list[str] = []
        self.spent: list[str] = []  # tokens of links that have changed a password
        self.pending: str | None = None


class Mailbox:
    """The links in the mail directory, each mail read once, whoever asks."""

    def __init__(self, server: Server | None):
        self._server = server
        self._lock = threading.Lock()
        self._read: set[str] = set()
        self._links: dict[tuple[str, str], str] = {}

    def find(self, to: str, kind: str) -> str | None:
        with self._lock:
            for name, read in self._list():
                if name in self._read:
                    continue
                text = read().replace("\r\n", "\n").replace("=\n", "").replace("=3D", "=")
                self._read.add(name)
                receiver = re.search(r"^To: .*?([^\s<>]+@[^\s<>]+)", text, re.M)
                if receiver and (link := LINK.search(text)):
                    self._links[receiver[1], link[1]] = link[2]
            return self._links.get((to, kind))

    def _list(self):
        for path in self._server.mail_files():
            yield path.name, lambda path=path: path.read_text(errors="replace")


class SinkMailbox(Mailbox):
    """The links in what a mail server of the tests was given."""

    def __init__(self, sink: SmtpSink):
        super().__init__(None)
        self._sink = sink

    def _list(self):
        for number, delivery in enumerate(self._sink.deliveries):
            yield str(number), lambda delivery=delivery: delivery.data.decode(errors="replace")


class Ledger:
    """Clients that sign up, confirm, sign in, refresh, change passwords and sign out until the server goes away.

    With `faults` an answer 503 is expected now and then; without, anything but success is one of `unexpected`. Clients of several
    `nodes` ask whichever; the ledger is checked at `server`, the first. With `clock_steps` a link or a session may be over
    before its time, and says so.
    """

    def __init__(self, server: Server, clients: int = 6, seed: int = 0, *, faults: bool = False, nodes: tuple[Server, ...] = (),
                 mailbox: Mailbox | None = None, clock_steps: bool = False):
        self.server = server
        self.nodes = nodes or (server,)
        self.clock_steps = clock_steps
        self.lines: list[Line] = []
        self.unexpected: list[str] = []
        self.acknowledged = self.refused = 0
        self._faults = faults
        self._mailbox = mailbox or Mailbox(server)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(random.Random(seed * 1000 + number),)) for number
                         in range(clients)]

    def start(self) -> Ledger:
        for thread in self._threads:
            thread.start()
        return self

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _client(self, dice: random.Random) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set():
                line = Line()
                self.lines.append(line)
                try:
                    self._live(session, line, dice)
                except Refused:
                    self.refused += 1
                    self._stop.wait(0.02)
                except requests.RequestException:
                    # The server goes away under our hands: that is the end of a client, and no failure. Another node may be there.
                    if not any(node.running for node in self.nodes) or len(self.nodes) == 1:
                        return
                    self._stop.wait(0.02)

    def _ask(self, session, line: Line, what: str, method: str, path: str, good: tuple[int, ...], **more):
        line.pending = what
        node = self.nodes[0] if len(self.nodes) == 1 else random.choice(self.nodes)
        response = session.request(method, node.url + path, timeout=30, **more)
        if self._faults and response.status_code == 503:
            raise Refused
        line.pending = None
        if self.clock_steps and response.status_code in (400, 401) and response.json()["code"] in EXPIRED:
            line.refresh, line.new_password = [], None
            raise Refused
        if response.status_code not in good:
            self.unexpected.append(f"{what}: {response.status_code} {response.text[:200]}")
            raise Refused
        self.acknowledged += 1
        return response

    def _live(self, session, line: Line, dice: random.Random) -> None:
        self._ask(session, line, "signup", "POST", "/api/auth/signup", (201,),
                  json={"email": line.email, "username": "ledger", "password": PASSWORD})
        line.signed_up = True
        link = self._wait_link(line, "api/auth/confirmed_email")
        if link is None:
            return
        self._ask(session, line, "confirm", "POST", f"/api/auth/confirmed_email/{link}", (200,),
                  headers={"Accept": "application/json"})
        line.confirmed = True
        for _ in range(dice.randrange(1, 3)):
            tokens = self._ask(session, line, "login", "POST", "/api/auth/login", (200,),
                               data={"username": line.email, "password": line.password}).json()
            line.refresh, line.access = [tokens["refresh_token"]], tokens["access_token"]
            for _ in range(dice.randrange(0, 5)):
                if self._stop.is_set():
                    return
                tokens = self._ask(session, line, "refresh", "GET", "/api/auth/refresh_token", (200,),
                                   headers=bearer(line)).json()
                line.refresh.append(tokens["refresh_token"])
                line.access = tokens["access_token"]
            if dice.random() < 0.5:
                self._ask(session, line, "logout", "POST", "/api/auth/logout", (200,), headers=bearer(line))
                line.ended.append(line.refresh[-1])
                line.ended_access.append(line.access)
                line.refresh = []
        if dice.random() < 0.3 and not line.spent:
            self._change_password(session, line)

    def _change_password(self, session, line: Line) -> None:
        self._ask(session, line, "forgotten", "POST", "/api/auth/password/forgotten", (200,), json={"email": line.email})
        link = self._wait_link(line, "password/new")
        if link is None:
            return
        line.new_password = f"{PASSWORD}-{unique_email('new')}"
        self._ask(session, line, "reset", "POST", "/api/auth/password/reset", (200,),
                  json={"token": link, "password": line.new_password})
        line.password, line.new_password = line.new_password, None
        line.spent.append(link)
        if line.refresh:
            line.ended.append(line.refresh[-1])
            line.ended_access.append(line.access)
        line.refresh = []

    def _wait_link(self, line: Line, kind: str) -> str | None:
        while not self._stop.is_set() and any(node.running for node in self.nodes):
            if link := self._mailbox.find(line.email, kind):
                return link
            self._stop.wait(0.02)
        return None

    def check(self) -> None:
        """After a restart: every acknowledged fact is still true, and nothing can be used twice."""
        for line in self.lines:
            check_line(self.server, line, clock_steps=self.clock_steps)


def bearer(line: Line) -> dict[str, str]:
    return {"Authorization": f"Bearer {line.refresh[-1]}"}


def check_line(server: Server, line: Line, *, clock_steps: bool = False) -> None:
    """May be repeated: what it does to the account is written down, too."""
    if line.signed_up:
        response = server.post("/api/auth/signup", json={"email": line.email, "username": "again", "password": PASSWORD})
        assert_problem(response, 409, "account_exists")
    login = server.post("/api/auth/login", data={"username": line.email, "password": line.password})
    if line.new_password is not None and login.status_code == 401:
        # The change was asked for and not answered: then the new one must be right, and its link spent.
        line.password, line.new_password = line.new_password, None
        line.refresh = []
        login = server.post("/api/auth/login", data={"username": line.email, "password": line.password})
    if line.confirmed:
        assert login.status_code == 200, (line.email, login.text)
    elif line.signed_up and line.pending != "confirm":
        assert_problem(login, 401, "email_not_confirmed")
    line.confirmed = login.status_code == 200  # what was asked and not answered is known from here on
    for token in line.ended:
        assert_problem(server.get("/api/auth/refresh_token", bearer=token), 401, "invalid_token")
    for token in line.ended_access:
        assert_problem(server.get("/api/users/me", bearer=token), 401, "invalid_token")
    for link in line.spent:
        assert_problem(server.post("/api/auth/password/reset", json={"token": link, "password": f"{PASSWORD}-stolen"}), 400,
                       "invalid_link")
    if line.refresh and line.pending != "logout":
        last = server.get("/api/auth/refresh_token", bearer=line.refresh[-1])
        if clock_steps and line.pending == "refresh" and last.status_code == 401:
            line.refresh = []  # carried out, and asked again when its grace was over
            return check_line(server, line)
        assert last.status_code == 200, (line.email, line.pending, len(line.refresh), last.text)
        line.ended.append(line.refresh[-1])
        if server.get("/api/users/me", bearer=last.json()["access_token"]).status_code == 200:
            line.ended_access.append(last.json()["access_token"])
        if len(line.refresh) > 1:
            # The one before the last is two late by now: it is refused, and ends the session.
            assert_problem(server.get("/api/auth/refresh_token", bearer=line.refresh[-2]), 401, "invalid_token")
            assert_problem(server.get("/api/auth/refresh_token", bearer=last.json()["refresh_token"]), 401,
                           "invalid_token")
        else:
            assert server.post("/api/auth/logout", bearer=last.json()["refresh_token"]).status_code == 200
    line.refresh, line.pending = [], None


def assert_sound(server: Server) -> None:
    """The database is whole and its invariants hold."""
    if server.settings.get("database_url"):
        return
    with server.db() as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT lower(email) FROM users GROUP BY 1 HAVING count(*) > 1").fetchall() == []
        assert db.execute("SELECT 1 FROM sessions JOIN users ON users.id = user_id WHERE NOT is_active OR NOT confirmed").fetchall() == []
        assert db.execute("SELECT count(*) FROM users WHERE role = 'admin' AND confirmed AND is_active").fetchone()[0] >= 1
