//! Which MPI library a program asks for, and the variables that make the dynamic linker give it ours.
//!
//! All names a program may ask for lie in one directory, so LD_LIBRARY_PATH serves any program. Only an old-style
//! search path inside a program (DT_RPATH), which the linker prefers, needs LD_PRELOAD.

use super::agent::{Failure, lookup};
use super::elf::{self, Dynamic};
use super::program;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The names programs ask for, and our library that answers.
const NAMES: &[(&str, &str)] = &[
    ("libmpi_abi.so.1", "libvmi_abi_std.so"),
    ("libmpi.so.12", "libvmi_abi_mpich.so"),
    ("libmpich.so.12", "libvmi_abi_mpich.so"),
    ("libmpi.so.40", "libvmi_abi_ompi.so"),
];

/// Names of other MPI libraries that ours do not replace.
const UNKNOWN: &[&str] = &["libmpi.so.1", "libmpi.so.20", "libmpich.so.10", "libmpl.so.1"];

/// Names a library of ours to preload whatever the program looks like; `--preload` sets it.
pub const PRELOAD: &str = "VMI_PRELOAD";

/// The name of our library for an ABI the user names.
pub fn name_of_abi(abi: &str) -> Option<&'static str> {
    match abi {
        "mpich" | "intel" | "mvapich" => Some("libmpi.so.12"),
        "openmpi" | "ompi" => Some("libmpi.so.40"),
        "std" | "abi" => Some("libmpi_abi.so.1"),
        _ => None,
    }
}

/// More libraries than this are not looked into.
const MOST_LIBRARIES: usize = 256;

/// The directory that holds our libraries under the names programs ask for.
pub struct Libraries {
    directory: Option<PathBuf>,
}

impl Libraries {
    /// VMI_LIB_DIR, or where an installation has them, or where a build leaves them.
    pub fn find() -> Libraries {
        let given = std::env::var_os("VMI_LIB_DIR").filter(|d| !d.is_empty()).map(PathBuf::from);
        let given = given.map(|d| std::path::absolute(&d).unwrap_or(d));
        Libraries { directory: given.or_else(beside_this_program) }
    }

    /// `NAME=VALUE` entries for the environment of `program`.
    ///
    /// # Errors
    /// When the program needs an MPI library that is not there: it would run with another one, each rank alone.
    pub fn environment_for(&self, program: &Path, environment: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
        let image = interpreter(program, environment).unwrap_or_else(|| program.to_path_buf());
        let mut needs = Needs::of(&image, environment);
        if let Some(name) = lookup(environment, PRELOAD.as_bytes()) {
            needs.add_hidden(&String::from_utf8_lossy(name));
        }
        self.check(program, &needs)?;
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let mut entries = vec![prefixed("LD_LIBRARY_PATH", directory, environment)];
        for name in &needs.hidden {
            entries.push(prefixed("LD_PRELOAD", &directory.join(name), environment));
        }
        // mpi4py would load, by path, whatever MPI it finds in its Python's directory to choose between its modules.
        let chosen =
            ["MPI4PY_MPIABI", "MPI4PY_LIBMPI"].iter().any(|v| lookup(environment, v.as_bytes()).is_some());
        if !chosen {
            entries.push(b"MPI4PY_MPIABI=mpich".to_vec());
        }
        Ok(entries)
    }

    fn check(&self, program: &Path, needs: &Needs) -> Result<(), Failure> {
        let failure =
            |why: String| Failure { code: 127, reason: format!("cannot run {}: {why}", program.display()) };
        if let Some(name) = &needs.unknown {
            return Err(failure(format!(
                "it needs {name}, an MPI library that vmirun has no replacement for"
            )));
        }
        let missing = |name: &&String| !self.directory.as_ref().is_some_and(|d| d.join(name).exists());
        let Some(name) = needs.ours.iter().find(missing) else { return Ok(()) };
        let place = self.directory.as_ref().map_or("beside vmirun".into(), |d| format!("in {}", d.display()));
        Err(failure(format!(
            "it needs {name}, and our library of that name is not {place}; build all packages, or set VMI_LIB_DIR"
        )))
    }
}

/// `NAME=value`, followed by the old value.
fn prefixed(name: &str, value: &Path, environment: &[Vec<u8>]) -> Vec<u8> {
    let mut entry = [name.as_bytes(), b"=", value.as_os_str().as_bytes()].concat();
    if let Some(old) = lookup(environment, name.as_bytes()).filter(|old| !old.is_empty()) {
        entry.push(b':');
        entry.extend_from_slice(old);
    }
    entry
}

/// `lib/vmi` of an installation, or a directory of links in a build directory.
fn beside_this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let place = program.parent()?;
    let installed = place.parent()?.join("lib/vmi");
    if installed.is_dir() {
        return Some(installed);
    }
    let installed = place.parent()?.join("lib");
    if NAMES.iter().any(|(name, _)| installed.join(name).exists()) {
        return Some(installed);
    }
    let built = NAMES.iter().any(|(_, file)| place.join(file).exists());
    built.then(|| link_names(place))
}

