"""What every measurement needs: folders, programs, cores, lengths of time, and the rows that come of it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .plot import Plot
from .processes import Failed, Listening, clean_environment, on_cores, run_program

PASSWORD = "secure_password"
# What a measured server is started with, besides its data directory and a free port.
SERVER_SETTINGS = {"limits.enabled": "false", "log.level": "warn"}
DEFAULT_HASH = {"password.argon2_memory_kib": 19456, "password.argon2_passes": 2}
CHEAP_HASH = {"password.argon2_memory_kib": 64, "password.argon2_passes": 1}


@dataclasses.dataclass
class Row:
    """One line of the table. What a line has no figure for stays None."""

    figure: str
    per_second: float | None = None
    cpu_us: float | None = None
    kernel_share: float | None = None  # of that CPU time: the kernel's work for the server
    p50_us: float | None = None
    p99_us: float | None = None
    value: str = ""
    limit: str = ""
    limit_per_second: float | None = None
    limit_cpu_us: float | None = None
    ratio: float | None = None
    goal: str = ""
    notes: list[str] = dataclasses.field(default_factory=list)
    raw: dict = dataclasses.field(default_factory=dict)


class Bench:
    """One run. Leaving the `with` block removes the stores that it made."""

    def __init__(self, binary: Path, programs: Path, folder: Path, quick: bool, argon2_library: Path | None,
                 most_users: int = 1_000_000):
        self.binary = binary
        self.programs = programs
        self.quick = quick
        self.argon2_library = argon2_library
        self.rounds = 1 if quick else 3
        self.users = 20_000
        self.most_users = most_users
        self.rows: list[Row] = []
        self.plots: list[Plot] = []
        self.seconds_of_groups: dict[str, float] = {}
        self.daemon_seconds = 0.0  # CPU time of what the run started and is no child of it
        self.settings: dict[str, dict[str, str]] = {}
        self.sign_ins_per_second: float | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=folder)).resolve()
        cores = sorted(os.sched_getaffinity(0))
        # The server has one core for all its threads, the load the others: figures are for one core.
        self.server_cores = set(cores[:1])
        self.load_cores = set(cores[1:]) or set(cores)

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def seconds(self, full: float, quick: float = 1.0) -> float:
        return quick if self.quick else full

    # Stores and servers

    def make_store(self, name: str, users: int, hash_cost: dict, tokens: int = 0) -> Path:
        """A data directory with that many confirmed users, each with a live session, and the refresh tokens of some of
        them in `<name>.tokens`."""
        data = self.folder / name
        subprocess.run([self.binary, "migrate", "--data_dir", data], check=True, env=clean_environment(), cwd=self.folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if users > 0:
            self.make_master_secret(data)
            self.fill(data, users, hash_cost, tokens)
        return data

    def fill(self, data: Path, users: int, hash_cost: dict, tokens: int, *where: object) -> None:
        with on_cores(self.load_cores):
            subprocess.run([self.programs / "fill_store", data, "--users", str(users), "--password", PASSWORD,
                            "--memory", str(hash_cost["password.argon2_memory_kib"]),
                            "--passes", str(hash_cost["password.argon2_passes"]),
                            "--tokens", str(tokens), "--tokens-out", self.tokens_of(data), *where], check=True)
        os.sync()  # else the kernel writes it to the disk while something is measured

    def copy_store(self, data: Path, name: str) -> Path:
        """The same store once more, with its tokens, none of which has been used in the copy."""
        copy = self.folder / name
        shutil.copytree(data, copy)
        if self.tokens_of(data).exists():
            shutil.copy(self.tokens_of(data), self.tokens_of(copy))
        os.sync()
        return copy

    def make_master_secret(self, data: Path) -> None:
        path = data / "master_secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(os.urandom(32).hex() + "\n")

    def tokens_of(self, data: Path) -> Path:
        return data.with_suffix(".tokens")

    def remove_store(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def serve(self, data: Path, settings: dict | None = None, environment: dict[str, str] | None = None) -> Listening:
        """The server on a free port of loopback, with one thread for requests and one for hashing on the server's core."""
        all_settings = {"listen": "127.0.0.1:0", "data_dir": data, "threads": len(self.server_cores),
                        "password.hash_threads": len(self.server_cores), **SERVER_SETTINGS, **(settings or {})}
        shown = {name: str(value) for name, value in all_settings.items() if name not in ("data_dir", "master_secret_file")}
        if "database_url" in shown:
            shown["database_url"] = "postgresql://…"
        self.settings[data.name] = shown
        environment = dict(environment or {})
        if "database_url" in all_settings:  # may hold a secret, and so has no flag
            environment["LATCHKEY_DATABASE_URL"] = all_settings.pop("database_url")
        flags = [part for name, value in all_settings.items() for part in (f"--{name}", str(value))]
        return Listening([self.binary, "serve", *flags], self.server_cores, self.folder / f"{data.name}.log", environment)

    def serve_bare(self, answer: bytes) -> Listening:
        path = self.folder / f"answer-{len(list(self.folder.glob('answer-*')))}"
        path.write_bytes(answer)
        return Listening([self.programs / "bare_server", path], self.server_cores, self.folder / "bare_server.log")

    # Measurements

    def load_command(self, server: Listening, request: bytes, **options: object) -> list:
        path = self.folder / f"request-{hashlib.sha256(request).hexdigest()[:16]}"
        path.write_bytes(request)
        words = [self.programs / "load", "--port", str(server.port), "--pid", str(server.pid), "--request", path]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        return words

    def load(self, server: Listening, request: bytes, **options: object) -> dict:
        before = server.cpu_ticks()
        result = run_program(self.load_command(server, request, **options), self.load_cores)
        program, kernel = (now - then for now, then in zip(server.cpu_ticks(), before))
        return {**result, "kernel_share": kernel / max(program + kernel, 1)}

    def limit(self, program: str, *words: object) -> dict:
        return run_program([self.programs / program, *map(str, words)], self.server_cores)

    def argon2_code(self) -> str:
        """What the server computes Argon2id with on this processor, such as AVX-512."""
        return self.limit("limit_signup", "--name", "yes")["code"]

    def interleave(self, *measurements: Callable[[], dict]) -> list[dict]:
        """Takes all in turns, A B A B, and gives the median of each figure for each."""
        rounds = [[measure() for measure in measurements] for _ in range(self.rounds)]
        return [_median_of([each[i] for each in rounds]) for i in range(len(measurements))]

    def add(self, row: Row) -> None:
        self.rows.append(row)


def _median_of(results: list[dict]) -> dict:
    medians = {name: statistics.median(result[name] for result in results)
               for name, value in results[0].items() if isinstance(value, (int, float))}
    return {**medians, "rounds": results}


def row_of_load(figure: str, result: dict, saturated: bool = True, **more: object) -> Row:
    """A row of what the load program printed, with what a reader must know about it."""
    row = Row(figure, per_second=result["good_per_second"], cpu_us=result["cpu_us"],
              kernel_share=result.get("kernel_share"), p50_us=result["p50_us"], p99_us=result["p99_us"], **more)
    row.raw["server"] = result
    if result["good"] == 0:
        raise Failed(f"{figure}: not one good answer: {result}")
    if saturated and result["cores_busy"] < 0.9:
        row.notes.append(f"the server's core was {result['cores_busy']:.0%} busy, so it could answer more than that rate; the load's "
                         f"was {result['load_cores_busy']:.0%} busy with it and let it wait {result['load_waits']:.0%} of the time")
    refused = result["operations"] - result["good"]
    if refused:
        row.notes.append(f"{refused:.0f} of {result['operations']:.0f} answers were refusals")
    return row
