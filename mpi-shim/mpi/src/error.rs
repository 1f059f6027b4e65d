//! Errors: a class, a text that names the argument, its value and what was expected, and the object whose
//! error handler decides. The emitter adds the function's name.

use crate::{CommId, FileId, SessionId, WinId};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// The object whose error handler is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Comm(CommId),
    Win(WinId),
    File(FileId),
    Session(SessionId),
}

#[derive(Debug, Clone)]
pub struct Error(Box<Body>);

#[derive(Debug, Clone)]
struct Body {
    code: i32,
    text: String,
    on: Option<On>,
}

impl Error {
    /// `code` is an error class of [`crate::constants::class`] or a code the program registered.
    #[cold]
    pub fn new(code: i32, text: impl Into<String>) -> Self {
        Error(Box::new(Body { code, text: text.into(), on: None }))
    }
    /// Names the object whose error handler must be called, when it is not the one in the argument list.
    #[must_use]
    pub fn on(mut self, on: On) -> Self {
        self.0.on = Some(on);
        self
    }
    pub fn code(&self) -> i32 {
        self.0.code
    }
    pub fn text(&self) -> &str {
        &self.0.text
    }
    pub fn target(&self) -> Option<On> {
        self.0.on
    }
}

/// Keeps the making of an error, and what only it needs, out of the usual path.
#[cold]
#[inline(never)]
pub fn made(make: impl FnOnce() -> Error) -> Error {
    make()
}

/// `fail!(COUNT, "count is {count}, expected 0 or more")` returns an error of class `MPI_ERR_COUNT`.
#[macro_export]
macro_rules! fail {
    ($class:ident, $($text:tt)+) => {
        return Err($crate::error::made(move || {
            $crate::error::Error::new($crate::constants::class::$class, format!($($text)+))
        }))
    };
}
