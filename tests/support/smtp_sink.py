"""An SMTP server for tests, that receives mail and misbehaves on request.

It speaks just enough SMTP for a real client, over real sockets, so that its faults are real ones.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from .mail import Mail


@dataclass
class Delivery:
    """One message that the sink took (or had taken when it dropped the connection)."""

    sender: str
    recipients: list[str]
    data: bytes
    tls: bool
    auth: tuple[str, str] | None

    @property
    def mail(self) -> Mail:
        return Mail(self.data)


@dataclass
class Faults:
    """Switches that can be moved while the sink runs; each connection reads them as it goes."""

    refuse: bool = False              # close every connection before the greeting
    greeting: str = "220 sink ESMTP"  # e.g. "554 no" or "421 later"
    hide_starttls: bool = False       # do not offer STARTTLS, and refuse it
    broken_tls: bool = False          # offer STARTTLS, and refuse every handshake
    after_starttls: bytes = b""       # bytes put behind the 220 of STARTTLS, in clear
    mail_from: str | None = None      # reply to MAIL FROM, e.g. "451 4.3.0 later"
    rcpt_to: str | None = None        # reply to RCPT TO, e.g. "550 5.1.1 no such user"
    slow_recipients: dict[str, float] = field(default_factory=dict)  # seconds before the reply to RCPT TO, by address
    data: str | None = None           # reply after the final dot, e.g. "451 4.3.0 later"
    drop_after_data: bool = False     # take the message, then close without a reply
    drop_at: str | None = None        # close without a reply to this command, e.g. "RCPT"
    hang_at: str | None = None        # never answer this command, until released
    tarpit: float = 0.0               # seconds before every byte of every reply
    silent: bool = False              # accept, then say nothing until released
    endless_banner: bool = False      # a greeting that never ends its line
    endless_reply: bytes = b""        # said again and again in place of the answer to EHLO
    released: threading.Event = field(default_factory=threading.Event)


class SmtpSink:
    """Listens on a free port of `host` until `close`. `certificate` (a PEM file with key) offers
    STARTTLS, or wraps the connection from its first byte when `implicit_tls` is set. With `login` it
    offers AUTH with these mechanisms and wants that user and password."""

    def __init__(self, certificate: Path | None = None, *, implicit_tls: bool = False,
                 login: tuple[str, str] | None = None, mechanisms: str = "PLAIN LOGIN", host: str = "127.0.0.1"):
        self.faults = Faults()
        self.deliveries: list[Delivery] = []
        self.auth_attempts: list[tuple[str, str, bool]] = []  # user, password, over TLS
        self.commands: list[str] = []  # every command line that came, over all connections
        self.plain_commands: list[str] = []  # those that came without TLS
        self.connections = 0
        self.flooded = 0  # bytes that endless answers came to
        self._login = login
        self._mechanisms = mechanisms
        self._implicit_tls = implicit_tls
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._news = threading.Condition()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._host = host
        self._listener = socket.create_server((host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp{'s' if self._implicit_tls else ''}://{self._host}:{self.port}"

    def __enter__(self) -> SmtpSink:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._closing = True
        self.faults.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    # What tests ask -------------------------------------------------------------------------------

    def to(self, address: str) -> list[Delivery]:
        with self._news:
            return [delivery for delivery in self.deliveries if address in delivery.recipients]

    def wait_for(self, address: str, count: int = 1, timeout: float = 60) -> list[Delivery]:
        """Waits until `count` messages to the address have come."""
        self.wait_until(lambda: len(self.to(address)) >= count, f"{count} mail(s) to {address}", timeout)
        return self.to(address)

    def wait_connections(self, count: int, timeout: float = 60) -> None:
        self.wait_until(lambda: self.connections >= count, f"{count} connection(s)", timeout)

    def wait_until(self, condition, what: str, timeout: float = 60) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout), \
                f"the sink waited {timeout} s for {what}; commands so far: {self.commands}"

    # The server -----------------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._news:
            self.connections += 1
            self._news.notify_all()
        self._open.add(connection)
        try:
            if not self.faults.refuse:
                _Dialogue(self, connection).run()
        except OSError:  # the client went away, or the TLS handshake failed
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _note(self, **what) -> None:
        with self._news:
            if "command" in what:
                self.commands.append(what["command"])
                if not what["tls"]:
                    self.plain_commands.append(what["command"])
            if "delivery" in what:
                self.deliveries.append(what["delivery"])
            if "auth" in what:
                self.auth_attempts.append(what["auth"])
            self._news.notify_all()


class _Dialogue:
    def __init__(self, sink: SmtpSink, connection: socket.socket):
        self._sink = sink
        self._faults = sink.faults
        self._raw = connection
        self._io = connection
        self._tls = False
        self._buffer = b""
        self._user: tuple[str, str] | None = None

    def _reply(self, *lines: str) -> None:
        data = "".join(line + "\r\n" for line in lines).encode()
        if not self._faults.tarpit:
            self._io.sendall(data)
            return
        for byte in data:
            if self._faults.released.wait(self._faults.tarpit):
                return
            self._io.sendall(bytes([byte]))

    def _flood(self, data: bytes) -> None:
        self._io.sendall(data)
        self._sink.flooded += len(data)
        time.sleep(0.0005)

    def _read_until(self, mark: bytes) -> bytes | None:
        while mark not in self._buffer:
            data = self._io.recv(65536)
            if not data:
                return None
            self._buffer += data
        part, self._buffer = self._buffer.split(mark, 1)
        return part

    def _start_tls(self) -> None:
        self._io = self._sink._tls.wrap_socket(self._raw, server_side=True)
        self._sink._open.add(self._io)
        self._tls, self._buffer = True, b""

    def run(self) -> None:
        if self._sink._implicit_tls:
            self._start_tls()
        if self._faults.silent:
            self._faults.released.wait()
            return
        while self._faults.endless_banner and not self._sink._closing:
            self._flood(b"220" + b"-" * 4093)
        self._reply(self._faults.greeting)
        if not self._faults.greeting.startswith("220"):
            return
        sender, recipients = "", []
        while (line := self._read_until(b"\r\n")) is not None:
            text = line.decode("utf-8", "backslashreplace")
            self._sink._note(command=text, tls=self._tls)
            verb = text.split(" ")[0].upper()
            if verb == self._faults.drop_at:
                return
            if verb == self._faults.hang_at:
                self._faults.released.wait()
                return
            if verb == "EHLO":
                while self._faults.endless_reply and not self._sink._closing:
                    self._flood(self._faults.endless_reply)
                self._reply(*self._features())
            elif verb == "HELO" or verb == "NOOP":
                self._reply("250 sink")
            elif verb == "STARTTLS":
                if self._faults.hide_starttls or self._sink._tls is None or self._tls:
                    self._reply("502 5.5.1 not here")
                    continue
                self._io.sendall(b"220 go ahead\r\n" + self._faults.after_starttls)
                if self._faults.broken_tls:
                    self._io.recv(65536)
                    self._io.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # a fatal alert: handshake_failure
                    return
                self._start_tls()
            elif verb == "AUTH":
                self._authenticate(text)
            elif verb == "MAIL":
                if self._sink._login and self._user is None:
                    self._reply("530 5.7.0 authentication required")
                    continue
                sender, recipients = _address(text), []
                self._reply(self._faults.mail_from or "250 ok")
            elif verb == "RCPT":
                if self._faults.rcpt_to is None:
                    recipients.append(_address(text))
                self._faults.released.wait(self._faults.slow_recipients.get(_address(text), 0))
                self._reply(self._faults.rcpt_to or "250 ok")
            elif verb == "DATA":
                if not recipients:
                    self._reply("503 5.5.1 no recipients")
                    continue
                self._reply("354 go on")
                data = self._read_until(b"\r\n.\r\n")
                if data is None:
                    return
                message = data.replace(b"\r\n..", b"\r\n.") + b"\r\n"
                if self._faults.data is None:
                    self._sink._note(delivery=Delivery(sender, recipients, message, self._tls, self._user))
                if self._faults.drop_after_data:
                    return
                self._reply(self._faults.data or "250 taken")
            elif verb == "RSET":
                sender, recipients = "", []
                self._reply("250 ok")
            elif verb == "QUIT":
                self._reply("221 bye")
                return
            else:
                self._reply("500 5.5.2 unknown")

    def _features(self) -> list[str]:
        features = ["sink"]
        if self._sink._tls is not None and not self._tls and not self._faults.hide_starttls:
            features.append("STARTTLS")
        if self._sink._login:
            features.append(f"AUTH {self._sink._mechanisms}")
        features.append("8BITMIME")
        return [f"250-{feature}" for feature in features[:-1]] + [f"250 {features[-1]}"]

    def _authenticate(self, text: str) -> None:
        parts = text.split(" ")
        method = parts[1].upper()

        def answer(prompt: str) -> str:
            self._reply("334 " + prompt)
            return base64.b64decode(self._read_until(b"\r\n") or b"").decode()

        if method == "PLAIN":
            plain = base64.b64decode(parts[2]).decode() if len(parts) > 2 else answer("")
            _, user, password = plain.split("\0")
        else:
            user = base64.b64decode(parts[2]).decode() if len(parts) > 2 else answer("VXNlcm5hbWU6")
            password = answer("UGFzc3dvcmQ6")
        self._sink._note(auth=(user, password, self._tls))
        if (user, password) == self._sink._login:
            self._user = (user, password)
            self._reply("235 2.7.0 welcome")
        else:
            self._reply("535 5.7.8 no")


def _address(command: str) -> str:
    return command[command.index("<") + 1:command.rindex(">")]
