//! The installed tree that everything here uses: `bin/vmirun bin/vmi bin/mpicc lib/*.so* include/mpi.h` below the target folder.
//!
//! Made by one nested `cargo build` of the same profile, so that `cargo test` alone suffices on a fresh machine.
//! Several test programs may want it at once: a lock file lets one of them build.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::root;

/// Every name under which a program may ask for one of our libraries, and the file that cargo makes.
const LIBRARIES: [(&str, &str); 13] = [
    ("libmpi_abi.so.1", "libvmi_abi_std.so"),
    ("libmpi_abi.so.0", "libvmi_abi_std.so"),
    ("libmpi_abi.so", "libvmi_abi_std.so"),
    ("libmpi.so.12", "libvmi_abi_mpich.so"),
    ("libmpich.so.12", "libvmi_abi_mpich.so"),
    ("libmpi.so.40", "libvmi_abi_ompi.so"),
    ("libmpi.so", "libvmi_abi_std.so"),
    ("libvmi.so.2", "libvmi_capi.so"),
    ("libvmi.so", "libvmi_capi.so"),
    ("libvmi20.so", "libvmi_capi.so"),
    ("libvmi.a", "libvmi_capi.a"),
    ("libvmi1.so.1", "libvmi_capi1.so"),
    ("libvmi1.so", "libvmi_capi1.so"),
];

/// Scripts and headers of the repository that are installed as they are.
const FILES: [(&str, &str); 7] = [
    ("bin/mpicc", "mpi-shim/wrappers/mpicc"),
    ("bin/mpicxx", "mpi-shim/wrappers/mpicxx"),
    ("bin/mpic++", "mpi-shim/wrappers/mpicxx"),
    ("include/mpi.h", "include/mpi.h"),
    ("include/vmi.h", "include/vmi.h"),
    ("include/vmi1.h", "include/vmi1.h"),
    ("include/vmi_device.h", "include/vmi_device.h"),
];

/// Where the installed tree lies.
#[derive(Clone)]
pub struct Stage {
    pub dir: PathBuf,
}

impl Stage {
    /// Builds and lays out the tree on the first call of this process.
    pub fn get() -> &'static Stage {
        static STAGE: OnceLock<Stage> = OnceLock::new();
        STAGE.get_or_init(|| {
            Stage::make().unwrap_or_else(|error| panic!("cannot lay out the libraries: {error}"))
        })
    }

    pub fn vmirun(&self) -> PathBuf {
        self.dir.join("bin/vmirun")
    }

    /// The operator's command line.
    pub fn vmi(&self) -> PathBuf {
        self.dir.join("bin/vmi")
    }

    pub fn mpicc(&self) -> PathBuf {
        self.dir.join("bin/mpicc")
    }

    pub fn lib(&self) -> PathBuf {
        self.dir.join("lib")
    }

    fn make() -> io::Result<Stage> {
        let built = built_dir();
        let dir = built.join("stage");
        fs::create_dir_all(&dir)?;
        let lock = File::create(built.join("stage.lock"))?;
        lock.lock()?;
        build(&built)?;
        for folder in ["bin", "lib", "include"] {
            fs::create_dir_all(dir.join(folder))?;
        }
        for tool in ["vmirun", "vmi"] {
            link(&built.join(tool), &dir.join("bin").join(tool))?;
        }
        for (name, file) in LIBRARIES {
            link(&built.join(file), &dir.join("lib").join(name))?;
        }
        for (name, file) in FILES {
            link(&root().join(file), &dir.join(name))?;
        }
        Ok(Stage { dir })
    }
}

/// The folder of the running profile, such as `target/debug`.
pub fn built_dir() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let found = program.ancestors().skip(1).find(|dir| dir.join("deps").is_dir());
    found.expect("this program was built by cargo").to_path_buf()
}

fn build(built: &Path) -> io::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--workspace", "--lib", "--bins", "--exclude", "vmi-c-tests"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.arg("--target-dir").arg(built.parent().expect("a profile lies in a target folder"));
    let status = command.current_dir(root()).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("cargo build ended with {status}"))) }
}

/// Makes `name` a link to `file`, replacing what was there if it differs.
fn link(file: &Path, name: &Path) -> io::Result<()> {
    if fs::read_link(name).is_ok_and(|old| old == file) {
        return Ok(());
    }
    if !file.exists() {
        return Err(io::Error::other(format!("{} was not built", file.display())));
    }
    let _ = fs::remove_file(name);
    symlink(file, name)
}
