//! Finding the program a user named, as a shell would.

use super::agent::Failure;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file to execute. A name without a slash is searched in `path`; a name that is not there but lies in the
/// working directory is found too, because other launchers do so.
pub fn find(name: &[u8], path: Option<&[u8]>, directory: Option<&Path>) -> Result<PathBuf, Failure> {
    let shown = String::from_utf8_lossy(name);
    let base = directory.unwrap_or(Path::new("."));
    let file = Path::new(OsStr::from_bytes(name));
    if name.contains(&b'/') {
        let full = base.join(file);
        return check(&full, &shown)
            .map(|()| if directory.is_some() { absolute(full) } else { file.to_path_buf() });
    }
    let path = path.unwrap_or(b"/usr/local/bin:/usr/bin:/bin");
    let mut refused = None;
    let places =
        path.split(|b| *b == b':').filter(|p| !p.is_empty()).map(|p| Path::new(OsStr::from_bytes(p)));
    for candidate in places.map(|place| place.join(file)).chain([base.join(file)]) {
        match check(&candidate, &shown) {
            Ok(()) => return Ok(absolute(candidate)),
            Err(failure) if failure.code == 126 => refused = refused.or(Some(failure)),
            Err(_) => {}
        }
    }
    Err(refused.unwrap_or_else(|| missing(&shown, "it is neither in PATH nor in the working directory")))
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn missing(shown: &str, why: &str) -> Failure {
    Failure { code: 127, reason: format!("cannot find the program '{shown}': {why}") }
}

/// A regular file that somebody may execute.
fn check(file: &Path, shown: &str) -> Result<(), Failure> {
    let data = match std::fs::metadata(file) {
        Ok(data) => data,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Err(Failure { code: 126, reason: format!("cannot run '{shown}': {error}") });
        }
        Err(_) => return Err(missing(shown, "no such file")),
    };
    let why = if data.is_dir() {
        "it is a directory"
    } else if data.permissions().mode() & 0o111 == 0 {
        "it is not executable"
    } else {
        return Ok(());
    };
    Err(Failure { code: 126, reason: format!("cannot run '{shown}': {why}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str) -> u32 {
        find(name.as_bytes(), Some(b"/usr/bin:/bin"), Some(Path::new("/"))).unwrap_err().code
    }

    #[test]
    fn programs_are_searched_like_a_shell_does() {
        assert!(find(b"sh", Some(b"/nowhere:/bin"), None).unwrap().ends_with("bin/sh"));
        assert_eq!(find(b"/bin/sh", None, None).unwrap(), Path::new("/bin/sh"));
        assert_eq!(find(b"sh", Some(b""), Some(Path::new("/bin"))).unwrap(), Path::new("/bin/sh"));
    }

    #[test]
    fn what_cannot_be_run_is_told_apart_from_what_is_missing() {
        assert_eq!((code("no-such-program"), code("/no/such")), (127, 127));
        assert_eq!((code("/etc/passwd"), code("/etc")), (126, 126));
    }
}
