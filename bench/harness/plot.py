"""Plots as SVG files, written by hand: no package is needed, and a change of a figure is a small change of a text."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from html import escape

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 190, 44, 56

# Readable on white and on black; the third is told from the others by its dashes, too.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #333 }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .axis { stroke: #888; stroke-width: 1 }
  polyline { fill: none; stroke-width: 2 }
  .a { stroke: #2471a3; fill: #2471a3 } .b { stroke: #ca6f1e; fill: #ca6f1e } .c { stroke: #1e8449; fill: #1e8449 }
  polyline.b { stroke-dasharray: 7 3 } polyline.c { stroke-dasharray: 2 3 } polyline.a, polyline.b, polyline.c { fill: none }
  text.a, text.b, text.c { stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd }
    .a { stroke: #5dade2; fill: #5dade2 } .b { stroke: #f0a35e; fill: #f0a35e } .c { stroke: #58d68d; fill: #58d68d }
  }
"""


@dataclasses.dataclass
class Plot:
    """Up to three lines over one x. `name` is that of the file."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    x_log: bool = False
    y_log: bool = False

    def to_svg(self) -> str:
        points = [point for line in self.lines.values() for point in line]
        x_ticks = sorted({x for x, _ in points}) if self.x_log else _linear_ticks(max(x for x, _ in points))
        y_ticks = _log_ticks([y for _, y in points]) if self.y_log else _linear_ticks(max(y for _, y in points))
        place_x = _scale(x_ticks[0], x_ticks[-1], LEFT, WIDTH - RIGHT, self.x_log)
        place_y = _scale(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP, self.y_log)
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
                 f"<title>{escape(self.title)}</title>", f"<style>{STYLE}</style>",
                 f'<text class="title" x="{LEFT}" y="24">{escape(self.title)}</text>']
        for y in y_ticks:
            at = place_y(y)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
                         f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_short(y)}</text>')
        bottom = HEIGHT - BOTTOM
        for x in x_ticks:
            at = place_x(x)
            parts.append(f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 5}"/>'
                         f'<text x="{at:.1f}" y="{bottom + 20}" text-anchor="middle">{_short(x)}</text>')
        parts += [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>',
                  f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(self.x_label)}</text>',
                  f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(self.y_label)}</text>']
        parts += self._draw(place_x, place_y)
        return "\n".join([*parts, "</svg>\n"])

    def _draw(self, place_x: Callable[[float], float], place_y: Callable[[float], float]) -> list[str]:
        parts = []
        # Names stand where the lines end, in the order of the ends, and never on each other.
        ends = sorted((place_y(line[-1][1]), name) for name, line in self.lines.items())
        below = -math.inf
        names_at = {}
        for end, name in ends:
            below = names_at[name] = max(end, below + 17)
        for kind, (name, line) in zip("abc", self.lines.items()):
            places = [(place_x(x), place_y(y)) for x, y in line]
            parts.append(f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
            for (x, y), (at_x, at_y) in zip(line, places):
                hint = f"{x:,.0f}: {y:,.4g}"
                parts.append(f'<circle class="{kind}" cx="{at_x:.1f}" cy="{at_y:.1f}" r="3"><title>{hint}</title></circle>')
            parts.append(f'<text class="{kind}" x="{places[-1][0] + 10:.1f}" y="{names_at[name] + 4:.1f}">{escape(name)}</text>')
        return parts


def _scale(low: float, high: float, start: float, end: float, log: bool) -> Callable[[float], float]:
    turn = math.log if log else float
    span = (turn(high) - turn(low)) or 1.0
    return lambda value: start + (turn(value) - turn(low)) / span * (end - start)


def _linear_ticks(highest: float) -> list[float]:
    """From 0 in round steps to the first that is not below the highest."""
    rough = highest / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * i for i in range(math.ceil(highest / step - 1e-9) + 1)]


def _log_ticks(values: list[float]) -> list[float]:
    """1, 2 and 5 of each power of ten, or the powers alone where they are many."""
    low, high = (math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))
    factors = (1, 2, 5) if high - low <= 2 else (1,)
    every = [factor * 10.0**power for power in range(low, high + 1) for factor in factors]
    first = max((i for i, tick in enumerate(every) if tick <= min(values)), default=0)
    last = next(i for i, tick in enumerate(every) if tick >= max(values))
    return every[first:max(last, first + 1) + 1]


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size and (value >= 10 * size or value % size == 0):
            return f"{value / size:g}{unit}"
    return f"{value:,g}"
