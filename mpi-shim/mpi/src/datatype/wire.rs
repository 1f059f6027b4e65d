//! Datatypes in messages: how one process tells another what a type looks like (one-sided communication).
//!
//! A predefined type is its engine number, which is the same in every ABI. Of a derived type the layout travels:
//! its tree in post-order, shared parts once, children named by their place in the list. Bytes from the wire are
//! checked; damaged ones give None.

use super::basic::{Basic, Family, Form, Num};
use super::layout::{Field, Layout, Shape};
use super::{Datatype, Recipe};
use crate::{Eng, Handle, TypeId};
use std::collections::HashMap;
use std::rc::Rc;
use vmi_mpi_args::FIRST_DYNAMIC;

const PREDEFINED: u8 = 0;
const DERIVED: u8 = 1;

const EMPTY: u8 = 0;
const BASIC: u8 = 1;
const PAIR: u8 = 2;
const REPEAT: u8 = 3;
const FIELDS: u8 = 4;

const NUMS: [Num; 15] = [
    Num::I8,
    Num::I16,
    Num::I32,
    Num::I64,
    Num::I128,
    Num::U8,
    Num::U16,
    Num::U32,
    Num::U64,
    Num::F16,
    Num::Bf16,
    Num::F32,
    Num::F64,
    Num::F80,
    Num::F128,
];

const FAMILIES: [Family; 9] = [
    Family::Integer,
    Family::Multi,
    Family::Floating,
    Family::Complex,
    Family::Logical,
    Family::Byte,
    Family::Character,
    Family::Pair,
    Family::Opaque,
];

/// What describes `dt` to another process.
pub fn encode(dt: &Datatype) -> Vec<u8> {
    if let Some(id) = dt.permanent.get().filter(|id| id.to_u32() < FIRST_DYNAMIC) {
        let mut bytes = vec![PREDEFINED];
        bytes.extend(id.to_u32().to_le_bytes());
        return bytes;
    }
    let mut writer = Writer { bytes: vec![DERIVED], places: HashMap::new() };
    writer.layout(dt.layout());
    writer.bytes
}

/// The type that `bytes` describe.
pub fn decode(e: Eng, bytes: &[u8]) -> Option<Rc<Datatype>> {
    let (&kind, rest) = bytes.split_first()?;
    let mut reader = Reader { bytes: rest };
    match kind {
        PREDEFINED => {
            let id = reader.u32().filter(|id| *id < FIRST_DYNAMIC)?;
            e.types.find(TypeId(id))
        }
        DERIVED => {
            let dt = Datatype::derived(reader.layouts()?, Recipe::default());
            dt.committed.set(true);
            Some(Rc::new(dt))
        }
        _ => None,
    }
}

struct Writer {
    bytes: Vec<u8>,
    /// Places of the layouts written so far, by address.
    places: HashMap<*const Layout, u32>,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a layout after its children; returns its place.
    fn layout(&mut self, layout: &Rc<Layout>) -> u32 {
        if let Some(&place) = self.places.get(&Rc::as_ptr(layout)) {
            return place;
        }
        match (&layout.shape, layout.uniform) {
            // Two numbers that count as one pair: made by `Layout::pair`.
            (Shape::Fields(fields), Some(pair))
                if pair.family == Family::Pair && fields.len() == 2 && layout.elements == 2 =>
            {
                self.put(&[PAIR]);
                self.basic(pair);
            }
            (Shape::Empty, _) => self.put(&[EMPTY]),
            (Shape::Basic(basic), _) => {
                self.put(&[BASIC]);
                self.basic(*basic);
            }
            (Shape::Repeat { count, stride, child }, _) => {
                let child = self.layout(child);
                self.put(&[REPEAT]);
                self.put(&count.to_le_bytes());
                self.put(&stride.to_le_bytes());
                self.put(&child.to_le_bytes());
            }
            (Shape::Fields(fields), _) => {
                let children: Vec<u32> = fields.iter().map(|f| self.layout(&f.child)).collect();
                self.put(&[FIELDS]);
                self.put(&(fields.len() as u32).to_le_bytes());
                for (field, child) in fields.iter().zip(children) {
                    self.put(&field.disp.to_le_bytes());
                    self.put(&field.len.to_le_bytes());
                    self.put(&child.to_le_bytes());
                }
            }
        }
        self.put(&layout.lb.to_le_bytes());
        self.put(&layout.extent().to_le_bytes());
        let place = self.places.len() as u32;
        self.places.insert(Rc::as_ptr(layout), place);
        place
    }

    fn basic(&mut self, basic: Basic) {
        let num = |n: Num| NUMS.iter().position(|&m| m == n).unwrap_or(0) as u8;
        let family = FAMILIES.iter().position(|&f| f == basic.family).unwrap_or(0) as u8;
        let form = match basic.form {
            Form::One(n) => [0, num(n), 0],
            Form::Complex(n) => [1, num(n), 0],
            Form::Pair(v, i) => [2, num(v), num(i)],
        };
        self.put(&form);
        self.put(&[family, basic.external]);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|b| b[0])
    }
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    /// All layouts; the last one is the type's.
    fn layouts(&mut self) -> Option<Rc<Layout>> {
        let mut made: Vec<Rc<Layout>> = Vec::new();
        while !self.bytes.is_empty() {
            let layout = self.layout(&made)?;
            let (lb, extent) = (self.i64()?, self.i64()?);
            let same = layout.lb == lb && layout.extent() == extent;
            made.push(if same { layout } else { Layout::resized(lb, extent, &layout)? });
        }
        made.pop()
    }

    fn layout(&mut self, made: &[Rc<Layout>]) -> Option<Rc<Layout>> {
        match self.u8()? {
            EMPTY => Some(Layout::empty()),
            BASIC => self.basic().filter(|b| !matches!(b.form, Form::Pair(..))).map(Layout::basic),
            PAIR => self.basic().map(super::predefined::layout_of),
            REPEAT => {
                let (count, stride, child) = (self.u64()?, self.i64()?, self.u32()?);
                Layout::repeat(count, stride, made.get(child as usize)?)
            }
            FIELDS => {
                let n = self.u32()?;
                let mut fields = Vec::new();
                for _ in 0..n {
                    let (disp, len, child) = (self.i64()?, self.u64()?, self.u32()?);
                    fields.push(Field { disp, len, child: made.get(child as usize)?.clone() });
                }
                Layout::fields(fields)
            }
            _ => None,
        }
    }

    fn basic(&mut self) -> Option<Basic> {
        let [form, first, second, family, external] = self.take()?;
        let num = |n: u8| NUMS.get(n as usize).copied();
        let form = match form {
            0 => Form::One(num(first)?),
            1 => Form::Complex(num(first)?),
            2 => Form::Pair(num(first)?, num(second)?),
            _ => return None,
        };
        Some(Basic { form, family: *FAMILIES.get(family as usize)?, external })
    }
}
