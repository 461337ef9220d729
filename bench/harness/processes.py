"""The programs of a run: the server, the bare server, the load. Each belongs to a `with` block that ends it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

# Where a request differs from the next, as bench/load_requests.h has it.
TOKEN = "@token@"
NUMBER = "########"


class Failed(Exception):
    """A program of the run did not do its part: there is no figure then."""


@contextlib.contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """What is started inside runs on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}


class Listening:
    """A process that says on standard output where it listens."""

    def __init__(self, command: list, cores: set[int], log: Path, environment: dict[str, str] | None = None):
        self._log = log.open("ab")
        self._log_path = log
        start = time.perf_counter()
        with on_cores(cores):
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log,
                                            env={**clean_environment(), **(environment or {})}, cwd=log.parent,
                                            stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        self.seconds_to_listen = time.perf_counter() - start
        if not line.startswith("listening on http://"):
            self.close()
            raise Failed(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        self.port = int(line.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory(self) -> dict[str, int]:
        """Bytes in memory: all; the share of this process where pages that several processes have are divided among them (PSS);
        and what this process has written and has for itself (dirty). The others are pages of files, which the kernel drops as
        it likes."""
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:])
        return {name: int(lines[field].split()[0]) * 1024
                for name, field in (("resident", "Rss"), ("pss", "Pss"), ("dirty", "Private_Dirty"))}

    def cpu_ticks(self) -> tuple[int, int]:
        """What all threads have used in the program and in the kernel for it, in clock ticks."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]), int(fields[12])

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self._log.close()

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_program(command: list, cores: set[int]) -> dict:
    """Runs a program that prints one line of JSON."""
    with on_cores(cores):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def run_together(commands: list[list], cores: set[int]) -> list[dict]:
    """The same for several at once."""
    with on_cores(cores), concurrent.futures.ThreadPoolExecutor(len(commands)) as threads:
        return list(threads.map(lambda command: run_program(command, cores), commands))


def make_request(method: str, target: str, headers: dict[str, str] | None = None, body: str = "") -> bytes:
    """A request as a client of an API sends it, small."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:8080", "User-Agent: latchkey-bench/1", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def ask(port: int, request: bytes) -> bytes:
    """One answer, byte for byte."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += _receive(connection)
        head = answer.partition(b"\r\n\r\n")[0]
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(answer) < len(head) + 4 + length:
            answer += _receive(connection)
        return answer


def _receive(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise Failed("the server closed the connection instead of answering")
    return piece
