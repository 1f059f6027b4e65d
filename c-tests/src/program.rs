//! One C source, compiled for one of the three ABIs of MPI, or against libvmi.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::stage::{Stage, built_dir};
use crate::{find_tool, home, root};

/// For which library a program is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Abi {
    /// The MPI-5 standard ABI, by our header and wrapper.
    Standard,
    /// MPICH's header and wrapper, when they are installed.
    Mpich,
    /// Open MPI's header and wrapper, when they are installed.
    OpenMpi,
    /// No MPI at all: `vmi.h` and libvmi, or `vmi1.h` and libvmi1.
    Vmi,
}

impl Abi {
    /// For what a source below this package is to be built.
    pub fn of_source(source: &str) -> &'static [Abi] {
        if source.starts_with("vmi/") || source.starts_with("vmi1/") { &[Abi::Vmi] } else { &ABIS }
    }
}

pub const ABIS: [Abi; 3] = [Abi::Standard, Abi::Mpich, Abi::OpenMpi];

impl Abi {
    pub fn name(self) -> &'static str {
        match self {
            Abi::Standard => "std",
            Abi::Mpich => "mpich",
            Abi::OpenMpi => "ompi",
            Abi::Vmi => "vmi",
        }
    }

    /// The compiler wrapper, or what is missing.
    pub fn compiler(self) -> Result<PathBuf, String> {
        let tool = match self {
            Abi::Standard => return Ok(Stage::get().mpicc()),
            Abi::Mpich => "mpicc.mpich",
            Abi::OpenMpi => "mpicc.openmpi",
            Abi::Vmi => "cc",
        };
        find_tool(tool).ok_or_else(|| format!("{tool} is not installed"))
    }

    /// Reason why nothing can be built for this ABI here.
    pub fn missing(self) -> Option<String> {
        if self == Abi::Standard { None } else { self.compiler().err() }
    }
}

/// Compiles `source` (below this package, without `.c`) unless it is up to date; the error is the compiler's text.
pub fn compile(source: &str, abi: Abi) -> Result<PathBuf, String> {
    let file = home().join(source).with_extension("c");
    let output = built_dir().join("c-tests").join(abi.name()).join(source);
    let parents = headers(source, abi).chain([file.clone()]).collect::<Vec<_>>();
    if newer_than_all(&output, &parents) {
        return Ok(output);
    }
    let folder = output.parent().expect("outputs lie in a folder");
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Two tests may share a program: the finished file appears under its name at once.
    let partial = output.with_extension(format!("{:?}", std::thread::current().id()).replace(['(', ')'], ""));
    let mut command = Command::new(abi.compiler()?);
    command.args(["-O1", "-g", "-Wall", "-Wextra", "-I"]).arg(home());
    if abi == Abi::Vmi {
        command.args(["-std=c99", "-D_GNU_SOURCE", "-pedantic", "-Werror", "-I"]).arg(root().join("include"));
    } else {
        command.args(["-std=gnu11", "-Wno-deprecated-declarations", "-Wno-stringop-overflow"]);
    }
    command.arg(&file).arg("-o").arg(&partial).args(["-lm", "-lpthread"]);
    if abi == Abi::Vmi {
        let library = if source.starts_with("vmi1/") { "-lvmi1" } else { "-lvmi" };
        command.arg("-L").arg(Stage::get().lib()).arg(library);
    }
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&done.stderr)));
    }
    fs::rename(&partial, &output).map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(output)
}

/// What a program includes.
fn headers(source: &str, abi: Abi) -> impl Iterator<Item = PathBuf> {
    let folder = home().join(source).with_file_name("client.h");
    let names: &[&str] = if abi == Abi::Vmi { &["vmi.h", "vmi1.h"] } else { &["mpi.h"] };
    let ours = names.iter().map(|name| root().join("include").join(name));
    ours.chain([home().join("harness.h"), folder])
        .filter(|file| file.is_file())
        .collect::<Vec<_>>()
        .into_iter()
}

fn newer_than_all(file: &Path, parents: &[PathBuf]) -> bool {
    let time =
        |path: &Path| fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mine = time(file);
    mine > SystemTime::UNIX_EPOCH && parents.iter().all(|parent| time(parent) < mine)
}
