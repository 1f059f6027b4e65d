//! Programs: what the packer runs. A layout compiles to a small tree of blocks, loops and lists of blocks, with
//! adjacent blocks merged and nested loops collapsed, so that the inner loops move bytes and nothing else.
//!
//! A program starts at any byte of the packed stream: loops divide, lists search by bisection. It knows nothing
//! about basic elements; a window may begin and end in the middle of one.
//!
//! Invariants: no node but [`Node::nothing`] has size 0; the body of a loop has displacement 0; a list has at
//! least two blocks, each followed by a gap or a step back.

use std::rc::Rc;
use vmi::core::buffer::{UserBuf, Way, copy_listed, copy_strided, copy_varied};

/// Loops of up to this many blocks become lists when another loop surrounds them, and may be part of one.
const SHORT: u64 = 16;

#[derive(Clone, Debug)]
pub struct Node {
    disp: i64,
    /// Bytes of data.
    size: u64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Block,
    Loop(Rc<Loop>),
    List(Rc<List>),
    Seq(Rc<Seq>),
}

#[derive(Debug)]
struct Loop {
    count: u64,
    stride: i64,
    body: Node,
}

/// Blocks at irregular places.
#[derive(Debug)]
struct List {
    offsets: Box<[i64]>,
    lens: Lens,
}

#[derive(Debug)]
enum Lens {
    Equal(u64),
    /// Where each block starts in the packed stream, and where the last one ends.
    Starts(Box<[u64]>),
}

/// Parts that are no plain blocks, one after the other; `starts` as in [`Lens::Starts`].
#[derive(Debug)]
struct Seq {
    starts: Box<[u64]>,
    parts: Box<[Node]>,
}

/// A window of the packed stream in progress.
struct Run {
    way: Way,
    flat: UserBuf,
}

impl Node {
    pub fn nothing() -> Node {
        Node { disp: 0, size: 0, kind: Kind::Block }
    }

    pub fn block(disp: i64, size: u64) -> Node {
        Node { disp, size, kind: Kind::Block }
    }

    pub fn shifted(mut self, by: i64) -> Node {
        self.disp += by;
        self
    }

    /// `count` copies of `body`, `stride` bytes apart.
    pub fn repeat(count: u64, stride: i64, body: Node) -> Node {
        if count == 0 || body.size == 0 {
            return Node::nothing();
        }
        if count == 1 {
            return body;
        }
        let size = count * body.size;
        let disp = body.disp;
        match body.kind {
            Kind::Block if body.size as i64 == stride => return Node::block(disp, size),
            Kind::Loop(ref inner) if inner.stride.checked_mul(inner.count as i64) == Some(stride) => {
                let all = Loop { count: count * inner.count, stride: inner.stride, body: inner.body.clone() };
                return Node { disp, size, kind: Kind::Loop(Rc::new(all)) };
            }
            _ => {}
        }
        let body = Node { disp: 0, ..body }.into_list_if_short();
        Node { disp, size, kind: Kind::Loop(Rc::new(Loop { count, stride, body })) }
    }

    /// The parts one after the other.
    pub fn sequence(parts: impl Iterator<Item = Node>) -> Node {
        let mut s = Sequence::default();
        parts.for_each(|p| s.push(p));
        s.finish()
    }

    /// Number of blocks.
    fn blocks(&self) -> u64 {
        match &self.kind {
            Kind::Block => 1,
            Kind::Loop(l) => l.count.saturating_mul(l.body.blocks()),
            Kind::List(l) => l.offsets.len() as u64,
            Kind::Seq(s) => s.parts.iter().map(Node::blocks).fold(0, u64::saturating_add),
        }
    }

    fn for_each_block(&self, base: i64, f: &mut impl FnMut(i64, u64)) {
        let base = base + self.disp;
        match &self.kind {
            Kind::Block => f(base, self.size),
            Kind::Loop(l) => (0..l.count).for_each(|i| l.body.for_each_block(base + i as i64 * l.stride, f)),
            Kind::List(l) => (0..l.offsets.len()).for_each(|i| f(base + l.offsets[i], l.len(i))),
            Kind::Seq(s) => s.parts.iter().for_each(|p| p.for_each_block(base, f)),
        }
    }

    fn into_list_if_short(self) -> Node {
        if !matches!(self.kind, Kind::Loop(_)) || self.blocks() > SHORT {
            return self;
        }
        let mut blocks = Vec::new();
        self.for_each_block(0, &mut |at, len| blocks.push((at, len)));
        Node { disp: 0, size: self.size, kind: Kind::List(Rc::new(List::new(&blocks))) }
    }