/// Makes `vmi-libs` in a build directory: the names as links to the built files. Several launchers may do so at
/// once: a link is made under a name of its own and renamed into place.
fn link_names(place: &Path) -> PathBuf {
    let directory = place.join("vmi-libs");
    let _ = std::fs::create_dir(&directory);
    for (name, file) in NAMES {
        let (link, target) = (directory.join(name), Path::new("..").join(file));
        if !place.join(file).exists() || std::fs::read_link(&link).is_ok_and(|old| old == target) {
            continue;
        }
        let unique = crate::sys::fd::random_bytes::<8>()
            .map(|bytes| crate::job::protocol::to_hex(&bytes))
            .unwrap_or_default();
        let fresh = directory.join(format!(".{name}.{unique}"));
        let made = std::os::unix::fs::symlink(&target, &fresh).and_then(|()| std::fs::rename(&fresh, &link));
        if made.is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
    }
    directory
}

/// The interpreter a script names in its first line; `env` is looked through.
fn interpreter(script: &Path, environment: &[Vec<u8>]) -> Option<PathBuf> {
    let mut line = Vec::new();
    let file = std::fs::File::open(script).ok()?;
    BufReader::new(file.take(256)).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    let mut words = line.split_ascii_whitespace();
    let first = words.next()?;
    if !first.ends_with("/env") {
        return Some(PathBuf::from(first));
    }
    let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    program::find(name.as_bytes(), lookup(environment, b"PATH"), None).ok()
}

/// The MPI libraries in the needs of a program and of the libraries it brings along.
#[derive(Debug, Default, PartialEq, Eq)]
struct Needs {
    ours: Vec<String>,
    /// Those of `ours` that the linker would find in a DT_RPATH first.
    hidden: Vec<String>,
    unknown: Option<String>,
}

impl Needs {
    fn of(program: &Path, environment: &[Vec<u8>]) -> Needs {
        let mut needs = Needs::default();
        let mut seen = HashSet::new();
        let mut waiting = vec![(program.to_path_buf(), Vec::new())];
        let library_path = lookup(environment, b"LD_LIBRARY_PATH").unwrap_or_default();
        let library_path = directories(&String::from_utf8_lossy(library_path), Path::new("."));
        while let Some((file, inherited)) = waiting.pop() {
            if seen.len() >= MOST_LIBRARIES || !seen.insert(file.clone()) {
                continue;
            }
            let Some(dynamic) = elf::read(&file) else { continue };
            let paths = SearchPaths::of(&dynamic, &file, inherited);
            if file == program {
                needs.add_beside(&paths);
            }
            for name in &dynamic.needed {
                needs.add(name, &paths);
                // System directories hold nothing with a search path of its own; they are not looked into.
                let places = paths.before.iter().chain(&library_path).chain(&paths.after);
                let found = places.map(|place| place.join(name)).find(|file| file.exists());
                waiting.extend(found.map(|file| (file, paths.before.clone())));
            }
        }
        needs
    }

    /// An interpreter needs no MPI itself; but its modules, loaded later, search its DT_RPATH too.
    fn add_beside(&mut self, paths: &SearchPaths) {
        let there = |name: &str| paths.before.iter().any(|place| place.join(name).exists());
        let mut found = NAMES.iter().map(|(name, _)| *name).filter(|name| there(name));
        if let (Some(name), None) = (found.next(), found.next()) {
            self.add_hidden(name);
        }
    }

    fn add_hidden(&mut self, name: &str) {
        for list in [&mut self.ours, &mut self.hidden] {
            if !list.iter().any(|old| old == name) {
                list.push(name.to_string());
            }
        }
    }

    fn add(&mut self, name: &str, paths: &SearchPaths) {
        let base = Path::new(name).file_name().and_then(OsStr::to_str).unwrap_or_default();
        if UNKNOWN.contains(&base) {
            self.unknown.get_or_insert_with(|| base.to_string());
        }
        if !NAMES.iter().any(|(ours, _)| *ours == base) {
            return;
        }
        if name.contains('/') || paths.before.iter().any(|place| place.join(base).exists()) {
            self.add_hidden(base);
        } else if !self.ours.iter().any(|old| old == base) {
            self.ours.push(base.to_string());
        }
    }
}

/// Where the linker looks for what one file needs, besides LD_LIBRARY_PATH and the system's directories.
struct SearchPaths {
    before: Vec<PathBuf>,
    after: Vec<PathBuf>,
}

impl SearchPaths {
    /// A DT_RPATH holds for everything a file brings along, but a DT_RUNPATH switches it off.
    fn of(dynamic: &Dynamic, file: &Path, inherited: Vec<PathBuf>) -> SearchPaths {
        let origin =
            file.canonicalize().ok().and_then(|f| f.parent().map(Path::to_path_buf)).unwrap_or_default();
        if let Some(runpath) = &dynamic.runpath {
            return SearchPaths { before: Vec::new(), after: directories(runpath, &origin) };
        }
        let mut before = dynamic.rpath.as_ref().map(|rpath| directories(rpath, &origin)).unwrap_or_default();
        before.extend(inherited);
        SearchPaths { before, after: Vec::new() }
    }
}

fn directories(list: &str, origin: &Path) -> Vec<PathBuf> {
    let origin = origin.to_string_lossy();
    let expand = |entry: &str| PathBuf::from(entry.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin));
    list.split(':').filter(|entry| !entry.is_empty()).map(expand).collect()
}

#[cfg(test)]
mod tests;
