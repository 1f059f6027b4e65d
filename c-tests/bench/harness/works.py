"""What is measured: programs, their sections, with how many ranks, and how their output becomes rows."""
import copy
import fnmatch
import importlib.util
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from .peers import BENCH, MACHINE, OURS

SLOW = "slow"
COLLECTIVES = ["barrier", "bcast", "reduce", "allreduce", "scan", "exscan", "gather", "gatherv", "scatter", "scatterv",
               "allgather", "allgatherv", "alltoall", "alltoallv"]
P2P = ["latency", "oneway", "both", "preposted", "unexpected", "wildcard", "cold-latency", "cold-oneway", "cold-both"]
QUEUES = ["posted-first", "posted-last", "posted-wildcard", "unexpected-first", "unexpected-last", "unexpected-wildcard"]
TYPES = [f"{what}-{layout}" for what in ("pack", "unpack", "send") for layout in
         ("plain", "vector8", "vector64", "vector1k", "indexed", "struct", "subarray")]
# What a heading of the table says, where the name of the section is not enough.
TITLES = {"latency": "latency, half a round trip", "oneway": "one way, 64 in flight (8 above 1 MiB)",
          "both": "both ways, 64 each in flight (8 above 1 MiB)", "preposted": "64 messages, their receives posted before",
          "unexpected": "receiving 64 messages that arrived before", "wildcard": "latency, any source and any tag",
          "cold-latency": "latency, buffers in no cache", "cold-oneway": "one way, one at a time, buffers in no cache",
          "cold-both": "both ways, one at a time, buffers in no cache",
          "posted-first": "N receives posted, each message matches the first",
          "thread-rate": "time per message by threads per rank",
          "posted-last": "N receives posted, each message matches the last",
          "posted-wildcard": "as before, receives from any source",
          "unexpected-first": "N messages unexpected, each receive matches the first",
          "unexpected-last": "N messages unexpected, each receive matches the last",
          "unexpected-wildcard": "as before, receives from any source", "ring": "1 KiB to the right",
          "sum": "allreduce of 8 bytes", "ring+sum": "1 KiB to the right, then allreduce of 8 bytes",
          "start-up": "start until all ranks have left MPI_Init", "shut-down": "first MPI_Finalize until the launcher ends",
          "memory-pss": "memory after MPI_Init, proportional set", "memory-private": "memory after MPI_Init, private",
          "flood-time": "a flood of 1 KiB messages to a late receiver, per message",
          "flood-receiver-memory": "most that was resident in its receiver", "idle": "blocked in MPI_Recv"}


class Work:
    """One program that prints `SECTION LABEL MICROSECONDS` lines; less is better, whatever the unit.

    group: for --only and the order of the table; unit: of all its rows; budget: seconds after which a run gives up what
    is left; only: names of the implementations that run it, None for all of them."""

    def __init__(self, group, ranks, program, sections, unit="µs", budget=6.0, only=None):
        self.group, self.ranks, self.program, self.sections = group, ranks, program, list(sections)
        self.unit, self.budget, self.only = unit, budget, only

    def paths(self):
        return [f"{self.group}/{section}/{self.ranks}" for section in self.sections]

    def chosen(self, words):
        """This work with the sections that one of the words names, or None."""
        wanted = [s for s, path in zip(self.sections, self.paths()) if not words or any(names(w, path) for w in words)]
        if not wanted:
            return None
        part = copy.copy(self)
        part.sections = wanted
        return part

    def unit_of(self, section):
        return self.unit

    def arguments(self, place):
        seconds = "0.008" if place.quick else "0.02"
        return [seconds, str(self.budget / (3 if place.quick else 1)), "few" if place.quick else "all"] + self.sections

    def run(self, mpi, place):
        """({(section, label): value or SLOW}, None), or (None, why there is no number)."""
        out, why = run_program(mpi, place, self.ranks, [place.program(mpi, self.program)] + self.arguments(place))
        return (None, why) if why else self.parse(out)

    def parse(self, text):
        """The lines, taken only from a run that says CHECKED."""
        if text.split()[-1:] != ["CHECKED"]:
            return None, "results were wrong"
        rows = {}
        for words in map(str.split, text.splitlines()):
            if len(words) == 3 and (words[2] == SLOW or is_number(words[2])):
                rows[words[0], words[1]] = SLOW if words[2] == SLOW else float(words[2])
        return rows, None


def names(word, path):
    """`allreduce`, `collectives/8` or `cold-*` name a path when every part of them is one of its parts."""
    return all(any(fnmatch.fnmatch(have, part) for have in path.split("/")) for part in word.split("/"))


def is_number(word):
    return word.replace(".", "", 1).isdigit()


def run_program(mpi, place, ranks, command):
    """(output, None) of a run that ended with code 0 in time, or (None, what went wrong)."""
    env = {**os.environ, **mpi.env}
    process = subprocess.Popen(mpi.command(ranks, command), env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=place.limit)
    except subprocess.TimeoutExpired:
        end_all(process)
        return None, f"no end within {place.limit:g} s"
    except BaseException:
        end_all(process)
        raise
    if process.returncode != 0:
        return None, f"exit code {process.returncode}: {(err or out).strip().splitlines()[-1:]}"
    return out, None


