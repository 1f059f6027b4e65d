//! Layouts: the type map of a datatype as a tree, and what follows from it (size, bounds, elements).
//!
//! The tree mirrors the constructors and keeps the order of the type map, so any prefix of the packed stream can
//! be counted in basic elements. It is not what the packer runs; see [`super::program`].
//!
//! Sums are checked: a type whose size or bounds leave 64 bits is refused when it is made.

use super::basic::Basic;
use super::program::Node;
use std::cell::OnceCell;
use std::rc::Rc;

/// The type map.
#[derive(Debug)]
pub enum Shape {
    Empty,
    Basic(Basic),
    /// `count` copies, `stride` bytes apart.
    Repeat {
        count: u64,
        stride: i64,
        child: Rc<Layout>,
    },
    /// At each displacement, `len` copies one extent apart.
    Fields(Box<[Field]>),
}

#[derive(Debug, Clone)]
pub struct Field {
    pub disp: i64,
    pub len: u64,
    pub child: Rc<Layout>,
}

#[derive(Debug)]
pub struct Layout {
    pub size: u64,
    pub lb: i64,
    pub ub: i64,
    pub true_lb: i64,
    pub true_ub: i64,
    /// Number of basic elements.
    pub elements: u64,
    /// The predefined type that all data consists of, if it is only one.
    pub uniform: Option<Basic>,
    pub shape: Shape,
    bounds: Bounds,
    program: OnceCell<Node>,
}

/// Bounds of a type map while it grows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// First byte of data, and the one after the last.
    data: Option<(i64, i64)>,
    /// MPI-5.0 §5.1.6: markers set by `MPI_Type_create_resized` (or the old `MPI_LB`, `MPI_UB`) decide alone.
    mark_lb: Option<i64>,
    mark_ub: Option<i64>,
    align: u32,
}

impl Bounds {
    /// Adds `count` copies, `stride` bytes apart, of `child`, the first at `disp`. `None`: beyond 64 bits.
    fn add(&mut self, disp: i64, stride: i64, count: u64, child: &Bounds) -> Option<()> {
        if count == 0 {
            return Some(());
        }
        let last = disp.checked_add(stride.checked_mul(i64::try_from(count - 1).ok()?)?)?;
        let (low, high) = (disp.min(last), disp.max(last));
        if let Some((from, to)) = child.data {
            let (from, to) = (from.checked_add(low)?, to.checked_add(high)?);
            self.data = Some(self.data.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
        }
        if let Some(at) = child.mark_lb {
            let at = at.checked_add(low)?;
            self.mark_lb = Some(self.mark_lb.map_or(at, |m| m.min(at)));
        }
        if let Some(at) = child.mark_ub {
            let at = at.checked_add(high)?;
            self.mark_ub = Some(self.mark_ub.map_or(at, |m| m.max(at)));
        }
        self.align = self.align.max(child.align);
        Some(())
    }

    /// Lower and upper bound. The upper one is rounded up to the strictest alignment, unless it was set.
    fn resolve(&self) -> Option<(i64, i64)> {
        let data = self.data.unwrap_or((0, 0));
        let lb = self.mark_lb.unwrap_or(data.0);
        let ub = match self.mark_ub {
            Some(at) => at,
            None => {
                let end = data.1;
                let over = end.checked_sub(lb)?.rem_euclid(i64::from(self.align.max(1)));
                if over == 0 { end } else { end.checked_add(i64::from(self.align) - over)? }
            }
        };
        ub.checked_sub(lb)?;
        Some((lb, ub))
    }
}

impl Layout {
    fn finish(
        shape: Shape,
        bounds: Bounds,
        size: u64,
        elements: u64,
        uniform: Option<Basic>,
    ) -> Option<Rc<Layout>> {
        i64::try_from(size).ok()?;
        let (lb, ub) = bounds.resolve()?;
        let (true_lb, true_ub) = bounds.data.unwrap_or((0, 0));
        true_ub.checked_sub(true_lb)?;
        let program = OnceCell::new();
        Some(Rc::new(Layout { size, lb, ub, true_lb, true_ub, elements, uniform, shape, bounds, program }))
    }

