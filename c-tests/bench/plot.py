"""Plots as SVG: panels in rows that share one legend, series over categories. No package is needed."""
import math
from xml.sax.saxutils import escape

# Colours that remain apart for colour-blind eyes and in print, each with a mark of its own.
COLOURS = ["#1a1a1a", "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7", "#8c6d31"]
MARKS = ["circle", "square", "square-open", "diamond", "diamond-open", "up", "down", "cross"]
FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'
WIDTH, HEIGHT, GAP, LEFT, TOP, BELOW = 380, 300, 80, 70, 92, 96


def text(x, y, words, size=12, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" {FONT} {more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour, width=1.0, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}" {more}/>'


def mark(kind, x, y, colour):
    """The sign of a series at a point."""
    open_ = kind.endswith("-open")
    style = f'fill="{"white" if open_ else colour}" stroke="{colour}" stroke-width="1.6"'
    shapes = {"square": [(-4, -4), (4, -4), (4, 4), (-4, 4)], "diamond": [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)],
              "up": [(0, -5), (5, 4), (-5, 4)], "down": [(0, 5), (5, -4), (-5, -4)]}
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" {style}/>'
    if kind == "cross":
        return line(x - 4, y - 4, x + 4, y + 4, colour, 2) + line(x - 4, y + 4, x + 4, y - 4, colour, 2)
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in shapes[kind.split("-")[0]])
    return f'<polygon points="{points}" {style}/>'


def ticks(low, high, logarithmic):
    """Round numbers that cover low … high."""
    if logarithmic:
        all_ = [digit * 10.0 ** power for power in range(-9, 13) for digit in (1, 2, 5)]
        first = max((t for t in all_ if t <= low), default=low)
        last = min((t for t in all_ if t >= high), default=high)
        fine = [t for t in all_ if first <= t <= last]
        return fine if len(fine) <= 16 else powers(first, last)
    step = 10.0 ** math.floor(math.log10(high - low))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if (high - low) / s <= 8)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def powers(low, high):
    """Powers of ten that cover low … high."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [10.0 ** power for power in range(first, last + 1)]


class Panel:
    def __init__(self, title, categories, axis, logarithmic):
        self.title, self.categories, self.axis, self.logarithmic = title, categories, axis, logarithmic
        self.rows = []

    def series(self, label, values):
        """One value per category; None where there is none."""
        self.rows.append((label, values))

    def render(self, left, top=TOP):
        """The panel with its upper left corner at `left`, `top`."""
        values = [v for _, row in self.rows for v in row if v]
        if not values:
            return ""
        low = min(values) if self.logarithmic else 0
        marks = ticks(low, max(values), self.logarithmic)
        scale = math.log if self.logarithmic else float
        bottom, span = scale(marks[0]), scale(marks[-1]) - scale(marks[0]) or 1.0
        step = WIDTH / len(self.categories)
        x = lambda i: left + step * (i + 0.5)
        y = lambda v: top + HEIGHT - HEIGHT * (scale(v) - bottom) / span
        out = [text(left, top - 14, self.title, 13, more='font-weight="bold"')]
        for value in marks:
            out.append(line(left, y(value), left + WIDTH, y(value), "#dddddd"))
            out.append(text(left - 8, y(value) + 4, f"{value:g}" if value < 1e5 else f"{value:.0e}", 11, "end"))
        out += self.names(left, top + HEIGHT, x, step)
        # The first series is the reference: it is drawn last, on top.
        for at in reversed(range(len(self.rows))):
            out.append(self.curve(at, x, y))
        return "\n".join(out)

    def names(self, left, below, x, step):
        """The categories, as many as there is room for."""
        out = [line(left, below, left + WIDTH, below, "#333333")]
        room = max(6 * len(name) for name in self.categories) + 4
        for i, name in enumerate(self.categories):
            out.append(line(x(i), below, x(i), below + 4, "#333333"))
            if i % math.ceil(room / step) == 0:
                out.append(text(x(i), below + 18, name, 11, "middle"))
        return out + [text(left + WIDTH / 2, below + 36, self.axis, 12, "middle")]

    def curve(self, at, x, y):
        colour, kind = COLOURS[at % len(COLOURS)], MARKS[at % len(MARKS)]
        points = [(x(i), y(v)) for i, v in enumerate(self.rows[at][1]) if v]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        line_ = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        return line_ + "".join(mark(kind, px, py, colour) for px, py in points)


class Plot:
    def __init__(self, title, remark, columns=None):
        self.title, self.remark, self.columns, self.panels = title, remark, columns, []

    def panel(self, title, categories, axis, logarithmic):
        self.panels.append(Panel(title, categories, axis, logarithmic))
        return self.panels[-1]

    def svg(self):
        labels = [label for label, _ in self.panels[0].rows]
        across = min(self.columns or len(self.panels), len(self.panels))
        down = math.ceil(len(self.panels) / across)
        width = LEFT + across * (WIDTH + GAP)
        rows = math.ceil(len(labels) / 3)
        end = TOP + down * HEIGHT + (down - 1) * BELOW
        height = end + 62 + 20 * rows
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
               f'<rect width="{width}" height="{height}" fill="white"/>', text(24, 30, self.title, 17, more='font-weight="bold"'),
               text(24, 50, self.remark, 11, more='fill="#444444"')]
        out += [panel.render(LEFT + i % across * (WIDTH + GAP), TOP + i // across * (HEIGHT + BELOW))
                for i, panel in enumerate(self.panels)]
        column = (width - 48) / 3
        for at, label in enumerate(labels):
            # Down the columns, so that what belongs together stands together.
            x, y = 36 + column * (at // rows), end + 66 + 20 * (at % rows)
            colour = COLOURS[at % len(COLOURS)]
            out += [line(x - 12, y - 4, x + 12, y - 4, colour, 1.6), mark(MARKS[at % len(MARKS)], x, y - 4, colour),
                    text(x + 20, y, label, 12)]
        return "\n".join(out + ["</svg>", ""])
