//! One C source, compiled for one of the three ABIs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::stage::{Stage, built_dir};
use crate::{find_tool, home, root};

/// For which MPI a program is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Abi {
    /// The MPI-5 standard ABI, by our header and wrapper.
    Standard,
    /// MPICH's header and wrapper, when they are installed.
    Mpich,
    /// Open MPI's header and wrapper, when they are installed.
    OpenMpi,
}

pub const ABIS: [Abi; 3] = [Abi::Standard, Abi::Mpich, Abi::OpenMpi];

impl Abi {
    pub fn name(self) -> &'static str {
        match self {
            Abi::Standard => "std",
            Abi::Mpich => "mpich",
            Abi::OpenMpi => "ompi",
        }
    }

    /// The compiler wrapper, or what is missing.
    pub fn compiler(self) -> Result<PathBuf, String> {
        let tool = match self {
            Abi::Standard => return Ok(Stage::get().mpicc()),
            Abi::Mpich => "mpicc.mpich",
            Abi::OpenMpi => "mpicc.openmpi",
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
    let parents = [file.clone(), home().join("harness.h"), root().join("include/mpi.h")];
    if newer_than_all(&output, &parents) {
        return Ok(output);
    }
    let folder = output.parent().expect("outputs lie in a folder");
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Two tests may share a program: the finished file appears under its name at once.
    let partial = output.with_extension(format!("{:?}", std::thread::current().id()).replace(['(', ')'], ""));
    let mut command = Command::new(abi.compiler()?);
    command.args(["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Wno-deprecated-declarations"]);
    command.arg("-Wno-stringop-overflow").arg("-I").arg(home());
    command.arg(&file).arg("-o").arg(&partial).args(["-lm", "-lpthread"]);
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{command:?}\n{}", String::from_utf8_lossy(&done.stderr)));
    }
    fs::rename(&partial, &output).map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(output)
}

fn newer_than_all(file: &Path, parents: &[PathBuf]) -> bool {
    let time =
        |path: &Path| fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mine = time(file);
    mine > SystemTime::UNIX_EPOCH && parents.iter().all(|parent| time(parent) < mine)
}