    pub fn empty() -> Rc<Layout> {
        Self::finish(Shape::Empty, Bounds::default(), 0, 0, None).expect("an empty type has small bounds")
    }

    pub fn basic(basic: Basic) -> Rc<Layout> {
        let size = basic.size() as u64;
        let bounds =
            Bounds { data: Some((0, size as i64)), align: basic.align() as u32, ..Bounds::default() };
        Self::finish(Shape::Basic(basic), bounds, size, 1, Some(basic)).expect("a basic type is small")
    }

    /// A value and an index, as a C struct. Its elements are two, but for reductions it is one pair.
    pub fn pair(pair: Basic, value: &Rc<Layout>, index: &Rc<Layout>) -> Option<Rc<Layout>> {
        let at = value.size.next_multiple_of(u64::from(index.bounds.align.max(1))) as i64;
        let field = |disp, child: &Rc<Layout>| Field { disp, len: 1, child: child.clone() };
        let fields = Self::fields(vec![field(0, value), field(at, index)])?;
        let mut layout = Rc::try_unwrap(fields).ok()?;
        layout.uniform = Some(pair);
        Some(Rc::new(layout))
    }

    /// `MPI_LB` and `MPI_UB`: bounds without data.
    pub fn marker(upper: bool) -> Rc<Layout> {
        let mark = Some(0);
        let bounds = if upper {
            Bounds { mark_ub: mark, ..Bounds::default() }
        } else {
            Bounds { mark_lb: mark, ..Bounds::default() }
        };
        Self::finish(Shape::Empty, bounds, 0, 0, None).expect("a marker has small bounds")
    }

    pub fn extent(&self) -> i64 {
        self.ub - self.lb
    }

    /// `count` copies, `stride` bytes apart. `None`: beyond 64 bits.
    pub fn repeat(count: u64, stride: i64, child: &Rc<Layout>) -> Option<Rc<Layout>> {
        if count == 0 {
            return Some(Self::empty());
        }
        if count == 1 {
            return Some(child.clone());
        }
        let mut bounds = Bounds::default();
        bounds.add(0, stride, count, &child.bounds)?;
        let (size, elements) = (child.size.checked_mul(count)?, child.elements.checked_mul(count)?);
        let shape = Shape::Repeat { count, stride, child: child.clone() };
        Self::finish(shape, bounds, size, elements, child.uniform)
    }

    /// `count` copies, one extent apart.
    pub fn contiguous(count: u64, child: &Rc<Layout>) -> Option<Rc<Layout>> {
        Self::repeat(count, child.extent(), child)
    }

    /// Copies at any displacements, of any types.
    pub fn fields(fields: Vec<Field>) -> Option<Rc<Layout>> {
        let mut bounds = Bounds::default();
        let (mut size, mut elements) = (0u64, 0u64);
        let (mut uniform, mut mixed) = (None, false);
        for f in &fields {
            bounds.add(f.disp, f.child.extent(), f.len, &f.child.bounds)?;
            let bytes = f.child.size.checked_mul(f.len)?;
            size = size.checked_add(bytes)?;
            elements = elements.checked_add(f.child.elements.checked_mul(f.len)?)?;
            if bytes > 0 {
                mixed |= f.child.uniform.is_none() || uniform.is_some_and(|u| Some(u) != f.child.uniform);
                uniform = f.child.uniform;
            }
        }
        let kept = fields.into_iter().filter(|f| f.len > 0 && f.child.size > 0).collect();
        Self::finish(Shape::Fields(kept), bounds, size, elements, if mixed { None } else { uniform })
    }

    /// One copy at a displacement.
    pub fn shifted(disp: i64, child: &Rc<Layout>) -> Option<Rc<Layout>> {
        Self::fields(vec![Field { disp, len: 1, child: child.clone() }])
    }

    /// The same data with new bounds.
    pub fn resized(lb: i64, extent: i64, child: &Rc<Layout>) -> Option<Rc<Layout>> {
        let ub = lb.checked_add(extent)?;
        let bounds = Bounds { mark_lb: Some(lb), mark_ub: Some(ub), ..child.bounds };
        let shape = Shape::Repeat { count: 1, stride: 0, child: child.clone() };
        Self::finish(shape, bounds, child.size, child.elements, child.uniform)
    }

