//! Datatypes: what they are, how they are made, and how their data is packed.
//!
//! One up: the emitters call the functions re-exported here; `p2p`, `coll` and `rma` use [`Datatype`]. One down:
//! [`vmi::core::buffer`] moves the bytes.
//!
//! A type is a [`layout::Layout`] (what the constructors said: type map, bounds, basic elements) and, compiled
//! from it on first use, a [`program::Node`] (what the packer runs: merged blocks and loops). Layouts are
//! immutable and shared: a type that was freed lives on in the types built from it and in pending operations.

mod array;
mod attributes;
mod basic;
mod construct;
mod external;
mod f90;
mod inquiry;
mod layout;
mod legacy;
mod memory;
mod packing;
mod predefined;
mod program;
mod recipe;
mod status;
#[cfg(test)]
mod tests;
pub mod wire;

pub use array::*;
pub use attributes::*;
pub use basic::{Basic, Family, Form, Num};
pub use construct::*;
pub use external::*;
pub use f90::*;
pub use inquiry::*;
pub use layout::Layout;
pub use legacy::*;
pub use memory::Memory;
pub use packing::*;
pub use predefined::table as predefined_table;
pub use recipe::*;
pub use status::*;

use crate::attr::AttrSet;
use crate::handle::Table;
use crate::{Eng, Result, TypeId, UserBuf};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use vmi::core::buffer::Way;

pub type Types = Table<TypeId, Datatype>;

/// A datatype object. Handles, derived types and pending operations share it by `Rc`.
pub struct Datatype {
    layout: Rc<Layout>,
    committed: Cell<bool>,
    name: RefCell<String>,
    recipe: Recipe,
    /// The handle of a type that is never freed: predefined, or made by `MPI_Type_create_f90_*`.
    permanent: Cell<Option<TypeId>>,
    /// What a predefined type's elements are, for reductions.
    basic: Option<Basic>,
    pub attrs: AttrSet,
    /// Handles the program holds; the attributes are deleted with the last one.
    handles: Cell<u32>,
}

impl Datatype {
    fn derived(layout: Rc<Layout>, recipe: Recipe) -> Self {
        Datatype {
            layout,
            committed: Cell::new(false),
            name: RefCell::default(),
            recipe,
            permanent: Cell::new(None),
            basic: None,
            attrs: AttrSet::default(),
            handles: Cell::new(1),
        }
    }

    fn predefined(id: TypeId, name: &str, layout: Rc<Layout>, basic: Option<Basic>, recipe: Recipe) -> Self {
        Datatype {
            layout,
            committed: Cell::new(true),
            name: RefCell::new(name.to_owned()),
            recipe,
            permanent: Cell::new(Some(id)),
            basic,
            attrs: AttrSet::default(),
            handles: Cell::new(1),
        }
    }

    pub fn layout(&self) -> &Rc<Layout> {
        &self.layout
    }
    /// Bytes of data in one element.
    #[inline]
    pub fn size(&self) -> u64 {
        self.layout.size
    }
    #[inline]
    pub fn lb(&self) -> i64 {
        self.layout.lb
    }
    #[inline]
    pub fn ub(&self) -> i64 {
        self.layout.ub
    }
    #[inline]
    pub fn extent(&self) -> i64 {
        self.layout.ub - self.layout.lb
    }
    #[inline]
    pub fn true_lb(&self) -> i64 {
        self.layout.true_lb
    }
    #[inline]
    pub fn true_extent(&self) -> i64 {
        self.layout.true_ub - self.layout.true_lb
    }
    #[inline]
    pub fn committed(&self) -> bool {
        self.committed.get()
    }
    /// Never freed: predefined, or made by `MPI_Type_create_f90_*`.
    pub fn is_permanent(&self) -> bool {
        self.permanent.get().is_some()
    }
    /// The elements of a predefined type; `None` for a derived type.
    #[inline]
    pub fn basic(&self) -> Option<Basic> {
        self.basic
    }
    /// The one predefined type of which all the type's data consists, if so (`MPI_Accumulate`).
    pub fn uniform(&self) -> Option<Basic> {
        self.basic.or(self.layout.uniform)
    }
    /// Name for messages: `MPI_INT`, or what kind of type it is.
    pub fn describe(&self) -> String {
        match self.name.borrow().as_str() {
            "" => format!("derived datatype ({})", self.recipe.combiner_name()),
            name => name.to_owned(),
        }
    }

    /// Do any number of elements form one block without gaps, in order?
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        self.layout.program().is_dense(self.extent())
    }

    /// The memory of `count` elements when it is one block: it can be sent without packing.
    #[inline]
    pub fn contiguous_window(&self, buf: UserBuf, count: i64) -> Option<(UserBuf, u64)> {
        let program = self.layout.program();
        let disp = program.single_block()?;
        if count <= 1 || program.is_dense(self.extent()) {
            return Some((buf.offset(disp as isize), self.size().saturating_mul(count.max(0) as u64)));
        }
        None
    }

    /// Bytes of `count` elements.
    #[inline]
    pub fn bytes(&self, count: i64) -> u64 {
        self.size().saturating_mul(count.max(0) as u64)
    }

    /// `count` elements that consist of `basic`, in the order and at the places C gives an array of them.
    pub(crate) fn array_of(basic: Basic) -> Self {
        Datatype::derived(predefined::layout_of(basic), Recipe::default())
    }

    /// Copies the bytes `from..from + len` of the packed form of `count` elements at `buf` to `dst`.
    #[inline]
    pub fn pack(&self, buf: UserBuf, count: i64, from: u64, dst: UserBuf, len: usize) {
        if let Some((at, total)) = self.contiguous_window(buf, count)
            && from + len as u64 <= total
        {
            return at.offset(from as isize).copy_to(dst, len);
        }
        self.layout.program().window(
            Way::Pack,
            buf,
            count.max(0) as u64,
            self.extent(),
            from,
            len as u64,
            dst,
        );
    }

    /// Copies `len` bytes at `src`, which are the bytes from `from` on of the packed form, into `count` elements.
    #[inline]
    pub fn unpack(&self, buf: UserBuf, count: i64, from: u64, src: UserBuf, len: usize) {
        if let Some((at, total)) = self.contiguous_window(buf, count)
            && from + len as u64 <= total
        {
            return src.copy_to(at.offset(from as isize), len);
        }
        self.layout.program().window(
            Way::Unpack,
            buf,
            count.max(0) as u64,
            self.extent(),
            from,
            len as u64,
            src,
        );
    }
}

/// The type behind a handle, for an operation that moves data: it must be committed.
#[inline(always)]
pub fn usable(e: Eng, id: TypeId) -> Result<Rc<Datatype>> {
    let dt = e.types.get(id)?;
    if !dt.committed() {
        crate::fail!(TYPE, "the {} was not committed, call MPI_Type_commit first", dt.describe());
    }
    Ok(dt)
}
