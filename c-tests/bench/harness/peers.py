"""The implementations that are compared: where they come from, how they are started, which programs they run."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent.parent
PACKAGES = {"mpich": "mpich", "openmpi": "openmpi", "intel": "impi-rt"}
VERSIONS = {"mpich": "5.0.2", "openmpi": "5.0.11", "intel": "2021.18"}
OURS = "ours"
MACHINE = "machine"
ROOT_ENV = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
# Programs in C of this folder; raw.c needs no MPI.
PROGRAMS = ("p2p", "coll", "queues", "types", "threads", "over", "start", "flood", "idle")


class Mpi:
    """One implementation: how to start ranks, and which build of the programs it runs."""

    def __init__(self, name, launcher, env, abi):
        self.name, self.launcher, self.env, self.abi = name, launcher, env, abi

    def command(self, ranks, program):
        if self.name == MACHINE:
            return program
        return self.launcher + ["-n", str(ranks)] + program


class Place:
    """What a measurement needs to know: folders, the implementations, how long and how much."""

    def __init__(self, cache, ours, venvs, mpis, quick, limit):
        self.cache, self.ours, self.venvs, self.mpis = cache, ours, venvs, mpis
        self.quick, self.limit = quick, limit

    def program(self, mpi, name):
        if mpi.name == MACHINE:
            return str(self.cache / "programs" / name)
        return str(self.cache / "programs" / mpi.abi / name)


def say(text):
    print(text, file=sys.stderr, flush=True)


def must(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def install(cache, name, allowed):
    """The peer's virtual environment, or None when it is not there and may not be installed."""
    venv = cache / f"venv-{name}"
    done = venv / ".installed"
    if done.exists():
        return venv
    if not allowed:
        return None
    wanted = f"{PACKAGES[name]}=={VERSIONS[name]}.*" if name == "intel" else f"{PACKAGES[name]}=={VERSIONS[name]}"
    say(f"bench: installing {wanted} …")
    must([sys.executable, "-m", "venv", str(venv)])
    command = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted]
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode != 0:
        say(f"bench: {name} SKIPPED, pip says: {tried.stderr.strip().splitlines()[-1:]}")
        return None
    done.touch()
    return venv


def version(venv, name):
    """As the folder of the installed package says."""
    package = PACKAGES[name].replace("-", "_")
    found = sorted(venv.glob(f"lib/python3*/site-packages/{package}-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").split("-", 1)[1] if found else "?"


def peers(cache, allowed):
    venvs = {name: venv for name in PACKAGES if (venv := install(cache, name, allowed))}
    found = []
    for name, venv in venvs.items():
        env = {"PATH": f"{venv}/bin:{os.environ['PATH']}", "LD_LIBRARY_PATH": f"{venv}/lib", **ROOT_ENV}
        launcher = [str(venv / "bin/mpiexec")]
        if name == "openmpi":
            launcher += ["--map-by", ":OVERSUBSCRIBE", "--bind-to", "none"]
        found.append(Mpi(name, launcher, env, "openmpi" if name == "openmpi" else "mpich"))
    return found, venvs


def stage(given):
    """Builds ours in release and lays it out."""
    if given:
        return Path(given)
    say("bench: building …")
    return Path(must(["cargo", "run", "--quiet", "--release", "-p", "vmi-c-tests", "--", "--stage"], cwd=ROOT).strip())


def compile_all(cache, venvs, ours):
    """Every program for every ABI. MPICH's build also serves Intel MPI: the same libmpi.so.12."""
    builds = {"std": [str(ours / "bin/mpicc")]}
    for abi in ("mpich", "openmpi"):
        if abi in venvs:
            venv = venvs[abi]
            builds[abi] = ["cc", f"-I{venv}/include", f"-L{venv}/lib", f"-Wl,-rpath-link,{venv}/lib"]
    for abi, compiler in builds.items():
        folder = cache / "programs" / abi
        folder.mkdir(parents=True, exist_ok=True)
        libraries = ["-lpthread"] if abi == "std" else ["-lmpi", "-lpthread"]
        for source in PROGRAMS:
            must(compiler + ["-O2", "-w", str(BENCH / f"{source}.c"), "-o", str(folder / source)] + libraries)
    must(["cc", "-O2", "-w", str(BENCH / "raw.c"), "-o", str(cache / "programs/raw")])


def prepare(cache, given_stage, may_install, quick, limit):
    """Everything built and installed: the place to measure in."""
    if not shutil.which("cc"):
        sys.exit("bench: no C compiler (cc) on the PATH")
    cache.mkdir(parents=True, exist_ok=True)
    others, venvs = peers(cache, may_install)
    ours = stage(given_stage).resolve()
    compile_all(cache, venvs, ours)
    others = [mpi for mpi in others if (cache / "programs" / mpi.abi / "p2p").exists()]
    mine = Mpi(OURS, [str(ours / "bin/vmirun")], {"VMI_LIB_DIR": str(ours / "lib")}, "std")
    return Place(cache, ours, venvs, [mine] + others, quick, limit)


def listing(cache):
    """A place that is good enough to ask what there is to measure."""
    return Place(cache, None, {"intel": cache / "venv-intel"}, [], False, 0)
