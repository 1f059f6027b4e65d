//! Text across the contract: options on the way in, sentences on the way out.

use super::contract::{Pair, WHY};
use std::ffi::{CStr, CString, c_char};

/// Options as C strings; they live as long as this.
pub struct Options {
    pairs: Vec<Pair>,
    _strings: Vec<CString>,
}

impl Options {
    /// Err: a sentence about an option that C cannot hold.
    pub fn of(options: &[(String, String)]) -> Result<Options, String> {
        let (mut pairs, mut strings) = (Vec::new(), Vec::new());
        for (key, value) in options {
            let (key, value) = (text(key)?, text(value)?);
            pairs.push(Pair { key: key.as_ptr(), value: value.as_ptr() });
            strings.extend([key, value]);
        }
        Ok(Options { pairs, _strings: strings })
    }

    pub fn as_ptr(&self) -> *const Pair {
        self.pairs.as_ptr()
    }

    pub fn len(&self) -> usize {
        self.pairs.len()
    }
}

pub fn text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("'{}' contains a zero byte", text.escape_debug()))
}

/// Room in which a device may write why.
pub struct Why([u8; WHY]);

impl Why {
    pub fn new() -> Why {
        Why([0; WHY])
    }

    pub fn as_ptr(&mut self) -> *mut c_char {
        self.0.as_mut_ptr().cast()
    }

    /// What was written there.
    pub fn sentence(&self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(WHY);
        let text = String::from_utf8_lossy(&self.0[..end]).replace(|c: char| c.is_control(), " ");
        if text.trim().is_empty() { "the device does not say why".into() } else { text }
    }
}

/// A string of the device; empty if there is none.
///
/// # Safety
/// NULL, or a zero-terminated string that stays valid during the call.
pub unsafe fn from_c(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not NULL, and the caller promises the rest.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// What a device reports as JSON; `null` if nothing useful.
pub fn report(mut ask: impl FnMut(*mut c_char, usize) -> usize) -> String {
    const MOST: usize = 1 << 20;
    let mut room = 1024;
    loop {
        let mut bytes = vec![0u8; room];
        let len = ask(bytes.as_mut_ptr().cast(), room);
        if len < room {
            bytes.truncate(len);
            return match String::from_utf8(bytes) {
                Ok(text) if !text.trim().is_empty() => text,
                _ => "null".into(),
            };
        }
        if len >= MOST || len < room {
            return "null".into();
        }
        room = len + 1;
    }
}
