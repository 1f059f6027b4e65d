#!/usr/bin/env python3
"""Compares tcp between two hosts with MPICH, Open MPI and Intel MPI over their tcp: one rank in each of two network
namespaces that a virtual cable joins. A run counts only if its results were right and its bytes crossed the cable.

    c-tests/bench/tcp.py [--rounds N] [--time SECONDS] [--only latency,bandwidth,both] [--sizes 8,1048576] [--mpi ours,…]
                         [--stage DIR] [--cache DIR] [--json FILE] [--env NAME=VALUE]

Needs root and iproute2, and what c-tests/bench/run has put below target/bench: the peers and the compiled programs.
"""
import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OURS = "ours"
SMALL = [0, 8, 64, 256, 1024, 4096]
LARGE = [16384, 65536, 262144, 1048576, 4194304]
GROUPS = {"latency": SMALL, "bandwidth": SMALL[1:] + LARGE, "both": SMALL[1:] + LARGE}
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
           "PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# Stands in for ssh: options, a host, a command. Each host has a name of its own, so that no peer takes both for one, and
# that is its address, which needs no name service.
AGENT = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec "@NAME@${host##*.}" unshare --uts sh -c 'hostname "$0"; exec sh -c "$1"' "$host" "$*"
"""


class Cable:
    """Two namespaces joined by a virtual cable, and the script that starts a command in one of them."""

    def __init__(self, folder, number=77):
        self.name = f"vmitcp{os.getpid()}n"
        self.hosts = [f"{self.name}1", f"{self.name}2"]
        self.network = f"10.{number}.0"
        self.addresses = [f"{self.network}.1", f"{self.network}.2"]
        self.agent = Path(folder) / f"{self.name}.sh"

    def __enter__(self):
        first, second = self.hosts
        try:
            for host in self.hosts:
                ip(f"netns add {host}")
                ip(f"-n {host} link set lo up")
            ip(f"link add c0 netns {first} type veth peer name c0 netns {second}")
            for host, address in zip(self.hosts, self.addresses):
                ip(f"-n {host} link set c0 addrgenmode none")
                ip(f"-n {host} addr add {address}/24 dev c0")
                ip(f"-n {host} link set c0 up")
            while any(json.loads(ip(f"-n {host} -j link show c0"))[0]["operstate"] != "UP" for host in self.hosts):
                time.sleep(0.05)
        except RuntimeError:
            self.__exit__()
            raise
        self.agent.write_text(AGENT.replace("@NAME@", self.name))
        self.agent.chmod(0o755)
        return self

    def __exit__(self, *_):
        self.agent.unlink(missing_ok=True)
        for host in self.hosts:
            self.kill(host)
            subprocess.run(["ip", "netns", "del", host], capture_output=True)

    def kill(self, host):
        """Ends what a job has left behind in a namespace, which is ours alone."""
        left = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True).stdout.split()
        for process in left:
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def crossed(self):
        """Bytes that have crossed the cable, both ways."""
        stats = json.loads(ip(f"-n {self.hosts[0]} -s -j link show c0"))[0]["stats64"]
        return stats["rx"]["bytes"] + stats["tx"]["bytes"]


def ip(arguments):
    done = subprocess.run(["ip"] + arguments.split(), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {arguments}: {done.stderr.strip()}")
    return done.stdout


def why_not():
    """Why namespaces cannot be made here, or None."""
    if not shutil.which("ip"):
        return "there is no ip (iproute2)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    return None


# ---- how each starts one rank in each namespace ----

def inside(cable, command):
    """The launcher runs on the first host, where the second can reach it."""
    named = ["unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', cable.addresses[0]]
    return ["ip", "netns", "exec", cable.hosts[0]] + named + command


def command_of(name, cable, launcher, program):
    """Command line and environment for one run of `program` (a list: path and arguments)."""
    hosts = ",".join(cable.addresses)
    if name == OURS:
        ranks = ",".join(f"{host}:1" for host in cable.hosts)
        return [str(launcher), "--hosts", ranks, "--launch-agent", "ip netns exec %h", "-n", "2"] + program, {}
    if name == "openmpi":
        prefix = str(Path(launcher).parent.parent)
        options = ["--prefix", prefix, "--host", ",".join(f"{a}:1" for a in cable.addresses), "--map-by", "node", "--bind-to", "none",
                   "--prtemca", "plm_ssh_agent", str(cable.agent), "--prtemca", "plm_ssh_no_tree_spawn", "1",
                   "--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "c0"]
        return inside(cable, [str(launcher)] + options + ["-n", "2"] + program), AS_ROOT
    if name == "intel":
        options = ["-bootstrap", "ssh", "-bootstrap-exec", str(cable.agent), "-localhost", cable.addresses[0]]
        environment = {"I_MPI_FABRICS": "ofi", "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "c0"}
    else:
        options = ["-launcher", "ssh", "-launcher-exec", str(cable.agent), "-localhost", cable.addresses[0]]
        netmod = {"mpich": {"MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp", "FI_TCP_IFACE": "c0"},
                  "mpich-ucx": {"MPIR_CVAR_CH4_NETMOD": "ucx", "UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "c0"}}[name]
        environment = {"MPIR_CVAR_NOLOCAL": "1", **netmod}
    return inside(cable, [str(launcher), "-hosts", hosts, "-ppn", "1", "-n", "2"] + options + program), environment


def run(name, environment, launcher, program, cable, limit=120):
    """The rows {label: µs} of one run, or None and the reason. `program` is a list: path and arguments."""
    command, own = command_of(name, cable, launcher, program)
    before = cable.crossed()
    process = subprocess.Popen(command, env={**os.environ, **own, **environment}, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        for host in cable.hosts:
            cable.kill(host)
        out, err = process.communicate()
        return None, f"no end within {limit} s: {(err or out).strip().splitlines()[-1:]}"
    if process.returncode != 0:
        return None, f"exit code {process.returncode}: {(err or out).strip().splitlines()[-3:]}"
    rows = parse(out)
    if not rows:
        return None, "results were wrong"
    least = 20 * max(int(label) for label in rows)
    crossed = cable.crossed() - before
    return (rows, None) if crossed >= least else (None, f"only {crossed} bytes crossed the cable")


def parse(text):
    """`label microseconds` lines, taken only from a run that says CHECKED."""
    lines = [line.split() for line in text.splitlines()]
    if ["CHECKED"] not in lines:
        return None
    return {words[0]: float(words[1]) for words in lines if len(words) == 2 and words[0].isdigit()}


# ---- alone ----

def implementations(cache, stage):
    """Name, environment, launcher, folder of the programs."""
    found = [(OURS, {"VMI_LIB_DIR": f"{stage}/lib"}, f"{stage}/bin/vmirun", cache / "programs/std")]
    for name in ("mpich", "mpich-ucx", "openmpi", "intel"):
        venv = cache / f"venv-{name.split('-')[0]}"
        programs = cache / "programs" / ("openmpi" if name == "openmpi" else "mpich")
        if (venv / "bin/mpiexec").exists() and (programs / "p2p").exists():
            environment = {"PATH": f"{venv}/bin:{os.environ['PATH']}", "LD_LIBRARY_PATH": f"{venv}/lib",
                           "VIRTUAL_ENV": str(venv)}
            found.append((name, environment, str(venv / "bin/mpiexec"), programs))
    return found


def measure(found, groups, options, cable):
    samples, complaints = {}, {}
    for _ in range(options.rounds):
        for group in groups:
            order = list(found)
            random.shuffle(order)
            for name, environment, launcher, programs in order:
                sizes = [str(n) for n in options.sizes or GROUPS[group]]
                program = [str(programs / "p2p"), group, str(options.time)] + sizes
                rows, why = run(name, environment, launcher, program, cable)
                if why:
                    complaints[f"{name}: {group}"] = why
                for row, value in (rows or {}).items():
                    samples.setdefault(group, {}).setdefault(row, {}).setdefault(name, []).append(value)
    return samples, complaints


def print_table(samples, names):
    logs = []
    for group, rows in samples.items():
        print(f"\ntcp, {group}  (µs)\n  {'bytes':>10}" + "".join(f"{name:>12}" for name in names) + f"{'ours/best':>12}"
              f"{'ours MB/s':>12}")
        for row, by_name in rows.items():
            medians = {name: statistics.median(values) for name, values in by_name.items()}
            others = [value for name, value in medians.items() if name != OURS]
            ratio = medians[OURS] / min(others) if OURS in medians and others else None
            cells = "".join(f"{medians[name]:>12.4g}" if name in medians else f"{'–':>12}" for name in names)
            rate = f"{int(row) / medians[OURS]:>12.0f}" if OURS in medians else ""
            print(f"  {row:>10}{cells}" + (f"{ratio:>12.2f}" if ratio else f"{'–':>12}") + rate)
            logs += [ratio] if ratio else []
    if logs:
        print(f"\ngeometric mean of ours/best over {len(logs)} points: {statistics.geometric_mean(logs):.2f}; "
              f"above 1.0: {sum(ratio > 1.0 for ratio in logs)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--time", type=float, default=0.1, help="seconds for one size")
    parser.add_argument("--only", default=",".join(GROUPS))
    parser.add_argument("--sizes", type=lambda text: text.split(","))
    parser.add_argument("--mpi", help="only these, comma separated")
    parser.add_argument("--stage", help="use this installed tree instead of building one")
    parser.add_argument("--cache", default=str(ROOT / "target/bench"), help="folder of the peers and programs")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for our runs")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if why := why_not():
        print(f"tcp between two hosts: SKIPPED, {why}")
        return 0
    stage = options.stage or subprocess.check_output(
        ["cargo", "run", "-q", "--release", "-p", "vmi-c-tests", "--", "--stage"], cwd=ROOT, text=True).strip()
    found = implementations(Path(options.cache).resolve(), stage)
    found[0][1].update(pair.split("=", 1) for pair in options.env)
    wanted = options.mpi.split(",") if options.mpi else [each[0] for each in found]
    found = [each for each in found if each[0] in wanted]
    try:
        with Cable(options.cache) as cable:
            samples, complaints = measure(found, options.only.split(","), options, cable)
    except RuntimeError as why:
        print(f"tcp between two hosts: SKIPPED, {why}")
        return 0
    print_table(samples, [each[0] for each in found])
    for what, why in complaints.items():
        print(f"no number: {what}: {why}")
    if options.json:
        Path(options.json).write_text(json.dumps({"samples": samples, "complaints": complaints}, indent=1))
    return 1 if any(what.startswith(OURS) for what in complaints) else 0


if __name__ == "__main__":
    sys.exit(main())
