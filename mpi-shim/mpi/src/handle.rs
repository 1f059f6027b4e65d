//! Tables of objects made at run time: a handle is an index, one look-up away from its object.

use crate::error::{Error, Result};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use vmi_mpi_args::{FIRST_DYNAMIC, Handle};

/// Objects of one kind. Slots below [`FIRST_DYNAMIC`] hold predefined objects.
pub struct Table<H, T> {
    slots: RefCell<Slots<T>>,
    class: i32,
    what: &'static str,
    _handle: PhantomData<fn(H)>,
}

struct Slots<T> {
    objects: Vec<Option<Rc<T>>>,
    free: Vec<u32>,
}

impl<H: Handle, T> Table<H, T> {
    /// `class` and `what` describe the error of an unknown handle: (MPI_ERR_COMM, "communicator").
    pub fn new(class: i32, what: &'static str) -> Self {
        let objects = (0..FIRST_DYNAMIC).map(|_| None).collect();
        Table { slots: RefCell::new(Slots { objects, free: Vec::new() }), class, what, _handle: PhantomData }
    }

    pub fn set_predefined(&self, handle: H, object: T) -> Rc<T> {
        let object = Rc::new(object);
        self.slots.borrow_mut().objects[handle.to_u32() as usize] = Some(object.clone());
        object
    }

    pub fn insert(&self, object: T) -> H {
        self.insert_rc(Rc::new(object))
    }

    pub fn insert_rc(&self, object: Rc<T>) -> H {
        let mut slots = self.slots.borrow_mut();
        match slots.free.pop() {
            Some(id) => {
                slots.objects[id as usize] = Some(object);
                H::from_u32(id)
            }
            None => {
                slots.objects.push(Some(object));
                H::from_u32(slots.objects.len() as u32 - 1)
            }
        }
    }

    /// A handle for an object that is not finished; it names nothing until [`Table::fill`].
    pub fn reserve(&self) -> H {
        let mut slots = self.slots.borrow_mut();
        let id = slots.free.pop().unwrap_or_else(|| {
            slots.objects.push(None);
            slots.objects.len() as u32 - 1
        });
        H::from_u32(id)
    }

    /// The object of a reserved handle.
    pub fn fill(&self, handle: H, object: Rc<T>) {
        self.slots.borrow_mut().objects[handle.to_u32() as usize] = Some(object);
    }

    #[inline]
    pub fn find(&self, handle: H) -> Option<Rc<T>> {
        self.slots.borrow().objects.get(handle.to_u32() as usize)?.clone()
    }

    #[inline]
    pub fn get(&self, handle: H) -> Result<Rc<T>> {
        self.find(handle).ok_or_else(|| self.unknown(handle))
    }

    /// Takes the object out; the handle is unknown from now on (and may be reused by a later object).
    pub fn remove(&self, handle: H) -> Result<Rc<T>> {
        let mut slots = self.slots.borrow_mut();
        let id = handle.to_u32();
        match slots.objects.get_mut(id as usize).and_then(Option::take) {
            Some(object) => {
                if id >= FIRST_DYNAMIC {
                    slots.free.push(id);
                }
                Ok(object)
            }
            None => Err(self.unknown(handle)),
        }
    }

    pub fn is_predefined(handle: H) -> bool {
        handle.to_u32() < FIRST_DYNAMIC
    }

    /// Handles of all live objects made at run time.
    pub fn live(&self) -> Vec<H> {
        let slots = self.slots.borrow();
        let dynamic = slots.objects.iter().enumerate().skip(FIRST_DYNAMIC as usize);
        dynamic.filter(|(_, o)| o.is_some()).map(|(i, _)| H::from_u32(i as u32)).collect()
    }

    #[cold]
    fn unknown(&self, handle: H) -> Error {
        let id = handle.to_u32();
        let text = if id < FIRST_DYNAMIC {
            format!("{} is a null handle", self.what)
        } else {
            format!("{} handle {id:#x} names no live object (freed twice, or never created)", self.what)
        };
        Error::new(self.class, text)
    }
}
