# SPDX-License-Identifier: MIT
"""Draw lines over two logarithmic axes as one SVG file that is readable on light and on dark pages.

Nothing here knows what is measured. A reader whose picture viewer knows no colour schemes sees the light one.
"""

import math
from html import escape

WIDTH, HEIGHT = 820, 500
LEFT, RIGHT, TOP, BOTTOM = 74, 196, 74, 62
LABEL_GAP = 17
MAX_X_LABELS = 8
# Light and dark.
PAPER = {"bg": ("#ffffff", "#0d1117"), "fg": ("#1f2328", "#e6edf3"), "muted": ("#59636e", "#9198a1"),
         "grid": ("#d8dee4", "#2a313c")}
FONT = "font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px"


class Series:
    """A line: points of (x, y), its colours on light and dark, its width and dashes."""

    def __init__(self, title, points, colours, width=2.0, dashes=""):
        self.title = title
        self.points = sorted(points)
        self.colours = colours
        self.width = width
        self.dashes = dashes


class Axis:
    """A logarithmic axis over whole powers of @base, from @first to @last in the picture."""

    def __init__(self, values, base, first, last):
        self.base = base
        self.low = math.floor(math.log(min(values), base) + 1e-9)
        self.high = max(math.ceil(math.log(max(values), base) - 1e-9), self.low + 1)
        self.first, self.last = first, last

    def place(self, value):
        share = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def ticks(self):
        return [self.base ** power for power in range(self.low, self.high + 1)]


def spread(places, gap, low, high):
    """The same places, in the same order, moved as little as it takes to be @gap apart within [low, high]."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [0.0] * len(places)
    floor = low
    for i in order:
        moved[i] = max(places[i], floor)
        floor = moved[i] + gap
    ceiling = high
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    return moved


def format_short(value):
    """Three digits at most: 5.2 k, 19 M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            scaled = value / size
            return f"{scaled:.1f} {unit}" if scaled < 10 and scaled != int(scaled) else f"{scaled:.0f} {unit}"
    return f"{value:.0f}"


def style(series):
    def rules(dark):
        one = [f".{name}{{{prop}:{PAPER[key][dark]}}}" for name, prop, key in (
            ("bg", "fill", "bg"), ("fg", "fill", "fg"), ("muted", "fill", "muted"), ("grid", "stroke", "grid"),
            ("axis", "stroke", "muted"))]
        for i, line in enumerate(series):
            one.append(f".l{i}{{stroke:{line.colours[dark]}}}.t{i}{{fill:{line.colours[dark]}}}")
        return "".join(one)
    return (f"<style>text{{{FONT}}}.b{{font-weight:600}}.h{{font-size:17px;font-weight:600}}"
            f"polyline{{fill:none;stroke-linejoin:round;stroke-linecap:round}}{rules(0)}"
            f"@media(prefers-color-scheme:dark){{{rules(1)}}}</style>")


def text(x, y, words, kind, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def stroke(x1, y1, x2, y2, kind, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"{more}/>'


def draw_axes(across, up, format_x, x_title, y_title):
    out = []
    for value in up.ticks():
        y = up.place(value)
        out += [stroke(LEFT, y, WIDTH - RIGHT, y, "grid"),
                text(LEFT - 9, y + 4.5, format_short(value), "muted", "end")]
    step = math.ceil(len(across.ticks()) / MAX_X_LABELS)
    for i, value in enumerate(across.ticks()):
        x = across.place(value)
        out.append(stroke(x, TOP, x, HEIGHT - BOTTOM, "grid"))
        if i % step == 0:
            out.append(text(x, HEIGHT - BOTTOM + 20, format_x(value), "muted", "middle"))
    out.append(stroke(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, x_title, "fg", "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(f'<text x="18" y="{middle}" class="fg" text-anchor="middle" '
               f'transform="rotate(-90 18 {middle})">{escape(y_title)}</text>')
    return out


def draw_series(i, line, across, up):
    points = [(across.place(x), up.place(y)) for x, y in line.points]
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    out = [f'<polyline class="l{i}" stroke-width="{line.width}"{dashes} points="'
           + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>']
    out += [f'<circle class="t{i}" cx="{x:.1f}" cy="{y:.1f}" r="{1.6 + line.width / 2:.1f}"/>' for x, y in points]
    return out


def draw_labels(series, across, up):
    """Each line's name beside its last point, led there where another name stands in the way."""
    ends = [(across.place(line.points[-1][0]), up.place(line.points[-1][1])) for line in series]
    places = spread([y for _, y in ends], LABEL_GAP, TOP, HEIGHT - BOTTOM)
    x = WIDTH - RIGHT + 22
    out = []
    for i, (line, (end_x, end_y), y) in enumerate(zip(series, ends, places)):
        bold = " b" if line.width > 3 else ""
        out.append(stroke(end_x + 5, end_y, x - 4, y, f"l{i}", ' stroke-width="0.8" opacity="0.6"'))
        out.append(text(x, y + 4.5, f"{line.title}: {format_short(line.points[-1][1])}", f"t{i}{bold}"))
    return out


BAR_GAP = 19
BAR_LEFT, BAR_RIGHT = 236, 64
BARS = {"good": ("#0969da", "#79c0ff"), "bad": ("#cf222e", "#ff7b72")}


def draw_bars(title, subtitle, bars):
    """Bars of (name, value) over a logarithmic axis, from 1 to the right, or in another colour to the left."""
    height = TOP + BAR_GAP * len(bars) + BOTTOM // 2
    across = Axis([1, *(value for _, value in bars)], 10, BAR_LEFT, WIDTH - BAR_RIGHT)
    colours = [Series(key, [], BARS[key]) for key in ("good", "bad")]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
           f"<title>{escape(title)}</title>", style(colours),
           f'<rect class="bg" width="{WIDTH}" height="{height}" rx="6"/>',
           text(18, 32, title, "fg h"), text(18, 54, subtitle, "muted")]
    for value in across.ticks():
        x = across.place(value)
        out += [stroke(x, TOP, x, height - BOTTOM // 2, "grid"), text(x, TOP - 6, f"{value:g}x", "muted", "middle")]
    for i, (name, value) in enumerate(bars):
        y = TOP + BAR_GAP * i
        left, right = sorted((across.place(1), across.place(value)))
        out += [f'<rect class="t{0 if value >= 1 else 1}" x="{left:.1f}" y="{y + 3}" width="{right - left:.1f}" '
                f'height="{BAR_GAP - 6}"/>',
                text(BAR_LEFT - 9, y + 14, name, "fg", "end"),
                text(right + 6, y + 14, f"{value:.1f}x" if value < 10 else f"{value:.0f}x", "muted")]
    return "\n".join(out) + "\n</svg>\n"


def draw(title, subtitle, series, x_title, y_title, format_x):
    """The picture as text. @series is drawn in its order, the last on top."""
    series = [line for line in series if line.points]
    across = Axis([x for line in series for x, _ in line.points], 2, LEFT, WIDTH - RIGHT)
    up = Axis([y for line in series for _, y in line.points], 10, HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
           f"<title>{escape(title)}</title>", style(series),
           f'<rect class="bg" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
           text(LEFT, 32, title, "fg h"), text(LEFT, 54, subtitle, "muted")]
    out += draw_axes(across, up, format_x, x_title, y_title)
    for i, line in enumerate(series):
        out += draw_series(i, line, across, up)
    out += draw_labels(series, across, up)
    return "\n".join(out) + "\n</svg>\n"
