"""The table of every point, what it comes to, and the same as JSON."""
import json
import os
import platform
import statistics
from pathlib import Path

from .measure import DISTURBED
from .peers import MACHINE, OURS, version

TIMES = ("µs", "ms")


def machine():
    """Processor, caches, memory, kernel, load."""
    model, caches, memory = "?", [], "?"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
        memory = f"{int(Path('/proc/meminfo').read_text().split()[1]) / 1048576:.0f} GiB"
        for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
            if (cache / "type").read_text().strip() != "Instruction":
                caches.append(f"L{(cache / 'level').read_text().strip()} {(cache / 'size').read_text().strip()}")
    except OSError:
        pass
    return (f"{os.cpu_count()} × {model}, {', '.join(caches)}, {memory}, {platform.system()} {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def number_text(value):
    return "–" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def cell(point, who):
    if point.median(who) is None and who in point.slow:
        return "–(too slow)"
    return number_text(point.median(who))


class Limits:
    """What the machine does without any MPI, in µs: the medians of the group `raw`."""

    def __init__(self, samples):
        self.times = {(p.section, p.label): p.median(MACHINE) for p in samples.points.values() if p.group == "raw"}

    def of(self, point):
        """The limit that applies to a point, or None."""
        section, label = point.section, point.label
        if point.group == "types" and "pack" in section:
            return self.times.get(("memcpy", label))
        if point.group != "p2p" or not label.isdigit():
            return None
        line = self.times.get(("line", "8"))
        cold, both = section.startswith("cold"), "both" in section
        copy = self.times.get(("cold-" * cold + "copy" + "-both" * both, label))
        if section in ("latency", "wildcard"):
            return line if int(label) <= 64 else copy and line and max(copy, line)
        return copy


def by_title(samples):
    titles = {}
    for point in samples.points.values():
        if point.group != "raw":
            titles.setdefault((point.group, point.title(), point.unit), []).append(point)
    return titles


def table(samples, place):
    names = [mpi.name for mpi in place.mpis]
    limits, lines = Limits(samples), []
    for (_, title, unit), points in by_title(samples).items():
        lines.append(f"\n{title}  ({unit})")
        lines.append(f"  {'':>16}" + "".join(f"{name:>13}" for name in names) + f"{'ours/best':>11}{'raw limit':>11}")
        for point in points:
            ratio = point.ratio()
            lines.append(f"  {point.label:>16}" + "".join(f"{cell(point, name):>13}" for name in names) +
                         f"{'–' if ratio is None else f'{ratio:.2f}':>11}{number_text(limits.of(point)):>11}")
    lines.append("\nraw limits of this machine, same rounds")
    for (section, label), value in limits.times.items():
        rate = "one way, two processes" if section == "line" else f"{int(label) / value / 1000:.1f} GB/s"
        lines.append(f"  {section + ' ' + label:>18}{number_text(value):>12} µs  {rate}")
    return lines


def get(samples, section, label, ranks=2):
    return next((p for p in samples.points.values() if (p.section, p.label, p.ranks) == (section, label, ranks)), None)


def closing(samples):
    """How near to the machine, how far from the peers."""
    limits, lines = Limits(samples), [""]
    small, line = get(samples, "latency", "8"), limits.times.get(("line", "8"))
    if small and line and small.median(OURS):
        lines.append(f"8-byte latency minus the raw line: {(small.median(OURS) - line) * 1000:.0f} ns (aim ≤ 40)")
    for section in ("latency", "oneway", "both", "cold-oneway", "cold-both"):
        shares = [share(samples, limits, section, size) for size in ("1048576", "4194304", "16777216")]
        if any(shares):
            lines.append(f"{section} at 1, 4, 16 MiB, share of the raw copy (of memcpy): {', '.join(filter(None, shares))}"
                         " (aim ≥ 0.8)")
    flood = get(samples, "flood-receiver-memory", "1024")
    if flood and flood.values.get(OURS):
        lines.append(f"receiver of the flood: {max(flood.values[OURS].values()):.0f} MiB resident at most (cap: 64)")
    return lines + means(samples)


def share(samples, limits, section, size):
    point = get(samples, section, size)
    mine, limit, plain = point and point.median(OURS), point and limits.of(point), limits.times.get(("memcpy", size))
    plain = plain and plain / (2 if "both" in section else 1)
    return f"{limit / mine:.2f} ({plain / mine:.2f})" if mine and limit and plain else None


def means(samples):
    ratios = [(p, p.ratio()) for p in samples.points.values() if p.ratio() is not None]
    timed = [ratio for p, ratio in ratios if p.unit in TIMES]
    if not timed:
        return []
    lines = [f"geometric mean of ours/best over {len(timed)} times: {statistics.geometric_mean(timed):.2f} (aim ≤ 0.8)"]
    groups = {}
    for point, ratio in ratios:
        if point.unit in TIMES:
            groups.setdefault(point.group, []).append(ratio)
    lines += [f"  {group:>16}: {statistics.geometric_mean(all_):.2f} over {len(all_)}, above 1.0: {sum(r > 1 for r in all_)}"
              for group, all_ in groups.items()]
    above = sorted(((ratio, p) for p, ratio in ratios if ratio > 1.0), key=lambda pair: -pair[0])
    lines.append(f"\npoints above 1.0: {len(above)} of {len(ratios)}, the worst first")
    for ratio, p in above:
        lines.append(f"  {ratio:5.2f}  {p.name()}: {number_text(p.median(OURS))}, {p.best()} "
                     f"{number_text(p.median(p.best()))} {p.unit}")
    return lines


def remarks(samples):
    shares = sorted(samples.foreign) or [0.0]
    lines = [f"other programs had {statistics.median(shares):.0%} of the processors meanwhile (median of all runs; worst "
             f"{shares[-1]:.0%}); {sum(share > DISTURBED for share in shares)} of {len(shares)} runs were disturbed, "
             f"{samples.repeated} were repeated"]
    lines += [f"no number: {what}: {why}" for what, why in samples.complaints.items()]
    lines += [f"too slow or failing, asked in {rounds} rounds only: {who}: {group}, {ranks} ranks"
              for (who, group, ranks), rounds in samples.skipped.items()]
    return [""] + lines


def versions(place):
    return {name: version(venv, name) for name, venv in place.venvs.items()}


def as_text(samples, place, about, rounds):
    head = [about, f"{rounds} rounds; " + ", ".join(f"{name} {text}" for name, text in versions(place).items()),
            "Medians over the rounds; ours/best is the median of the ratios to the best peer of each round."]
    return "\n".join(head + table(samples, place) + closing(samples) + remarks(samples)) + "\n"


def as_json(samples, place, about, rounds):
    rows = [{"group": p.group, "section": p.section, "ranks": p.ranks, "label": p.label, "unit": p.unit,
             "median": {who: p.median(who) for who in p.values}, "ratio": p.ratio(), "best": p.best(),
             "too_slow": sorted(p.slow), "samples": {who: list(v.values()) for who, v in p.values.items()}}
            for p in samples.points.values()]
    data = {"machine": about, "rounds": rounds, "versions": versions(place), "complaints": samples.complaints,
            "share_of_other_programs": sorted(round(share, 3) for share in samples.foreign), "rows": rows}
    return json.dumps(data, indent=None, ensure_ascii=False).replace('{"group"', '\n{"group"') + "\n"
