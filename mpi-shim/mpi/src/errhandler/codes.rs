//! Error codes: predefined classes, classes and codes the program adds, and the texts of recent errors.
//!
//! A code is `number | slot << 16`. `number` is a predefined class, or from [`FIRST_USER`] on a class or code of
//! the program. `slot` is 0, or numbers the error that happened: the last [`RING`] of them keep their text.

use super::texts;
use crate::constants::class;
use crate::error::{Error, Result};
use crate::fail;
use std::cell::{Cell, RefCell};

/// First class or code of the program; above every predefined class (MPI_ERR_LASTCODE is 16383).
pub const FIRST_USER: i32 = class::LASTCODE + 1;
/// Numbers are below this; the bits above tell the slot.
const NUMBERS: i32 = 1 << 16;
/// Slots count from 1 to this, then again from 1.
const LAST_SLOT: u32 = 0x3fff;
/// So many recent errors keep their text.
const RING: usize = 256;

/// A class or a code that the program added.
struct UserCode {
    /// The class of a code; None for a class.
    class: Option<i32>,
    text: Option<String>,
}

#[derive(Default)]
pub struct Codes {
    user: RefCell<Vec<Option<UserCode>>>,
    recent: RefCell<Vec<(u32, String)>>,
    next_slot: Cell<u32>,
}

/// The class or code without the number of the single error.
pub fn number_of(code: i32) -> i32 {
    code & (NUMBERS - 1)
}

impl Codes {
    /// Keeps `text` and returns the code that finds it again. Codes that already tell a single error, and codes
    /// of the program, are returned as they are.
    pub fn remember(&self, code: i32, text: &str) -> i32 {
        if code <= 0 || code >= FIRST_USER {
            return code;
        }
        let slot = self.next_slot.get() % LAST_SLOT + 1;
        self.next_slot.set(slot);
        let mut recent = self.recent.borrow_mut();
        if recent.is_empty() {
            recent.resize(RING, (0, String::new()));
        }
        recent[slot as usize % RING] = (slot, text.to_string());
        code | (slot as i32) << 16
    }

    /// The class of a code.
    pub fn class_of(&self, code: i32) -> Result<i32> {
        let number = number_of(code);
        if code >= 0 && number < FIRST_USER && texts::of_class(number).is_some() {
            return Ok(number);
        }
        self.with_user(code, |_, user| Ok(user.class.unwrap_or(code)))
    }

    /// The text of a code: of the single error, of its class, or what the program set for it.
    pub fn text(&self, code: i32) -> Option<String> {
        let slot = (code >> 16) as u32;
        if code > 0 && slot != 0 {
            let recent = self.recent.borrow();
            if let Some((s, text)) = recent.get(slot as usize % RING)
                && *s == slot
            {
                return Some(text.clone());
            }
        }
        match texts::of_class(number_of(code)) {
            Some(text) if code >= 0 => Some(text.to_string()),
            _ => self.with_user(code, |_, user| Ok(user.text.clone().unwrap_or_default())).ok(),
        }
    }

    pub fn add_class(&self) -> Result<i32> {
        self.add(None)
    }

    pub fn add_code(&self, class: i32) -> Result<i32> {
        let known = self.class_of(class)?;
        if known != class {
            fail!(ARG, "errorclass is {class}, which is an error code of class {known}, expected a class");
        }
        self.add(Some(class))
    }

    fn add(&self, class: Option<i32>) -> Result<i32> {
        let mut user = self.user.borrow_mut();
        let code = FIRST_USER + user.len() as i32;
        if code >= NUMBERS {
            fail!(OTHER, "all {} error codes of the program are in use", NUMBERS - FIRST_USER);
        }
        user.push(Some(UserCode { class, text: None }));
        Ok(code)
    }

    pub fn set_text(&self, code: i32, text: Option<&str>) -> Result {
        self.with_user(code, |_, user| {
            user.text = text.map(str::to_string);
            Ok(())
        })
    }

    /// MPI-5.0 §9.5: a class that still has codes cannot be removed.
    pub fn remove_class(&self, class: i32) -> Result {
        self.with_user(class, |_, user| match user.class {
            Some(_) => fail!(ARG, "errorclass is {class}, which is an error code, expected a class"),
            None => Ok(()),
        })?;
        if self.user.borrow().iter().flatten().any(|u| u.class == Some(class)) {
            fail!(ARG, "errorclass {class} still has error codes, expected them to be removed first");
        }
        self.forget(class)
    }

    pub fn remove_code(&self, code: i32) -> Result {
        self.with_user(code, |_, user| match user.class {
            None => fail!(ARG, "errorcode is {code}, which is an error class, expected a code"),
            Some(_) => Ok(()),
        })?;
        self.forget(code)
    }

    /// MPI-5.0 §9.5: not while a string is associated with it.
    fn forget(&self, code: i32) -> Result {
        if self.with_user(code, |_, user| Ok(user.text.is_some()))? {
            fail!(ARG, "{code} still has an error string, expected MPI_Remove_error_string first");
        }
        let mut user = self.user.borrow_mut();
        user[(code - FIRST_USER) as usize] = None;
        while matches!(user.last(), Some(None)) {
            user.pop();
        }
        Ok(())
    }

    /// The highest code in use (value of the MPI_LASTUSEDCODE attribute).
    pub fn last_used(&self) -> i32 {
        class::LASTCODE + self.user.borrow().len() as i32
    }

    fn with_user<R>(&self, code: i32, f: impl FnOnce(i32, &mut UserCode) -> Result<R>) -> Result<R> {
        let mut user = self.user.borrow_mut();
        let found =
            code.checked_sub(FIRST_USER).and_then(|i| user.get_mut(usize::try_from(i).ok()?)?.as_mut());
        match found {
            Some(entry) => f(code, entry),
            None if (0..FIRST_USER).contains(&code) => {
                fail!(ARG, "error code {code} is predefined, expected one that the program added")
            }
            None => fail!(ARG, "{code} is no error code or class"),
        }
    }
}

/// An error whose code came from a callback of the program.
pub fn from_callback(code: i32, what: &str) -> Error {
    Error::new(code, format!("{what} returned error code {}", number_of(code)))
}