    /// What the packer runs for one element, compiled on first use.
    #[inline]
    pub fn program(&self) -> &Node {
        self.program.get_or_init(|| self.compile())
    }

    fn compile(&self) -> Node {
        match &self.shape {
            Shape::Empty => Node::nothing(),
            Shape::Basic(b) => Node::block(0, b.size() as u64),
            Shape::Repeat { count, stride, child } => Node::repeat(*count, *stride, child.program().clone()),
            Shape::Fields(fields) => {
                Node::sequence(fields.iter().map(|f| {
                    Node::repeat(f.len, f.child.extent(), f.child.program().clone()).shifted(f.disp)
                }))
            }
        }
    }

    /// Basic elements that lie entirely in the first `bytes` of the packed stream of one copy, and the bytes of
    /// the element cut by its end. `bytes` is at most `size`.
    pub fn elements_in(&self, bytes: u64) -> (u64, u64) {
        if bytes >= self.size {
            return (self.elements, 0);
        }
        match &self.shape {
            Shape::Empty | Shape::Basic(_) => (0, bytes),
            Shape::Repeat { count, child, .. } => child.elements_of(*count, bytes),
            Shape::Fields(fields) => {
                let (mut found, mut left) = (0, bytes);
                for f in fields {
                    let here = f.len * f.child.size;
                    if left < here {
                        let (n, rest) = f.child.elements_of(f.len, left);
                        return (found + n, rest);
                    }
                    found += f.len * f.child.elements;
                    left -= here;
                }
                (found, left)
            }
        }
    }

    /// As [`Layout::elements_in`] for `count` copies.
    pub fn elements_of(&self, count: u64, bytes: u64) -> (u64, u64) {
        if self.size == 0 {
            return (0, bytes);
        }
        let whole = (bytes / self.size).min(count);
        let (n, rest) = self.elements_in(bytes - whole * self.size);
        if whole == count { (whole * self.elements, 0) } else { (whole * self.elements + n, rest) }
    }

    /// Bytes of the packed stream that hold the first `elements` basic elements of any number of copies.
    pub fn bytes_of_elements(&self, elements: u64) -> Option<u64> {
        if self.elements == 0 {
            return (elements == 0).then_some(0);
        }
        let whole = elements / self.elements;
        whole.checked_mul(self.size)?.checked_add(self.prefix(elements % self.elements))
    }

    /// Bytes of the first `elements` of one copy.
    fn prefix(&self, elements: u64) -> u64 {
        if elements >= self.elements {
            return self.size;
        }
        match &self.shape {
            Shape::Empty | Shape::Basic(_) => 0,
            Shape::Repeat { child, .. } => {
                elements / child.elements * child.size + child.prefix(elements % child.elements)
            }
            Shape::Fields(fields) => {
                let (mut bytes, mut left) = (0, elements);
                for f in fields {
                    let here = f.len * f.child.elements;
                    if left < here {
                        let rest = f.child.prefix(left % f.child.elements);
                        return bytes + left / f.child.elements * f.child.size + rest;
                    }
                    bytes += f.len * f.child.size;
                    left -= here;
                }
                bytes
            }
        }
    }

    /// Calls `f` with each run of equal basic elements of `count` copies, in the order of the type map.
    pub fn runs(&self, count: u64, f: &mut impl FnMut(Basic, u64)) {
        match &self.shape {
            Shape::Empty => {}
            Shape::Basic(b) => f(*b, count),
            _ if count == 0 => {}
            Shape::Repeat { count: inner, child, .. } if matches!(child.shape, Shape::Basic(_)) => {
                child.runs(count * inner, f)
            }
            Shape::Repeat { count: inner, child, .. } => {
                (0..count).for_each(|_| child.runs(*inner, f));
            }
            Shape::Fields(fields) => {
                for _ in 0..count {
                    fields.iter().for_each(|field| field.child.runs(field.len, f));
                }
            }
        }
    }
}
