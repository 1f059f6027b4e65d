//! Attributes: values the program hangs on communicators, datatypes and windows (MPI-5.0 §7.7).
//!
//! An object owns an [`AttrSet`]. A value is one address-sized word, which the engine never looks into.
//! Attributes of the predefined kind (MPI_TAG_UB …) are answered with the address of an `int` that lives as long
//! as the process, so the border only has to store one word in either case; see [`predefined`].
//!
//! A keyval that is freed lives on in the attributes that use it. Callbacks run with no borrow held and may call MPI.

mod functions;
mod predefined;
#[cfg(test)]
mod tests;

pub use functions::*;
pub use predefined::{Predefined, predefined_value, set_numbers, update_last_used};

use crate::constants::class;
use crate::error::{Error, Result};
use crate::{AttrOn, Eng, Handle, UserFn, errhandler, fail};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use vmi_mpi_args::callbacks;

/// Copy function that copies nothing, and delete function that does nothing.
const NULL_FN: usize = UserFn::NULL;
/// MPI_COMM_DUP_FN and its like, in ABIs that give it no address: the value is copied as it is.
const DUP_FN: usize = UserFn::DUP;

/// A kind of attribute.
pub struct Keyval {
    id: i32,
    on: AttrOn,
    copy: UserFn,
    delete: UserFn,
    extra_state: usize,
}

/// Keyvals the program has made.
pub struct Keyvals {
    live: RefCell<HashMap<i32, Rc<Keyval>>>,
    /// Freed, perhaps while attributes used them.
    freed: RefCell<HashMap<i32, Weak<Keyval>>>,
    next: Cell<i32>,
}

impl Default for Keyvals {
    fn default() -> Self {
        Keyvals {
            live: RefCell::default(),
            freed: RefCell::default(),
            next: Cell::new(vmi_mpi_args::FIRST_DYNAMIC as i32),
        }
    }
}

impl Keyvals {
    fn create(&self, on: AttrOn, copy: UserFn, delete: UserFn, extra_state: usize) -> i32 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1).max(vmi_mpi_args::FIRST_DYNAMIC as i32));
        self.live.borrow_mut().insert(id, Rc::new(Keyval { id, on, copy, delete, extra_state }));
        id
    }

    /// The keyval, if it is one for objects of kind `on` that the program may still use.
    fn get(&self, id: i32, on: AttrOn) -> Result<Rc<Keyval>> {
        match self.live.borrow().get(&id) {
            Some(keyval) if keyval.on == on => Ok(keyval.clone()),
            Some(keyval) => {
                fail!(KEYVAL, "keyval {id} was created for {:?} objects, expected {on:?}", keyval.on)
            }
            None if Predefined::is(id) => fail!(KEYVAL, "keyval {id} is predefined and cannot be changed"),
            None => fail!(KEYVAL, "keyval is {id}, which was never created or is freed"),
        }
    }

    /// A keyval that attributes still use may be freed again: programs do so in delete callbacks, through copies of
    /// the keyval.
    fn free(&self, id: i32, on: AttrOn) -> Result {
        let in_use = self.freed.borrow().get(&id).and_then(Weak::upgrade);
        if in_use.is_some_and(|keyval| keyval.on == on) {
            return Ok(());
        }
        let keyval = self.get(id, on)?;
        self.live.borrow_mut().remove(&id);
        let mut freed = self.freed.borrow_mut();
        freed.retain(|_, keyval| keyval.strong_count() > 0);
        freed.insert(id, Rc::downgrade(&keyval));
        Ok(())
    }
}

struct Attribute {
    keyval: Rc<Keyval>,
    value: usize,
}

/// The attributes of one object, in the order in which they were set.
#[derive(Default)]
pub struct AttrSet(RefCell<Vec<Attribute>>);

/// The object whose attributes are meant, as callbacks are told.
#[derive(Clone, Copy)]
pub struct Owner {
    pub on: AttrOn,
    pub handle: u32,
}

impl Owner {
    pub fn new(on: AttrOn, handle: impl Handle) -> Owner {
        Owner { on, handle: handle.to_u32() }
    }
}

impl AttrSet {
    /// Value of the attribute, if it is set.
    pub fn get(&self, e: Eng, on: AttrOn, keyval: i32) -> Result<Option<usize>> {
        match self.find(keyval) {
            Some((_, value)) => Ok(Some(value)),
            None => e.keyvals.get(keyval, on).map(|_| None),
        }
    }

