"""Pictures of the table: ours, the peers and the raw limit over size, logarithmic axes."""
import datetime

from plot import Plot

from .peers import OURS
from .report import Limits

LABELS = {OURS: "VMI (ours)", "mpich": "MPICH", "openmpi": "Open MPI", "intel": "Intel MPI"}
MICROSECONDS, RATE = "µs", "GB/s"


def size_text(label):
    if not label.isdigit():
        return label
    n = int(label)
    return f"{n >> 20}M" if n >= 1 << 20 and n % (1 << 20) == 0 else f"{n >> 10}K" if n >= 1024 and n % 1024 == 0 else label


class Pictures:
    def __init__(self, samples, place, about, rounds):
        self.samples, self.limits = samples, Limits(samples)
        self.names = [mpi.name for mpi in place.mpis]
        self.remark = f"{datetime.date.today().isoformat()} · {about} · medians of {rounds} rounds"
        self.files = {}

    def points(self, section, ranks=None, label=None):
        return [p for p in self.samples.points.values()
                if p.section == section and ranks in (None, p.ranks) and label in (None, p.label)]

    def panel(self, plot, title, points, categories, axis, unit, limit=True):
        """One curve for each implementation; nothing when there are no points."""
        if not points:
            return
        panel = plot.panel(f"{title}, {unit}", categories, axis, logarithmic=True)
        value = lambda p, time: time and (int(p.label) / time / 1000 if unit == RATE else time)
        for name in self.names:
            panel.series(LABELS.get(name, name), [value(p, p.median(name)) for p in points])
        if limit:
            panel.series("raw limit, no MPI", [value(p, self.limits.of(p)) for p in points])

    def over_size(self, plot, section, title, unit=MICROSECONDS, ranks=2, limit=True):
        points = [p for p in self.points(section, ranks) if unit != RATE or p.label != "0"]
        self.panel(plot, title, points, [size_text(p.label) for p in points], "bytes", unit, limit)

    def over_ranks(self, plot, section, title, unit=MICROSECONDS):
        points = self.points(section)
        self.panel(plot, title, points, [str(p.ranks) for p in points], "ranks", unit, limit=False)

    def over_layouts(self, plot, what, title, label):
        points = [p for p in self.samples.points.values() if p.section.startswith(f"{what}-") and p.label == label]
        self.panel(plot, title, points, [p.section.split("-", 1)[1] for p in points], "layout", RATE)

    def plot(self, title, columns=None):
        return Plot(title, self.remark, columns)

    def keep(self, name, plot):
        if plot.panels:
            self.files[name] = plot.svg()


def latency(pictures):
    plot = pictures.plot("Latency between two ranks, half a round trip")
    pictures.over_size(plot, "latency", "buffers used again")
    pictures.over_size(plot, "cold-latency", "buffers in no cache")
    pictures.over_size(plot, "wildcard", "any source, any tag")
    pictures.keep("latency", plot)


def bandwidth(pictures):
    plot = pictures.plot("Bandwidth between two ranks; raw limit: a copy out of what another process wrote", columns=2)
    for section, title in (("oneway", "one way"), ("both", "both ways together"),
                           ("cold-oneway", "one way, buffers in no cache"), ("cold-both", "both ways, buffers in no cache")):
        pictures.over_size(plot, section, title, RATE)
    pictures.keep("bandwidth", plot)


def messages(pictures):
    plot = pictures.plot("Time per message, 64 in flight, and in long queues", columns=3)
    for section in ("oneway", "preposted", "unexpected"):
        pictures.over_size(plot, section, section)
    for section in ("posted-first", "posted-last", "unexpected-last"):
        points = pictures.points(section)
        pictures.panel(plot, section, points, [p.label for p in points], "messages in the queue", MICROSECONDS)
    pictures.keep("messages", plot)


def types(pictures):
    plot = pictures.plot("Derived datatypes, 64 KiB of data; raw limit: memcpy")
    for what, title in (("pack", "MPI_Pack"), ("unpack", "MPI_Unpack"), ("send", "half a round trip")):
        pictures.over_layouts(plot, what, title, "65536")
    pictures.keep("types", plot)


def collectives(pictures, ranks):
    plot = pictures.plot(f"Collectives, {ranks} ranks, bytes per rank", columns=4)
    for name in ("bcast", "reduce", "allreduce", "gather", "scatter", "allgather", "alltoall", "alltoallv"):
        pictures.over_size(plot, name, name, ranks=ranks, limit=False)
    pictures.keep(f"collectives-{ranks}", plot)


def ranks(pictures):
    plot = pictures.plot("Many ranks", columns=3)
    pictures.over_ranks(plot, "barrier", "barrier")
    pictures.over_ranks(plot, "ring", "1 KiB to the right")
    pictures.over_ranks(plot, "ring+sum", "1 KiB to the right, then a sum")
    pictures.over_ranks(plot, "start-up", "start until all have left MPI_Init", "ms")
    pictures.over_ranks(plot, "shut-down", "first MPI_Finalize until the end", "ms")
    pictures.over_ranks(plot, "memory-pss", "proportional memory after MPI_Init", "MiB per rank")
    pictures.keep("ranks", plot)


def draw(samples, place, about, rounds):
    """{name: SVG}, of what was measured."""
    pictures = Pictures(samples, place, about, rounds)
    for picture in (latency, bandwidth, messages, types, ranks):
        picture(pictures)
    for n in (2, 8, 32):
        collectives(pictures, n)
    return pictures.files
