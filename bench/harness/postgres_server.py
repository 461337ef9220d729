"""A PostgreSQL for a run, databases filled with users, and pgbench on them."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import shutil
import subprocess
import time
from pathlib import Path

from postgres import Postgres  # tests/support: the tests start theirs the same way

from .bench import Bench
from .processes import Failed, clean_environment, on_cores

# Durable, unlike the tests' own, and as much memory as PostgreSQL's manual advises: a quarter of the machine's.
CONFIG = """
fsync = on
full_page_writes = on
shared_buffers = {shared_buffers}MB
max_wal_size = 8GB
checkpoint_timeout = 30min
"""
SCRIPTS = Path(__file__).resolve().parents[1] / "pgbench"
TICK = os.sysconf("SC_CLK_TCK")
# Ids that pgbench can make: it knows numbers only, and their 16 digits are 16 bytes.
NUMBERED_IDS = "convert_to((1000000000000000 + user_id * 899999999977 % 8999999999999999)::text, 'UTF8')"


class BenchPostgres:
    """The server, on the same core as what is measured on it. Leaving the `with` block ends it and removes its data."""

    def __init__(self, bench: Bench, cores: set[int] | None = None):
        self.bench = bench
        bench.folder.chmod(0o711)  # PostgreSQL does not run as root; it must get through to its own folder
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        self.server = Postgres(bench.folder / "postgres-server", config=CONFIG.format(shared_buffers=memory // 4))
        with on_cores(cores or bench.server_cores):
            self.server.start()
        self.pid = int((self.server.data / "postmaster.pid").read_text().split()[0])

    def __enter__(self) -> "BenchPostgres":
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.daemon_seconds += self.cpu_seconds()
        self.server.remove()

    def cpu_seconds(self) -> float:
        """Of the server and all sessions, those that have ended included."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            own = int(stat.parent.name) == self.pid
            if own or int(fields[1]) == self.pid:
                ticks += sum(map(int, fields[11:15] if own else fields[11:13]))
        return ticks / TICK

    def checkpoint(self) -> None:
        self.server.sql("CHECKPOINT;")


@dataclasses.dataclass
class Filled:
    """A database with users, and the data directory with the master secret of their tokens. Made once; what is measured
    works on copies of it."""

    postgres: BenchPostgres
    data: Path
    users: int

    @classmethod
    def make(cls, postgres: BenchPostgres, name: str, users: int, hash_cost: dict, tokens: int = 0) -> "Filled":
        bench = postgres.bench
        filled = cls(postgres, bench.folder / name, users)
        filled.data.mkdir(mode=0o700)
        bench.make_master_secret(filled.data)
        postgres.server.sql(f"CREATE DATABASE {filled.database} TEMPLATE template0;")
        command = [bench.binary, "migrate", "--data_dir", filled.data, "--master_secret_file", filled.data / "master_secret"]
        subprocess.run(command, check=True, env={**clean_environment(), "LATCHKEY_DATABASE_URL": filled.url},
                       cwd=bench.folder, stdout=subprocess.DEVNULL)
        bench.fill(filled.data, users, hash_cost, tokens, "--database-url", filled.url)
        return filled

    @property
    def database(self) -> str:
        return f"bench_{self.data.name}".replace("-", "_")

    @property
    def url(self) -> str:
        return self.postgres.server.prefix + self.database

    @property
    def settings(self) -> dict:
        return {"database_url": self.url, "master_secret_file": self.data / "master_secret"}

    def copy(self, name: str) -> "Filled":
        """The same users and tokens in a database of its own. Nobody may be connected to this one."""
        twin = Filled(self.postgres, self.data.with_name(name), self.users)
        twin.remove()
        twin.data.mkdir(mode=0o700)
        shutil.copy2(self.data / "master_secret", twin.data / "master_secret")
        tokens_of = self.postgres.bench.tokens_of
        shutil.copy2(tokens_of(self.data), tokens_of(twin.data))
        self.postgres.server.sql(f"CREATE DATABASE {twin.database} TEMPLATE {self.database};")
        return twin

    def number_ids(self) -> None:
        """Gives the sessions ids that pgbench can name."""
        self.postgres.server.sql(f"UPDATE sessions SET id = {NUMBERED_IDS};\nVACUUM FULL sessions;\nANALYZE sessions;",
                                 self.database)

    def remove(self) -> None:
        self.postgres.server.sql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE);")
        shutil.rmtree(self.data, ignore_errors=True)


def make_script(name: str, together: int) -> str:
    """The script of one request, or of that many in one pipeline, which ends in one sync and so in one commit."""
    one = (SCRIPTS / f"{name}.sql").read_text()
    if together == 1:
        return one
    # It is a transaction anyhow.
    one = one.replace("BEGIN;\n", "").replace("COMMIT;\n", "")
    return "\\startpipeline\n" + one * together + "\\endpipeline\n"


def statements_of_script(name: str) -> set[str]:
    lines = (SCRIPTS / f"{name}.sql").read_text().splitlines()
    # What a sync does for the server.
    return {_shape(line) for line in lines if line and not line.startswith(("--", "\\", "BEGIN;", "COMMIT;"))}


def statements_in_log(text: str) -> set[str]:
    """What the server was seen to send, of what `log_statement` writes."""
    return {_shape(found) for found in re.findall(r"LOG:  (?:execute [^:]+|statement): (.*)", text)}


def _shape(statement: str) -> str:
    """Without what differs from run to run: a value is a value, whether it is a parameter or stands there."""
    statement = statement.strip().rstrip(";").strip()
    return re.sub(r"\$\d+|:\w+|'[^']*'|\b(?:NULL|TRUE|FALSE)\b", "?", statement)


def pgbench(filled: Filled, name: str, seconds: float, clients: int, together: int = 1, **values: object) -> dict:
    """Runs a script of bench/pgbench on the server's core."""
    postgres = filled.postgres
    bench = postgres.bench
    script = bench.folder / f"pgbench-{name}-{together}.sql"
    script.write_text(make_script(name, together))
    values = {"now": time.time_ns() // 1000, "turn": 0, "users": filled.users, "clients": clients,
              "share": filled.users // clients, **values}
    command = [postgres.server.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-T", max(1, round(seconds)), "-f", script,
               *(f"-D{key}={value}" for key, value in values.items()), filled.url]
    database_cpu, own_cpu = postgres.cpu_seconds(), _children_cpu()
    with on_cores(bench.server_cores):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    own_cpu = _children_cpu() - own_cpu
    if done.returncode != 0 or not (rate := re.search(r"^tps = ([\d.]+)", done.stdout, re.M)):
        raise Failed(f"pgbench {name}: {done.stderr.strip()[-2000:]}")
    time.sleep(0.2)  # sessions end, and are counted once they have
    database_cpu = postgres.cpu_seconds() - database_cpu
    transactions = int(re.search(r"processed: (\d+)", done.stdout).group(1))
    requests = transactions * together
    return {"per_second": float(rate.group(1)) * together, "requests": requests,
            "cpu_us": (database_cpu + own_cpu) / requests * 1e6,
            "database_cpu_us": database_cpu / requests * 1e6, "client_cpu_us": own_cpu / requests * 1e6}


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
