"""A Latchkey process with a data directory of its own."""

from __future__ import annotations

import os
import re
import signal
import shutil
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import requests

from .accounts import PASSWORD, Account, unique_email
from .checks import assert_common_headers
from .mail import Mail
from .postgres import Borrowed, Database
from .program import Clock, binary_path, has_clock_to_move
from .store_reading import StoreReading, shared_store
from .terminal import open_terminal

SANITIZER_REPORT = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer"
                              r"|runtime error:|AddressSanitizer:DEADLYSIGNAL")
ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "the-keeper-of-keys"
# Cheap hashes: the tests are about behaviour, and sanitizer builds are slow enough.
CHEAP = {"password.argon2_memory_kib": 64, "password.argon2_passes": 1}

live: weakref.WeakSet[Server] = weakref.WeakSet()


class ServerFailed(Exception):
    """The process ended, or never said that it listens."""


def _sanitizer_options() -> dict[str, str]:
    wanted = {
        "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:handle_abort=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "TSAN_OPTIONS": "exitcode=66:second_deadlock_stack=1",
    }
    return {name: ":".join(filter(None, (options, os.environ.get(name)))) for name, options in wanted.items()}


class Server(StoreReading):
    """Starts, drives and stops one server.

    `settings` are names of the contract with dots (`{"tokens.refresh_grace": "0s"}`), handed over in
    the environment; None takes one of the harness's own away. Limits are off unless asked for, hashes
    are cheap, and an administrator is made unless `admin` is False. `config` is the text of a TOML
    file. `binary` is another program than the one that is tested, `machine` what runs a command on another
    machine. With `terminal` standard error is a terminal, as for somebody who tries the server. Not started until `start` is called or a `with` block is entered.
    """

    def __init__(self, settings: dict[str, object] | None = None, *, limits: bool = False, admin: bool = True,
                 config: str | None = None, environment: dict[str, str] | None = None, binary: Path | None = None,
                 machine: list[str] | None = None, terminal: bool = False):
        self._binary = binary
        self._machine = machine or []
        self._terminal = terminal
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-test-"))
        self.data_dir = self.folder / "data"
        self.stderr_path = self.folder / "stderr"
        self.stdout_path = self.folder / "stdout"
        self.stderr_path.touch()
        self.clock = Clock(self.folder / "clock")
        self.settings: dict[str, object] = {
            "listen": "127.0.0.1:0", "data_dir": self.data_dir, "limits.enabled": str(limits).lower(), **CHEAP}
        if admin:
            self.settings |= {"admin.email": ADMIN_EMAIL, "admin.password": ADMIN_PASSWORD}
        self.database: Database | None = None
        if (prefix := shared_store()) and not {"database_url", "master_secret_file"} & set(settings or {}):
            self.database = Database(Borrowed(prefix))
            self.settings |= self.database.settings()
        self.settings |= settings or {}
        self.environment = dict(environment or {})
        if config is not None:
            path = self.folder / "latchkey.toml"
            path.write_text(config)
            self.environment["LATCHKEY_CONFIG"] = str(path)
        self.host, self.port = "127.0.0.1", 0
        self.process: subprocess.Popen | None = None
        self._admin: Account | None = None
        self._sessions = threading.local()
        self._mails: dict[str, Mail] = {}
        live.add(self)

    # The process ----------------------------------------------------------------------------------

    @property
    def binary(self) -> Path:
        return self._binary or binary_path()

    def env(self) -> dict[str, str]:
        """The environment that server and command line run in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
        named = {"LATCHKEY_" + name.replace(".", "_").upper(): str(value)
                 for name, value in self.settings.items() if value is not None}
        clock = {"LATCHKEY_TEST_CLOCK_FILE": str(self.clock.path)} if has_clock_to_move(self.binary) else {}
        return {**kept, **_sanitizer_options(), **clock, **named, **self.environment}

    def master_secret(self) -> str:
        given = self.settings.get("master_secret")
        return str(given or (self.data_dir / "master_secret").read_text().strip())

    def start(self, *arguments: str, timeout: float = 60) -> Server:
        """Starts `latchkey serve` and waits for its line. Raises ServerFailed when it ends instead."""
        assert not self.running, "already running"
        binary = self.binary
        assert binary.exists(), f"{binary} is not there: build it with ./test, or set LATCHKEY_BIN"
        with self.stdout_path.open("wb") as out, self.stderr_path.open("ab") as err:
            errors = open_terminal(self.stderr_path) if self._terminal else err.fileno()
            self.process = subprocess.Popen([*self._machine, binary, "serve", *arguments], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=errors, env=self.env(), cwd=self.folder)
            if self._terminal:
                os.close(errors)
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            if match := re.search(r"^listening on (http://(\S+):(\d+))$", self.stdout_path.read_text(), re.M):
                self.host, self.port = match[2].strip("[]"), int(match[3])
                # A restart comes back on the same port, so that links and issuer stay the same.
                if str(self.settings.get("listen", "")).endswith(":0"):
                    self.settings["listen"] = f"{match[2]}:{match[3]}"
                return self
            if ended:
                raise ServerFailed(f"serve ended with {self.process.returncode}:\n{self.stderr[-4000:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"serve did not listen within {timeout} s:\n{self.stderr[-4000:]}")
            time.sleep(0.005)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def stderr(self) -> str:
        """Everything that was logged, over all starts."""
        return self.stderr_path.read_text(errors="replace")

    def wait_log(self, pattern: str, timeout: float = 30) -> str:
        """Waits until the log has a line with the pattern; answers that line."""
        return self.wait(lambda: next((line for line in self.stderr.splitlines() if re.search(pattern, line)), None),
                         f"the log to say {pattern!r}", timeout)

    def wait(self, ask: Callable[[], object], what: str, timeout: float = 30):
        """Asks until the answer is true; answers it."""
        deadline = time.monotonic() + timeout
        while not (answer := ask()):
            assert time.monotonic() < deadline, f"waited {timeout} s for {what}; log:\n{self.stderr[-3000:]}"
            time.sleep(0.01)
        return answer

    def wait_exit(self, timeout: float = 60) -> int:
        return self.process.wait(timeout)

    def check_sanitizers(self) -> None:
        found = SANITIZER_REPORT.search(self.stderr)
        assert not found, self.stderr[max(0, found.start() - 300):found.start() + 6000]

    def stop(self) -> None:
        """SIGTERM: the server must drain, exit 0 and leave no sanitizer report."""
        if not self.running and self.process is not None:
            raise AssertionError(f"the server died with {self.process.returncode}:\n{self.stderr[-6000:]}")
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.wait_exit()
        self.process = None
        self.check_sanitizers()
        assert code == 0, f"serve ended with {code} after SIGTERM:\n{self.stderr[-6000:]}"

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self, **settings: object) -> Server:
        """Stops in peace and starts again on the same data, with settings changed (dots as `__`)."""
        self.stop()
        self.settings |= {name.replace("__", "."): value for name, value in settings.items()}
        return self.start()

    def remove(self) -> None:
        """Ends what still runs, without asserting anything, and deletes the files."""
        self.kill()
        live.discard(self)
        if self.database is not None:
            self.database.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Server:
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, kind, *_) -> None:
        try:
            if kind is None and self.process is not None:
                self.stop()
            self.check_sanitizers()
        finally:
            self.remove()

    # The command line -----------------------------------------------------------------------------

    def cli(self, *arguments: str, input: str | bytes | None = None, timeout: float = 120,
            environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs `latchkey ARGUMENTS…` with the server's settings, whether it runs or not."""
        data = input.encode() if isinstance(input, str) else input
        done = subprocess.run([self.binary, *map(str, arguments)], input=data if data is not None else b"",
                              capture_output=True, env={**self.env(), **(environment or {})}, cwd=self.folder,
                              timeout=timeout)
        answer = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(errors="replace"),
                                             done.stderr.decode(errors="replace"))
        assert not SANITIZER_REPORT.search(answer.stderr), answer.stderr
        assert answer.returncode >= 0, f"ended by signal {-answer.returncode}: {answer.stderr}"
        return answer

    def cli_ok(self, *arguments: str, input: str | bytes | None = None) -> str:
        """As `cli`, for a command that must succeed; answers its standard output."""
        done = self.cli(*arguments, input=input)
        assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def cli_refused(self, *arguments: str, input: str | bytes | None = None) -> str:
        """As `cli`, for a command that must be refused with a word of explanation on standard error."""
        done = self.cli(*arguments, input=input)
        assert done.returncode != 0, f"{arguments} was accepted: {done.stdout}{done.stderr}"
        assert done.stderr.strip(), f"{arguments} was refused without a word"
        return done.stderr

    # Requests -------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def public_url(self) -> str:
        """What the server calls itself, in tokens and links: a listener on this machine by its name."""
        host = "localhost" if self.host in ("127.0.0.1", "::1") else self.host
        return str(self.settings.get("public_url") or f"http://{host}:{self.port}")

    def request(self, method: str, path: str, *, bearer: str | None = None, check: bool = True,
                cacheable: bool = False, **more) -> requests.Response:
        """One request over a kept connection of the calling thread. Asserts what the contract says of
        every response, unless `check` is False."""
        session = getattr(self._sessions, "value", None)
        if session is None:
            session = self._sessions.value = requests.Session()
            session.trust_env = False
            session.headers["User-Agent"] = "latchkey-tests"
        headers = dict(more.pop("headers", None) or {})
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        more.setdefault("timeout", 60)
        more.setdefault("allow_redirects", False)
        response = session.request(method, self.url + path, headers=headers, **more)
        # Another version answers as its own contract says.
        if check and self.binary == binary_path():
            assert_common_headers(response, cacheable=cacheable)
        return response

    def get(self, path: str, **more) -> requests.Response:
        return self.request("GET", path, **more)

    def metric(self, name: str) -> float:
        """One number of /metrics, by its name with labels as it is printed. Needs `management_listen`."""
        # The line comes after the one that says that it has started.
        address = self.wait(lambda: re.findall(r"server\.management address=(\S+)", self.stderr), "its address")[-1]
        text = requests.get(address + "/metrics", timeout=60).text
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])

    def post(self, path: str, **more) -> requests.Response:
        return self.request("POST", path, **more)

    def delete(self, path: str, **more) -> requests.Response:
        return self.request("DELETE", path, **more)

    # Accounts -------------------------------------------------------------------------------------

    def signup(self, email: str | None = None, username: str = "new_user", password: str = PASSWORD) -> Account:
        """A new account, unconfirmed."""
        before = len(self.mails(email)) if email else 0
        email = email or unique_email()
        response = self.post("/api/auth/signup", json={"email": email, "username": username, "password": password})
        assert response.status_code == 201, f"{response.status_code}: {response.text}"
        account = Account(self, email, password, response.json())
        account.mails_before = before
        return account

    def confirmed(self, email: str | None = None, **more) -> Account:
        """A new account, confirmed by its mail."""
        account = self.signup(email, **more)
        account.confirm()
        return account

    def user(self, email: str | None = None, **more) -> Account:
        """A new account, confirmed where the server asks for that, and signed in."""
        asks = self.settings.get("accounts.confirmation") != "off"
        account = self.confirmed(email, **more) if asks else self.signup(email, **more)
        if not account.tokens:
            account.login()
        return account

    def admin(self) -> Account:
        """The administrator of the settings, with a live session."""
        if self._admin is None:
            self._admin = Account(self, ADMIN_EMAIL, ADMIN_PASSWORD)
        if not self._admin.tokens or self._admin.me().status_code != 200:
            self._admin.login()
            self._admin.user = self._admin.me().json()
        return self._admin

    def second_admin(self) -> Account:
        """One more administrator, made on the command line and signed in."""
        email = unique_email("admin")
        self.cli_ok("user", "add", "--email", email, "--username", "second", "--role", "admin", "--confirmed",
                    "--password-stdin", input=PASSWORD)
        account = Account(self, email, PASSWORD)
        account.login()
        account.user = account.me().json()
        return account

    def block(self, account: Account, *, is_active: bool = False) -> requests.Response:
        response = self.post(f"/api/auth/block_user/{account.id}", bearer=self.admin().access,
                             json={"is_active": is_active})
        assert response.status_code == 200, response.text
        return response

    # Mail -----------------------------------------------------------------------------------------

    def mail_files(self) -> set[Path]:
        folder = self.data_dir / "mail"
        return set(folder.glob("*.eml")) if folder.exists() else set()

    def mails(self, to: str | None = None) -> list[Mail]:
        """The mails in the mail directory, oldest first, of one receiver or of all."""
        files = sorted(self.mail_files(), key=lambda path: (path.stat().st_mtime_ns, path.name))
        for path in files:
            if path.name not in self._mails:
                self._mails[path.name] = Mail(path.read_bytes(), path.name)
        found = [self._mails[path.name] for path in files]
        return [mail for mail in found if to is None or mail.to == to]

    def wait_mail(self, to: str, count: int = 1, timeout: float = 60) -> list[Mail]:
        """Waits until `count` mails to the address have come."""
        return self.wait(lambda: (mails := self.mails(to)) and len(mails) >= count and mails,
                         f"{count} mail(s) to {to}", timeout)

    def mails_settled(self, to: str) -> list[Mail]:
        """The mails to an address once the mail worker has come past everything that was asked for so
        far: a mail that was not sent by then is not sent at all."""
        after = self.signup(unique_email("after"))
        self.wait_mail(after.email)
        return self.mails(to)
