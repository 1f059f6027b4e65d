"""A part of c-tests/bench/run: tcp between two hosts, against MPICH, Open MPI and Intel MPI over their tcp. One rank in
each of two network namespaces that a virtual cable joins. A run counts only if its results were right and its bytes
crossed the cable. Needs root and iproute2.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

OURS = "ours"
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
    least = max(int(label) for _, label in rows)
    crossed = cable.crossed() - before
    return (rows, None) if crossed >= least else (None, f"only {crossed} bytes crossed the cable")


def parse(text):
    """`label microseconds` lines, taken only from a run that says CHECKED."""
    lines = [line.split() for line in text.splitlines()]
    if lines[-1:] != [["CHECKED"]]:
        return None
    return {(w[0], w[1]): w[2] if w[2] == "slow" else float(w[2]) for w in lines if len(w) == 3 and w[1].isdigit()}





def works(place):
    """What `run` asks for: one work, latency and bandwidth over the cable."""
    from harness.works import Work

    class Tcp(Work):
        def __init__(self):
            super().__init__("tcp", 2, "p2p", ["tcp-latency", "tcp-oneway", "tcp-both"])

        def run(self, mpi, place):
            sections = [section.removeprefix("tcp-") for section in self.sections]
            program = [place.program(mpi, "p2p"), "0.05", "12", "few" if place.quick else "all"] + sections
            with Cable(place.cache) as cable:
                rows, why = run(mpi.name, mpi.env, mpi.launcher[0], program, cable, place.limit)
            return rows and {(f"tcp-{s}", label): v for (s, label), v in rows.items()}, why

    if why := why_not():
        print(f"tcp between two hosts: SKIPPED, {why}", file=sys.stderr)
        return []
    return [Tcp()]
