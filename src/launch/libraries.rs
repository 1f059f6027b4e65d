//! Which of our libraries a program needs, and the variables that make the dynamic linker take them.

use std::path::{Path, PathBuf};

/// The directory that holds our libraries under the names programs ask for.
pub struct Libraries {
    directory: Option<PathBuf>,
}

impl Libraries {
    pub fn find() -> Libraries {
        Libraries { directory: std::env::var_os("VMI_LIB_DIR").map(PathBuf::from) }
    }

    /// `NAME=VALUE` entries to add to the environment of `program`.
    pub fn environment_for(&self, _program: &Path, environment: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let Some(directory) = &self.directory else { return Vec::new() };
        let old = super::agent::lookup(environment, b"LD_LIBRARY_PATH").filter(|v| !v.is_empty());
        let mut entry = b"LD_LIBRARY_PATH=".to_vec();
        entry.extend_from_slice(directory.as_os_str().as_encoded_bytes());
        if let Some(old) = old {
            entry.push(b':');
            entry.extend_from_slice(old);
        }
        vec![entry]
    }
}
