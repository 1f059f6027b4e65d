"""Runs the plan, round after round, all implementations of a work right after one another."""
import os
import random
import resource
import signal
import statistics
import time
from pathlib import Path

from .peers import MACHINE, OURS, Mpi, say
from .works import SLOW, TITLES

# A peer that takes so many seconds for one work, and so many times as long as we, is asked only in the first rounds.
PATIENCE, TIMES, FEW_ROUNDS = 4.0, 2.0, 3
# A run during which other programs took more than this share of the processors is repeated once, as long as all that
# was repeated has not taken more seconds than this.
DISTURBED, REPEATING = 0.08, 180.0


class Point:
    """One row of the table: what every implementation took for it, per round."""

    def __init__(self, group, section, ranks, label, unit):
        self.group, self.section, self.ranks, self.label, self.unit = group, section, ranks, label, unit
        self.values, self.slow = {}, set()

    def title(self):
        return f"{TITLES.get(self.section, self.section)}, {self.ranks} ranks"

    def name(self):
        return f"{self.section} {self.label}, {self.ranks} ranks"

    def median(self, who):
        values = self.values.get(who)
        return statistics.median(values.values()) if values else None

    def best(self):
        """The peer with the lowest median."""
        others = [who for who in self.values if who not in (OURS, MACHINE)]
        return min(others, key=self.median, default=None)

    def ratio(self):
        """Median over the rounds of ours / the best peer of that round; rounds without the best peer do not count."""
        best = self.best()
        ratios = []
        for number, mine in self.values.get(OURS, {}).items():
            if best and number in self.values[best]:
                least = min(v[number] for who, v in self.values.items() if who not in (OURS, MACHINE) and number in v)
                if least > 0:
                    ratios.append(mine / least)
        return statistics.median(ratios) if ratios else None


class Samples:
    def __init__(self):
        self.points, self.complaints, self.skipped, self.trouble, self.ours = {}, {}, {}, {}, {}
        self.foreign, self.repeated, self.repeating = [], 0, 0.0

    def keep(self, work, who, number, rows):
        for (section, label), value in rows.items():
            key = (work.group, section, work.ranks, label)
            point = self.points.setdefault(key, Point(*key, work.unit_of(section)))
            if value == SLOW:
                point.slow.add(who)
            else:
                point.values.setdefault(who, {})[number] = value

    def gives_up(self, work, who, number, took, why):
        """Remembers that a peer is slow or fails, and says so in the table."""
        key = (who, work.group, work.ranks)
        if why:
            self.complaints[f"{who}: {work.group}, {work.ranks} ranks"] = why
            self.trouble[key] = self.trouble.get(key, 0) + 1
        if who == OURS:
            self.ours[key[1:]] = took
            return
        slow = took > max(PATIENCE, TIMES * self.ours.get(key[1:], 0))
        if slow and number + 1 >= FEW_ROUNDS or self.trouble.get(key, 0) >= 2:
            self.skipped[key] = number + 1


def busy():
    """Seconds of work of all processors so far, and how much of that was of our children."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    ticks = sum(int(words[i]) for i in (0, 1, 2, 5, 6, 7))
    mine = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / os.sysconf("SC_CLK_TCK"), mine.ru_utime + mine.ru_stime


class Run:
    """One run with what it took and the share of the processors that others took meanwhile."""

    def __init__(self, work, mpi, place):
        start, before = time.monotonic(), busy()
        self.rows, self.why = work.run(mpi, place)
        self.took, after = time.monotonic() - start, busy()
        others = (after[0] - before[0]) - (after[1] - before[1])
        self.foreign = max(0.0, others) / (self.took * os.cpu_count())

    def text(self):
        others = f" ({self.foreign:.0%} others)" if self.foreign > DISTURBED else ""
        return f"{self.took:.1f}{others}{' FAILED' if self.why else ''}"


def one(work, mpi, place, number, samples):
    """Runs it once, or once more when it was disturbed; the calmer run counts."""
    if (mpi.name, work.group, work.ranks) in samples.skipped:
        return "left out"
    best = Run(work, mpi, place)
    if best.foreign > DISTURBED and samples.repeating + best.took < REPEATING and not best.why:
        samples.repeated += 1
        samples.repeating += best.took
        best = min(best, Run(work, mpi, place), key=lambda run: (run.rows is None, run.foreign))
    if best.rows is not None:
        samples.keep(work, mpi.name, number, best.rows)
        samples.foreign.append(best.foreign)
    samples.gives_up(work, mpi.name, number, best.took, best.why)
    return best.text()


def measure(place, plan, rounds):
    """The samples, and how many rounds are complete: an interrupt ends it with what there is."""
    samples = Samples()
    machine = Mpi(MACHINE, [], {}, "")
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    number = 0
    try:
        for number in range(rounds):
            for work in plan:
                order = [mpi for mpi in [machine] + place.mpis if mpi.name in (work.only or names(place))]
                random.shuffle(order)
                took = [f"{mpi.name} {one(work, mpi, place, number, samples)}" for mpi in order]
                say(f"bench: round {number + 1} of {rounds}, {work.group}, {work.ranks} ranks, "
                    f"seconds: {', '.join(took)}")
    except KeyboardInterrupt:
        say(f"bench: stopped in round {number + 1}")
        return samples, number
    return samples, rounds


def names(place):
    return {mpi.name for mpi in place.mpis}
