//! Modules: loading them, and calling them.
//!
//! A module is part of the process; what is checked is what goes wrong by accident. Its side of each promise is in
//! `include/vmi1.h`.
#![allow(unsafe_code, reason = "functions of libraries written in C")]

use crate::config::Line;
use crate::contract::*;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use vmi::sys::library::Library;

/// The functions of a module; all are there.
#[derive(Clone, Copy)]
struct Functions {
    who: unsafe extern "C" fn(*mut c_void, *mut i32, *mut i32),
    connect: unsafe extern "C" fn(*mut c_void, i32, *mut c_char, usize) -> c_int,
    disconnect: unsafe extern "C" fn(*mut c_void, i32, *mut c_char, usize) -> c_int,
    limit: unsafe extern "C" fn(*mut c_void, i32) -> usize,
    send: unsafe extern "C" fn(*mut c_void, i32, *const vmi1_piece_t, usize, *mut c_char, usize) -> c_int,
    receive: unsafe extern "C" fn(*mut c_void, *mut vmi1_message_t) -> c_int,
    release: unsafe extern "C" fn(*mut c_void, u64),
    owes: unsafe extern "C" fn(*mut c_void) -> c_int,
    close: unsafe extern "C" fn(*mut c_void),
}

/// An open module.
pub struct Module {
    /// Name of its line.
    pub network: CString,
    state: *mut c_void,
    all: Functions,
    /// Last: the functions lie in it.
    _library: Library,
}

/// Who this process is to be: rank, size, group.
pub type Identity = Option<(i32, i32, CString)>;

/// What a call came to that can fail: one of the numbers, and a sentence if it is negative.
pub type Answer = Result<c_int, (c_int, String)>;

impl Module {
    /// Loads and opens the module of one line.
    ///
    /// # Errors
    /// One sentence that names the line.
    pub fn open(line: &Line, identity: &Identity) -> Result<Module, String> {
        let wrong = |why: String| format!("network {} over module {}: {why}", line.network, line.module);
        let library = find(&line.module).map_err(wrong)?;
        let Some(symbol) = library.symbol(c"vmi1_module") else {
            return Err(wrong("the library has no symbol 'vmi1_module'".into()));
        };
        let table = symbol.cast::<vmi1_module_t>();
        // SAFETY: version and size are the first members of every version.
        let (version, size) = unsafe { ((*table.as_ptr()).version, (*table.as_ptr()).size as usize) };
        if version != MODULE_VERSION || size != size_of::<vmi1_module_t>() {
            return Err(wrong(format!("it was written for version {version} of the contract")));
        }
        // SAFETY: version and size are right, so this is the type.
        let table = unsafe { *table.as_ptr() };
        let text = |text: &str| CString::new(text).map_err(|_| wrong("a zero byte".into()));
        let (network, options) = (text(&line.network)?, text(&line.options)?);
        let (rank, size, group) = match identity {
            Some((rank, size, group)) => (*rank, *size, group.as_ptr()),
            None => (-1, 0, std::ptr::null()),
        };
        let place = vmi1_place_t { network: network.as_ptr(), options: options.as_ptr(), rank, size, group };
        let all = functions(&table).map_err(wrong)?;
        let Some(open) = table.open else { return Err(wrong("it has no function 'open'".into())) };
        let mut why = Why::default();
        // SAFETY: `place` and what it names live until the call returns.
        let state = unsafe { open(&raw const place, why.at(), WHY) };
        if state.is_null() {
            return Err(wrong(why.sentence()));
        }
        Ok(Module { network, state, all, _library: library })
    }

    pub fn who(&self) -> (i32, i32) {
        let (mut rank, mut size) = (0, 1);
        // SAFETY: the state is open; both places are ours.
        unsafe { (self.all.who)(self.state, &raw mut rank, &raw mut size) };
        (rank, size)
    }

    pub fn connect(&self, peer: i32) -> Answer {
        // SAFETY: the state is open.
        said(|why| unsafe { (self.all.connect)(self.state, peer, why, WHY) })
    }

    pub fn disconnect(&self, peer: i32) -> Answer {
        // SAFETY: the state is open.
        said(|why| unsafe { (self.all.disconnect)(self.state, peer, why, WHY) })
    }

    pub fn limit(&self, peer: i32) -> usize {
        // SAFETY: the state is open.
        unsafe { (self.all.limit)(self.state, peer) }
    }

    /// `pieces` are those of the program's call.
    #[inline]
    pub fn send(&self, peer: i32, pieces: &[vmi1_piece_t]) -> Answer {
        // SAFETY: the state is open; the slice names as many pieces as it says.
        said(|why| unsafe { (self.all.send)(self.state, peer, pieces.as_ptr(), pieces.len(), why, WHY) })
    }

    #[inline]
    pub fn receive(&self) -> Option<vmi1_message_t> {
        let mut message = vmi1_message_t { peer: 0, network: 0, len: 0, data: std::ptr::null(), token: 0 };
        // SAFETY: the state is open and the message ours.
        let answer = unsafe { (self.all.receive)(self.state, &raw mut message) };
        (answer == OK).then_some(message)
    }

    #[inline]
    pub fn release(&self, token: u64) {
        // SAFETY: the state is open; the module checks its tokens.
        unsafe { (self.all.release)(self.state, token) }
    }

    pub fn owes(&self) -> bool {
        // SAFETY: the state is open.
        unsafe { (self.all.owes)(self.state) != 0 }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the state is open, and is closed once.
        unsafe { (self.all.close)(self.state) };
    }
}

fn functions(table: &vmi1_module_t) -> Result<Functions, String> {
    macro_rules! need { ($($name:ident)*) => {
        Ok(Functions { $( $name: table.$name.ok_or(concat!("it has no function '", stringify!($name), "'"))? ),* })
    } }
    need!(who connect disconnect limit send receive release owes close)
}

/// `vmivmi` is in libvmi, which lies beside this library or where the dynamic linker finds it.
fn find(module: &str) -> Result<Library, String> {
    if module.contains('/') {
        return Library::open(module);
    }
    if module != "vmivmi" {
        return Err("there is no such module, expected vmivmi or a path".into());
    }
    let beside = vmi::sys::library::folder_of(find as *const ()).map(|dir| format!("{dir}/libvmi.so.2"));
    let beside = beside.filter(|file| std::path::Path::new(file).exists());
    Library::open(beside.as_deref().unwrap_or("libvmi.so.2"))
}

struct Why([c_char; WHY]);

impl Default for Why {
    fn default() -> Self {
        Why([0; WHY])
    }
}

impl Why {
    fn at(&mut self) -> *mut c_char {
        self.0.as_mut_ptr()
    }

    fn sentence(&mut self) -> String {
        self.0[WHY - 1] = 0;
        // SAFETY: there is a zero at the end.
        let text = unsafe { CStr::from_ptr(self.0.as_ptr()) }.to_string_lossy().into_owned();
        if text.is_empty() { "it does not say why".into() } else { text }
    }
}

#[inline]
fn said(call: impl FnOnce(*mut c_char) -> c_int) -> Answer {
    let mut why = Why([0; WHY]);
    match call(why.at()) {
        code @ (OK | AGAIN) => Ok(code),
        LOST => Err((LOST, why.sentence())),
        _ => Err((ERROR, why.sentence())),
    }
}