    /// Displacement of the only block, if there is only one. A type without data counts as an empty block.
    #[inline]
    pub fn single_block(&self) -> Option<i64> {
        matches!(self.kind, Kind::Block).then_some(self.disp)
    }

    /// Do copies `extent` bytes apart form one block?
    #[inline]
    pub fn is_dense(&self, extent: i64) -> bool {
        matches!(self.kind, Kind::Block) && (self.size as i64 == extent || self.size == 0)
    }

    /// Moves the bytes `from..from + len` of the packed stream of `count` copies, `extent` bytes apart, between
    /// `user` and `flat`. What lies beyond the end of the stream is left alone.
    #[allow(clippy::too_many_arguments, reason = "both ends of a copy and the window in between")]
    pub fn window(
        &self,
        way: Way,
        user: UserBuf,
        count: u64,
        extent: i64,
        from: u64,
        len: u64,
        flat: UserBuf,
    ) {
        let total = self.size.saturating_mul(count);
        let len = len.min(total.saturating_sub(from));
        if len == 0 {
            return;
        }
        let mut run = Run { way, flat };
        match &self.kind {
            Kind::Block if self.size as i64 == extent || count == 1 => run.part(self, user, from, len, true),
            Kind::Loop(l) if l.stride.checked_mul(l.count as i64) == Some(extent) => {
                run.repeated(&l.body, l.stride, user.offset(self.disp as isize), from, len)
            }
            _ => run.repeated(self, extent, user, from, len),
        }
    }
}

impl Run {
    fn advance(&mut self, bytes: u64) {
        self.flat = self.flat.offset(bytes as isize);
    }

    fn block(&mut self, at: UserBuf, len: u64) {
        match self.way {
            Way::Pack => at.copy_to(self.flat, len as usize),
            Way::Unpack => self.flat.copy_to(at, len as usize),
        }
        self.advance(len);
    }

    /// A window of one node. `open`: a block may go on beyond the node's size (dense copies follow).
    fn part(&mut self, node: &Node, user: UserBuf, from: u64, len: u64, open: bool) {
        debug_assert!(open || from + len <= node.size);
        let user = user.offset(node.disp as isize);
        match &node.kind {
            Kind::Block => self.block(user.offset(from as isize), len),
            Kind::Loop(l) => self.repeated(&l.body, l.stride, user, from, len),
            Kind::List(l) => self.list(l, user, from, len),
            Kind::Seq(s) => self.seq(s, user, from, len),
        }
    }

    /// A window of copies of `body`, `stride` bytes apart: the end of one, whole ones, the beginning of one.
    fn repeated(&mut self, body: &Node, stride: i64, user: UserBuf, from: u64, mut len: u64) {
        let mut index = from / body.size;
        let inside = from % body.size;
        let at = |i: u64| user.offset((i as i64).wrapping_mul(stride) as isize);
        if inside != 0 {
            let n = len.min(body.size - inside);
            self.part(body, at(index), inside, n, false);
            len -= n;
            index += 1;
        }
        let whole = len / body.size;
        if whole > 0 {
            self.whole(body, stride, at(index), whole);
        }
        let rest = len % body.size;
        if rest > 0 {
            self.part(body, at(index + whole), 0, rest, false);
        }
    }

    /// `n` whole copies: the inner loops.
    fn whole(&mut self, body: &Node, stride: i64, user: UserBuf, n: u64) {
        let start = user.offset(body.disp as isize);
        match &body.kind {
            Kind::Block => copy_strided(self.way, start, stride, body.size as usize, n, self.flat),
            Kind::List(l) => l.copy(self.way, start, stride, n, 0..l.offsets.len(), self.flat),
            _ => {
                for i in 0..n {
                    let at = user.offset((i as i64).wrapping_mul(stride) as isize);
                    self.part(body, at, 0, body.size, false);
                }
                return;
            }
        }
        self.advance(n * body.size);
    }

    fn list(&mut self, list: &List, user: UserBuf, from: u64, mut len: u64) {
        let (mut index, inside) = list.locate(from);
        let at = |i: usize| user.offset(list.offsets[i] as isize);
        if inside != 0 {
            let n = len.min(list.len(index) - inside);
            self.block(at(index).offset(inside as isize), n);
            len -= n;
            index += 1;
        }
        if len == 0 {
            return;
        }
        let (end, rest) = list.locate(list.start(index) + len);
        if end > index {
            list.copy(self.way, user, 0, 1, index..end, self.flat);
            self.advance(list.start(end) - list.start(index));
        }
        if rest > 0 {
            self.block(at(end), rest);
        }
    }

