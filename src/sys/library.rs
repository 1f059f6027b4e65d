//! Shared libraries that are loaded by path while the process runs.

use std::ffi::{CStr, CString, c_void};
use std::ptr::NonNull;

/// A loaded library; unloaded when dropped, unless somebody else has loaded it too.
pub struct Library(NonNull<c_void>);

impl Library {
    /// Loads the library at `path`, which runs its initialisers. Its symbols are not seen by other libraries.
    ///
    /// # Errors
    /// What the dynamic linker says.
    pub fn open(path: &str) -> Result<Library, String> {
        let name = CString::new(path).map_err(|_| "the path contains a zero byte".to_string())?;
        // SAFETY: `name` is a C string. What the library's initialisers do is the business of whoever named it.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        NonNull::new(handle).map(Library).ok_or_else(last_error)
    }

    /// The address of an exported symbol.
    pub fn symbol(&self, name: &CStr) -> Option<NonNull<c_void>> {
        // SAFETY: the handle is open as long as `self` lives, and `name` is a C string.
        NonNull::new(unsafe { libc::dlsym(self.0.as_ptr(), name.as_ptr()) })
    }

    /// True if the library at `path` is loaded in this process.
    pub fn is_loaded(path: &str) -> bool {
        let Ok(name) = CString::new(path) else { return false };
        // SAFETY: as in `open`; RTLD_NOLOAD loads nothing.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD) };
        NonNull::new(handle).map(Library).is_some()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and is closed once.
        unsafe { libc::dlclose(self.0.as_ptr()) };
    }
}

/// The folder of the library (or program) that the code at `code` belongs to.
pub fn folder_of(code: *const ()) -> Option<String> {
    // SAFETY: an all-zero Dl_info is valid; the call fills it.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is a live local; any address may be asked for.
    let found = unsafe { libc::dladdr(code.cast(), &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: not NULL; the linker's string lives as long as the library, which is running.
    let name = unsafe { CStr::from_ptr(info.dli_fname) }.to_str().ok()?;
    name.rsplit_once('/').map(|(folder, _)| folder.to_string())
}

fn last_error() -> String {
    // SAFETY: returns NULL or a C string that is valid until the next call of this thread.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "the dynamic linker does not say why".into();
    }
    // SAFETY: not NULL, see above; copied before anything else is called.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