def end_all(process):
    """Ends a job: its launcher may have put the ranks into sessions of their own, so all descendants go."""
    victims = descendants(process.pid)
    for pid in [process.pid] + victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()


def descendants(pid):
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rsplit(")", 1)[1].split()
            children.setdefault(int(words[1]), []).append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    found, todo = [], [pid]
    while todo:
        new = children.get(todo.pop(), [])
        found += new
        todo += new
    return found


class StartWork(Work):
    """Time until all ranks have left MPI_Init, time from the first MPI_Finalize to the end of the launcher, memory."""

    def __init__(self, ranks):
        super().__init__("start", ranks, "start", ["start-up", "shut-down", "memory-pss", "memory-private"])

    def unit_of(self, section):
        return "MiB/rank" if section.startswith("memory") else "ms"

    def run(self, mpi, place):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            _, why = run_program(mpi, place, self.ranks, [place.program(mpi, self.program), folder])
            end = time.monotonic()
            files = {int(file.name): list(map(float, file.read_text().split())) for file in Path(folder).iterdir()}
        if why:
            return None, why
        lines = list(files.values())
        if sorted(files) != list(range(self.ranks)) or any(line[0] != self.ranks for line in lines):
            return None, "not every rank said who it is"
        values = {"start-up": (max(line[1] for line in lines) - start) * 1e3,
                  "shut-down": (end - min(line[2] for line in lines)) * 1e3,
                  "memory-pss": statistics.mean(line[3] for line in lines) / 1024,
                  "memory-private": statistics.mean(line[4] for line in lines) / 1024}
        return {(section, str(self.ranks)): values[section] for section in self.sections}, None


class FloodWork(Work):
    def __init__(self):
        super().__init__("flood", 2, "flood", ["flood-time", "flood-receiver-memory"])

    def unit_of(self, section):
        return "µs" if section == "flood-time" else "MiB"

    def parse(self, text):
        rows, why = super().parse(text)
        return ({key: v for key, v in rows.items() if key[0] in self.sections}, None) if rows else (rows, why)


class ImbWork(Work):
    """IMB-MPI1 as it comes with Intel MPI: average time per benchmark and size; not 0 bytes, its clock is too coarse."""

    def __init__(self, program):
        super().__init__("imb", 2, program, ["PingPong", "Exchange", "Allreduce", "Bcast", "Alltoall"],
                         only={OURS, "mpich", "intel"})

    def run(self, mpi, place):
        options = ["-npmin", "2", "-time", "0.05", "-msglog", "3:20", "-iter_policy", "off", "-iter", "500"]
        out, why = run_program(mpi, place, self.ranks, [self.program] + self.sections + options)
        return (None, why) if why else self.parse(out)

    def parse(self, text):
        if "MPI_Finalize" not in text:
            return None, "it did not reach its end"
        rows, name, column = {}, None, None
        for line in text.splitlines():
            words = line.split()
            if line.startswith("# Benchmarking"):
                name, column = words[2], None
            elif "#bytes" in words and name:
                column = words.index("t_avg[usec]") if "t_avg[usec]" in words else words.index("t[usec]")
            elif column is not None and len(words) > column and words[0] != "0" and all(map(is_number, words)):
                rows[name, words[0]] = float(words[column])
        return rows, None


def plan(place):
    """All works, in the order of the table."""
    result = [Work("raw", 2, "raw", ["line", "memcpy", "copy", "cold-copy", "copy-both", "cold-copy-both"], only={MACHINE}),
              Work("p2p", 2, "p2p", P2P, budget=12.0), Work("queues", 2, "queues", QUEUES, budget=10.0),
              Work("types", 2, "types", TYPES, budget=8.0), Work("threads", 2, "threads", ["thread-rate"], budget=4.0)]
    result += [Work("collectives", ranks, "coll", COLLECTIVES, budget=8.0) for ranks in (2, 4, 8, 16, 32)]
    result += [Work("oversubscribed", ranks, "over", ["ring", "sum", "ring+sum"], budget=2.0) for ranks in (8, 16, 32, 64)]
    result += [StartWork(ranks) for ranks in (2, 8, 32, 128)]
    result += [FloodWork(), Work("idle", 2, "idle", ["idle"], unit="% of a core")]
    if "intel" in place.venvs:
        result.append(ImbWork(str(place.venvs["intel"] / "bin/IMB-MPI1")))
    return result + plugged_in(place)


def plugged_in(place):
    """Works of modules beside `run` that have a function works(place), such as tcp.py. Each is a Work or has its attributes
    group, ranks, sections, only, and its functions paths, chosen, unit_of and run."""
    result = []
    for file in sorted(BENCH.glob("*.py")):
        if not re.search(r"^def works\(", file.read_text(), re.MULTILINE):
            continue
        spec = importlib.util.spec_from_file_location(f"bench_{file.stem}", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        result += module.works(place)
    return result