    fn seq(&mut self, seq: &Seq, user: UserBuf, from: u64, mut len: u64) {
        let mut index = seq.starts.partition_point(|&s| s <= from) - 1;
        let mut inside = from - seq.starts[index];
        while len > 0 {
            let part = &seq.parts[index];
            let n = len.min(part.size - inside);
            self.part(part, user, inside, n, false);
            len -= n;
            inside = 0;
            index += 1;
        }
    }
}

impl List {
    fn new(blocks: &[(i64, u64)]) -> List {
        let offsets = blocks.iter().map(|b| b.0).collect();
        if blocks.iter().all(|b| b.1 == blocks[0].1) {
            return List { offsets, lens: Lens::Equal(blocks[0].1) };
        }
        let ends = blocks.iter().scan(0, |sum, b| {
            *sum += b.1;
            Some(*sum)
        });
        List { offsets, lens: Lens::Starts(std::iter::once(0).chain(ends).collect()) }
    }

    fn start(&self, i: usize) -> u64 {
        match &self.lens {
            Lens::Equal(len) => i as u64 * len,
            Lens::Starts(starts) => starts[i],
        }
    }

    fn len(&self, i: usize) -> u64 {
        self.start(i + 1) - self.start(i)
    }

    /// The block that byte `from` of the packed stream lies in, and where in it.
    fn locate(&self, from: u64) -> (usize, u64) {
        match &self.lens {
            Lens::Equal(len) => ((from / len) as usize, from % len),
            Lens::Starts(starts) => {
                let i = starts.partition_point(|&s| s <= from) - 1;
                (i, from - starts[i])
            }
        }
    }

    fn copy(
        &self,
        way: Way,
        user: UserBuf,
        stride: i64,
        n: u64,
        range: std::ops::Range<usize>,
        flat: UserBuf,
    ) {
        let offsets = &self.offsets[range.clone()];
        match &self.lens {
            Lens::Equal(len) => copy_listed(way, user, stride, n, offsets, *len as usize, flat),
            Lens::Starts(s) => copy_varied(way, user, stride, n, offsets, &s[range.start..=range.end], flat),
        }
    }
}

/// A sequence while it grows: blocks are merged as they come.
#[derive(Default)]
struct Sequence {
    blocks: Vec<(i64, u64)>,
    parts: Vec<Node>,
}

impl Sequence {
    fn push(&mut self, node: Node) {
        match &node.kind {
            Kind::Block => self.push_block(node.disp, node.size),
            Kind::Seq(s) => s.parts.iter().for_each(|p| self.push(p.clone().shifted(node.disp))),
            _ if node.blocks() <= SHORT => node.for_each_block(0, &mut |at, len| self.push_block(at, len)),
            _ => {
                self.flush();
                self.parts.push(node);
            }
        }
    }

    fn push_block(&mut self, at: i64, len: u64) {
        match self.blocks.last_mut() {
            _ if len == 0 => {}
            Some(last) if last.0 + last.1 as i64 == at => last.1 += len,
            _ => self.blocks.push((at, len)),
        }
    }

    /// Turns the blocks gathered so far into one part.
    fn flush(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        let Some(&(first, len)) = blocks.first() else { return };
        if blocks.len() == 1 {
            self.parts.push(Node::block(first, len));
            return;
        }
        let size = blocks.iter().map(|b| b.1).sum();
        let stride = blocks[1].0 - first;
        let regular = blocks.windows(2).all(|w| w[1].0 - w[0].0 == stride && w[1].1 == len);
        let node = if regular {
            Node::repeat(blocks.len() as u64, stride, Node::block(first, len))
        } else {
            Node { disp: 0, size, kind: Kind::List(Rc::new(List::new(&blocks))) }
        };
        self.parts.push(node);
    }

    fn finish(mut self) -> Node {
        self.flush();
        match self.parts.len() {
            0 => Node::nothing(),
            1 => self.parts.remove(0),
            _ => {
                let mut starts = vec![0];
                starts.extend(self.parts.iter().scan(0, |sum, p| {
                    *sum += p.size;
                    Some(*sum)
                }));
                let size = starts.pop().unwrap_or(0);
                let parts = self.parts.into();
                Node { disp: 0, size, kind: Kind::Seq(Rc::new(Seq { starts: starts.into(), parts })) }
            }
        }
    }
}
