//! Statuses: what a failed call returns, and the sentence it leaves for `VMI_perror`.

use crate::types::VMI_STATUS;
use std::cell::RefCell;

pub const OK: VMI_STATUS = 0;

/// Why a call failed; the values are in the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Code {
    State = 0x0E00_0001,
    Argument,
    Handle,
    Range,
    Resource,
    Connection,
    Permission,
    Job,
    Unsupported,
}

impl Code {
    const ALL: [Code; 9] = [
        Code::State,
        Code::Argument,
        Code::Handle,
        Code::Range,
        Code::Resource,
        Code::Connection,
        Code::Permission,
        Code::Job,
        Code::Unsupported,
    ];

    /// For a status whose sentence is not known any more.
    fn text(self) -> &'static str {
        match self {
            Code::State => "not possible in this state",
            Code::Argument => "an argument makes no sense",
            Code::Handle => "a handle names no object",
            Code::Range => "bytes outside of what was registered or published",
            Code::Resource => "not enough memory, room or descriptors",
            Code::Connection => "the peer cannot be reached",
            Code::Permission => "the peer belongs to another user",
            Code::Job => "the job or the machine's configuration",
            Code::Unsupported => "not supported",
        }
    }
}

/// A failed call: code and one sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub code: Code,
    pub text: String,
}

pub type Result<T = ()> = std::result::Result<T, Fault>;

impl Fault {
    pub fn new(code: Code, text: impl Into<String>) -> Fault {
        Fault { code, text: text.into() }
    }
}

/// Returns from the function with a fault.
macro_rules! fail {
    ($code:ident, $($text:tt)+) => {
        return Err($crate::status::Fault::new($crate::status::Code::$code, format!($($text)+)))
    };
}
pub(crate) use fail;

thread_local! {
    /// The last sentence of each code.
    static LAST: RefCell<[String; Code::ALL.len()]> = RefCell::default();
}

fn index(status: VMI_STATUS) -> Option<usize> {
    Code::ALL.iter().position(|code| *code as u32 == status)
}

/// The status of a fault in `function`; its sentence is kept.
#[cold]
pub fn remember(function: &str, fault: &Fault) -> VMI_STATUS {
    let status = fault.code as u32;
    if let Some(at) = index(status) {
        LAST.with_borrow_mut(|last| last[at] = format!("{function}: {}", fault.text));
    }
    status
}

/// What `VMI_perror` says of a status.
pub fn describe(status: VMI_STATUS) -> String {
    if status == OK {
        return "success".into();
    }
    let Some(at) = index(status) else { return format!("status {status:#010x} is none of VMI's") };
    let said = LAST.with_borrow(|last| last[at].clone());
    if said.is_empty() { Code::ALL[at].text().into() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_of_a_code_is_kept() {
        let fault = Fault::new(Code::Range, "7 bytes too many");
        assert_eq!(remember("VMI_X", &fault), 0x0E00_0004);
        remember("VMI_Y", &Fault::new(Code::State, "closed"));
        assert_eq!(describe(0x0E00_0004), "VMI_X: 7 bytes too many");
        assert_eq!(describe(0x0E00_0009), "not supported");
        assert_eq!(describe(77), "status 0x0000004d is none of VMI's");
        assert_eq!(describe(0), "success");
    }

    #[test]
    fn codes_are_consecutive() {
        for (at, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(code as u32, 0x0E00_0001 + at as u32);
        }
    }
}