    /// A keyval that the program has freed is still good for the objects that use it.
    fn find(&self, keyval: i32) -> Option<(Rc<Keyval>, usize)> {
        self.0.borrow().iter().find(|a| a.keyval.id == keyval).map(|a| (a.keyval.clone(), a.value))
    }

    /// Sets the attribute. A value that was there is deleted first, with its delete callback.
    pub fn set(&self, e: Eng, owner: Owner, keyval: i32, value: usize) -> Result {
        let keyval = match self.find(keyval) {
            Some((keyval, old)) => {
                call_delete(owner, &keyval, old)?;
                keyval
            }
            None => e.keyvals.get(keyval, owner.on)?,
        };
        let mut list = self.0.borrow_mut();
        match list.iter_mut().find(|a| a.keyval.id == keyval.id) {
            Some(attribute) => attribute.value = value,
            None => list.push(Attribute { keyval, value }),
        }
        Ok(())
    }

    /// Deletes the attribute; when its callback fails, it stays.
    pub fn delete(&self, e: Eng, owner: Owner, keyval: i32) -> Result {
        match self.find(keyval) {
            Some((keyval, value)) => self.delete_one(owner, &keyval, value),
            None => {
                e.keyvals.get(keyval, owner.on)?;
                fail!(KEYVAL, "the object has no attribute of keyval {keyval}")
            }
        }
    }

    fn delete_one(&self, owner: Owner, keyval: &Keyval, value: usize) -> Result {
        call_delete(owner, keyval, value)?;
        self.0.borrow_mut().retain(|a| a.keyval.id != keyval.id);
        Ok(())
    }

    /// The attributes, which this set loses.
    pub fn take(&self) -> AttrSet {
        AttrSet(RefCell::new(self.0.take()))
    }

    /// Deletes all attributes, last set first (MPI-5.0 §11.2.4 wants this order for MPI_COMM_SELF). Stops at
    /// the first callback that fails; that attribute and those set before it stay.
    pub fn delete_all(&self, owner: Owner) -> Result {
        loop {
            let last = self.0.borrow().last().map(|a| (a.keyval.clone(), a.value));
            let Some((keyval, value)) = last else { return Ok(()) };
            self.delete_one(owner, &keyval, value)?;
        }
    }

    /// Copies the attributes of `owner` into `to`, as the copy callbacks decide. On an error `to` keeps what was
    /// copied before.
    pub fn copy_to(&self, owner: Owner, to: &AttrSet) -> Result {
        let list: Vec<_> = self.0.borrow().iter().map(|a| (a.keyval.clone(), a.value)).collect();
        for (keyval, value) in list {
            if let Some(value) = call_copy(owner, &keyval, value)? {
                to.0.borrow_mut().push(Attribute { keyval, value });
            }
        }
        Ok(())
    }
}

fn call_copy(owner: Owner, keyval: &Keyval, value: usize) -> Result<Option<usize>> {
    match keyval.copy.func {
        NULL_FN => return Ok(None),
        DUP_FN => return Ok(Some(value)),
        _ => {}
    }
    let Some(callbacks) = callbacks() else { return Ok(None) };
    let copy = callbacks.attr_copy;
    let (code, flag, out) = copy(keyval.copy, owner.on, owner.handle, keyval.id, keyval.extra_state, value);
    check("copy", keyval, code)?;
    Ok(flag.then_some(out))
}

fn call_delete(owner: Owner, keyval: &Keyval, value: usize) -> Result {
    if keyval.delete.func == NULL_FN {
        return Ok(());
    }
    let Some(callbacks) = callbacks() else { return Ok(()) };
    let delete = callbacks.attr_delete;
    check(
        "delete",
        keyval,
        delete(keyval.delete, owner.on, owner.handle, keyval.id, value, keyval.extra_state),
    )
}

fn check(which: &str, keyval: &Keyval, code: i32) -> Result {
    match code {
        0 => Ok(()),
        _ => Err(errhandler::from_callback(code, &format!("the {which} callback of keyval {}", keyval.id))),
    }
}

/// The error of a keyval argument that is MPI_KEYVAL_INVALID or unknown.
fn unknown(id: i32) -> Error {
    Error::new(class::KEYVAL, format!("keyval is {id}, expected one that the program created"))
}
