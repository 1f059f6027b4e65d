//! Writes a log file behind the back of the data path: bytes are appended to memory, and a helper thread writes them.
//!
//! All users of one path in this process share a writer, so the two directions of a connection, and successive epochs,
//! make one file. Never blocks the data path: what does not fit into memory is dropped and counted; after the first
//! error the file stays as it is and everything is dropped.

use super::pcapng;
use crate::sys::signal::SignalSet;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that may wait for the disk.
const MOST_WAITING: usize = 16 << 20;
/// The helper is woken when so many wait; else it comes by itself.
const ENOUGH: usize = 1 << 20;
const FLUSH: Duration = Duration::from_secs(1);

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    /// Time of the last packet.
    time_ns: u64,
    error: Option<String>,
    /// The error has been told.
    told: bool,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

impl Shared {
    /// A state is whole at every moment, so that of a thread that panicked will do.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The files of this process: those in use, and those that it has begun before.
static FILES: LazyLock<Mutex<HashMap<PathBuf, Weak<Writer>>>> = LazyLock::new(Mutex::default);

/// The writer of `path`. A file is new when a process opens it first, and is continued by a further section later.
///
/// # Errors
/// One sentence: the file cannot be written.
pub fn open(path: &Path) -> Result<Arc<Writer>, String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(writer) = files.get(&path).and_then(Weak::upgrade) {
        return Ok(writer);
    }
    let begun = files.contains_key(&path);
    let writer =
        Writer::start(&path, begun).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let writer = Arc::new(writer);
    files.insert(path, Arc::downgrade(&writer));
    Ok(writer)
}

impl Writer {
    fn start(path: &Path, begun: bool) -> std::io::Result<Writer> {
        // Opening a pipe, and later closing it, could wait for its reader.
        if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
            return Err(std::io::Error::other("it is a pipe"));
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if !begun && file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        let shared = Arc::new(Shared::default());
        pcapng::section(&mut shared.lock().waiting);
        let (helper, name) = (shared.clone(), path.display().to_string());
        // The program's signals are not the helper's to handle; it inherits this mask.
        let before = SignalSet::all().block()?;
        let thread = std::thread::Builder::new()
            .name("vmi-log".into())
            .stack_size(256 * 1024)
            .spawn(move || write_all(&helper, file, &name));
        before.set()?;
        Ok(Writer { shared, thread: Some(thread?) })
    }

    /// Appends a packet of about `len` bytes, if there is room.
    pub fn append(&self, time_ns: u64, len: usize, put: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.shared.lock();
        state.time_ns = time_ns;
        if state.error.is_some() || state.waiting.len() + len > MOST_WAITING {
            state.dropped += 1;
            return;
        }
        put(&mut state.waiting);
        if state.waiting.len() >= ENOUGH {
            drop(state);
            self.shared.wake.notify_one();
        }
    }

    /// The first error, once.
    pub fn take_error(&self) -> Option<String> {
        let mut state = self.shared.lock();
        if state.told {
            return None;
        }
        state.told = state.error.is_some();
        state.error.clone()
    }

    /// Dropped packets, and the error if there was one.
    pub fn health(&self) -> (u64, Option<String>) {
        let state = self.shared.lock();
        (state.dropped, state.error.clone())
    }
}

impl Drop for Writer {
    /// Writes what waits.
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The helper thread.
fn write_all(shared: &Shared, mut file: File, name: &str) {
    let mut bytes = Vec::new();
    loop {
        let waits = |state: &mut State| !state.stop && state.waiting.len() < ENOUGH;
        let woken = shared.wake.wait_timeout_while(shared.lock(), FLUSH, waits);
        let (mut state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        let stop = state.stop;
        bytes.clear();
        std::mem::swap(&mut bytes, &mut state.waiting);
        if stop && state.dropped > 0 {
            pcapng::statistics(&mut bytes, state.time_ns, state.dropped);
        }
        let broken = state.error.is_some();
        drop(state);
        if !broken && let Err(error) = write(&mut file, &bytes) {
            shared.lock().error = Some(format!("cannot write {name}: {error}; the log ends there"));
        }
        if stop {
            return;
        }
    }
}

/// Appends whole blocks or nothing.
fn write(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(bytes).inspect_err(|_| {
        // A file that cannot even be shortened ends with a cut-off block; readers say so.
        let _ = file.set_len(before);
    })
}
