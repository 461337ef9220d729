"""The table and the plots for people, and the raw figures for programs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .bench import Bench, Row
from .processes import Failed

BEGIN, END = "<!-- bench/run writes from here -->", "<!-- to here -->"
HEAD = ("figure", "a second", "CPU µs each", "of it kernel", "p50", "p99", "limit", "limit, a second", "limit, CPU µs", "ratio", "goal")


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _micro(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _time(microseconds: float | None) -> str:
    if microseconds is None:
        return ""
    return f"{microseconds / 1000:,.2f} ms" if microseconds < 100_000 else f"{microseconds / 1000:,.0f} ms"


def is_disturbed(disturbance: dict) -> bool:
    """Whether others used so much of the machine that neither rates nor ratios say anything."""
    return disturbance["others_share"] > 0.03 or disturbance["stolen_share"] > 0.03


def _cells(row: Row, note: str, disturbed: bool) -> list[str]:
    per_second = row.value or _number(row.per_second, 0 if (row.per_second or 0) >= 1000 else 1)
    ratio = _number(row.ratio, 2)
    return [row.figure + note, per_second, _micro(row.cpu_us), "" if row.kernel_share is None else f"{row.kernel_share:.0%}", _time(row.p50_us), _time(row.p99_us), row.limit,
            _number(row.limit_per_second, 0 if (row.limit_per_second or 0) >= 1000 else 1), _micro(row.limit_cpu_us),
            f"void ({ratio})" if disturbed and ratio else ratio, row.goal]


def _cores(numbers: list[int]) -> str:
    return ("core " if len(numbers) == 1 else "cores ") + ", ".join(map(str, numbers))


def to_markdown(bench: Bench, machine: dict, disturbance: dict) -> str:
    lines = [
        f"Measured {machine['measured_at']} in {disturbance['seconds']:.0f} s"
        f"{' (--quick: one short round, a smoke check)' if bench.quick else f', medians of {bench.rounds} rounds in turns'}.",
        "",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"kernel {machine['kernel']}; Argon2id with {machine['argon2_code']}; stores on {machine['disk']}, one durable write {machine['sync_us']:.0f} µs.",
        f"- The server and each limit program have {_cores(machine['server_cores'])} to themselves, the load "
        f"{_cores(machine['load_cores'])}; PostgreSQL shares the server's, and pgbench's.",
        "- Time: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in bench.seconds_of_groups.items()) + ".",
        f"- Other programs used {disturbance['others_share']:.0%} of the machine meanwhile, other virtual machines "
        f"{disturbance['stolen_share']:.0%}; load average before {disturbance['load_average_before']:.1f}.",
    ]
    if machine["server_cores"] == machine["load_cores"]:
        lines.append("- **There is one core only: the load takes from the server, and rates mean little.**")
    if is_disturbed(disturbance):
        lines += ["", "**The machine was not quiet: the ratios are void, and so are rates and latencies. Measure again.**"]
    lines += ["", "| " + " | ".join(HEAD) + " |", "|---|--:|--:|--:|--:|--:|---|--:|--:|--:|---|"]
    notes: list[str] = []
    for row in bench.rows:
        mark = ""
        for note in row.notes:
            notes.append(f"{row.figure}: {note}.")
            mark += f" [{len(notes)}]"
        lines.append("| " + " | ".join(_cells(row, mark, is_disturbed(disturbance))) + " |")
    if notes:
        lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1))]
    return "\n".join(lines) + "\n"


def list_settings(bench: Bench) -> str:
    """What the servers were started with; those that were alike stand together."""
    servers: dict[str, list[str]] = {}
    for name, settings in bench.settings.items():
        servers.setdefault(", ".join(f"`{key}={value}`" for key, value in settings.items()), []).append(name)
    return "\n".join(["Settings of the servers, beyond the defaults:", "",
                      *(f"- {', '.join(names)}: {text}" for text, names in servers.items())]) + "\n"


def write(folder: Path, bench: Bench, machine: dict, disturbance: dict, text: str) -> None:
    """`results.json`, `results.md` and `plots/` in the folder, in place of those of the run before."""
    everything = {"machine": machine, "disturbance": disturbance, "quick": bench.quick, "settings": bench.settings,
                  "rows": [dataclasses.asdict(row) for row in bench.rows],
                  "plots": [dataclasses.asdict(plot) for plot in bench.plots]}
    (folder / "results.json").write_text(json.dumps(everything, indent=1, default=str) + "\n")
    (folder / "results.md").write_text(text)
    write_plots(bench, folder / "plots")


def write_plots(bench: Bench, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for plot in bench.plots:
        (folder / f"{plot.name}.svg").write_text(plot.to_svg())


def write_document(document: Path, table: str) -> None:
    """Puts the table between the marks of the document; what stands around them is written by hand."""
    text = document.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Failed(f"{document} has no place for the table: {BEGIN} … {END}")
    document.write_text(f"{before}{begin}\n{table}{end}{after}")
