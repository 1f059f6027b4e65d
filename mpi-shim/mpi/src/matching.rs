//! Matching: which receive takes which message (MPI-5.0 §3.5).
//!
//! Pure: no I/O, no clock. One up: `p2p` and `request`. Both queues find their match in constant time however
//! long they are: entries are hashed by (context, source, tag), and wildcards are keys of their own.
//!
//! * A posted receive is filed under its own pattern. An arriving message looks at the (at most four) patterns
//!   that could take it and picks the one posted first.
//! * An unexpected message is filed under its exact envelope, and under the wildcard patterns of those kinds
//!   that have ever been asked for.
//!
//! Order: entries of one key keep the order of arrival; across keys the sequence number decides.

use crate::constants::{ANY_SOURCE, ANY_TAG};

/// What is matched: messages carry it, receives ask for it (with wildcards).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Envelope {
    pub context: u32,
    pub source: i32,
    pub tag: i32,
}

/// The four kinds of pattern. Also the index in [`Queue::indexes`].
const EXACT: usize = 0;
const KINDS: usize = 4;

impl Envelope {
    fn kind(self) -> usize {
        usize::from(self.source == ANY_SOURCE) | usize::from(self.tag == ANY_TAG) << 1
    }

    /// The pattern of `kind` that takes this (exact) envelope.
    fn pattern(self, kind: usize) -> Envelope {
        Envelope {
            context: self.context,
            source: if kind & 1 != 0 { ANY_SOURCE } else { self.source },
            tag: if kind & 2 != 0 { ANY_TAG } else { self.tag },
        }
    }

    #[inline]
    fn hash(self) -> u32 {
        let x = (self.context as u64) << 32 ^ (self.source as u32 as u64) << 20 ^ self.tag as u32 as u64;
        (x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

const NIL: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Link {
    prev: u32,
    next: u32,
}

const UNLINKED: Link = Link { prev: NIL, next: NIL };

#[derive(Clone, Copy)]
struct Bucket {
    first: u32,
    last: u32,
}

struct Node<T> {
    key: Envelope,
    seq: u64,
    links: [Link; KINDS],
    value: Option<T>,
}

/// Entries filed under one kind of pattern: buckets of lists in order of arrival.
struct Index {
    buckets: Vec<Bucket>,
}

const EMPTY: Bucket = Bucket { first: NIL, last: NIL };
const FIRST_BUCKETS: usize = 64;

impl Index {
    fn new(buckets: usize) -> Self {
        Index { buckets: vec![EMPTY; buckets] }
    }
    #[inline]
    fn bucket(&self, key: Envelope) -> usize {
        key.hash() as usize & (self.buckets.len() - 1)
    }
}

/// Name of an entry in a queue, valid until it is removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(u32);

/// Entries in order, found by key in constant time.
struct Queue<T> {
    nodes: Vec<Node<T>>,
    free: Vec<u32>,
    indexes: [Option<Index>; KINDS],
    /// There are indexes besides the exact one.
    wild: bool,
    len: usize,
    next_seq: u64,
}

impl<T> Queue<T> {
    fn new() -> Self {
        let indexes = [Some(Index::new(FIRST_BUCKETS)), None, None, None];
        Queue { nodes: Vec::new(), free: Vec::new(), indexes, wild: false, len: 0, next_seq: 0 }
    }

    #[inline]
    fn push(&mut self, key: Envelope, value: T) -> Entry {
        let node = Node { key, seq: self.next_seq, links: [UNLINKED; KINDS], value: Some(value) };
        self.next_seq += 1;
        let at = match self.free.pop() {
            Some(at) => {
                self.nodes[at as usize] = node;
                at
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        };
        self.len += 1;
        self.link(EXACT, at);
        if self.wild {
            (EXACT + 1..KINDS).for_each(|kind| self.link(kind, at));
        }
        if self.len > self.bucket_count() {
            self.grow();
        }
        Entry(at)
    }

    fn bucket_count(&self) -> usize {
        self.indexes[EXACT].as_ref().map_or(0, |i| i.buckets.len())
    }

    #[inline]
    fn link(&mut self, kind: usize, at: u32) {
        let Some(index) = &mut self.indexes[kind] else { return };
        // A posted receive's key may itself be a pattern; it is filed exactly, under kind 0 only.
        let key = if kind == EXACT {
            self.nodes[at as usize].key
        } else {
            self.nodes[at as usize].key.pattern(kind)
        };
        let slot = index.bucket(key);
        let last = index.buckets[slot].last;
        index.buckets[slot].last = at;
        if last == NIL {
            index.buckets[slot].first = at;
        } else {
            self.nodes[last as usize].links[kind].next = at;
        }
        self.nodes[at as usize].links[kind] = Link { prev: last, next: NIL };
    }

    #[inline]
    fn unlink(&mut self, kind: usize, at: u32) {
        let Some(index) = &mut self.indexes[kind] else { return };
        let node = &self.nodes[at as usize];
        let key = if kind == EXACT { node.key } else { node.key.pattern(kind) };
        let Link { prev, next } = node.links[kind];
        let slot = index.bucket(key);
        match prev {
            NIL => index.buckets[slot].first = next,
            _ => self.nodes[prev as usize].links[kind].next = next,
        }
        match next {
            NIL => index.buckets[slot].last = prev,
            _ => self.nodes[next as usize].links[kind].prev = prev,
        }
    }

    /// Doubles the buckets of every index.
    #[cold]
    fn grow(&mut self) {
        let buckets = self.bucket_count() * 2;
        for kind in 0..KINDS {
            if self.indexes[kind].is_some() {
                self.build(kind, buckets);
            }
        }
    }

    /// Files all entries anew under `kind`, in order of arrival.
    #[cold]
    fn build(&mut self, kind: usize, buckets: usize) {
        let mut order: Vec<u32> =
            (0..self.nodes.len() as u32).filter(|&n| self.nodes[n as usize].value.is_some()).collect();
        order.sort_unstable_by_key(|&n| self.nodes[n as usize].seq);
        self.indexes[kind] = Some(Index::new(buckets));
        self.wild |= kind != EXACT;
        for at in order {
            self.link(kind, at);
        }
    }

    /// The oldest entry filed under `key` in index `kind`.
    #[inline]
    fn find(&mut self, kind: usize, key: Envelope) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        if self.indexes[kind].is_none() {
            self.build(kind, self.bucket_count());
        }
        let index = self.indexes[kind].as_ref()?;
        let mut at = index.buckets[index.bucket(key)].first;
        while at != NIL {
            let node = &self.nodes[at as usize];
            if (if kind == EXACT { node.key } else { node.key.pattern(kind) }) == key {
                return Some(at);
            }
            at = node.links[kind].next;
        }
        None
    }

    #[inline]
    fn remove(&mut self, at: u32) -> Option<(Envelope, T)> {
        let value = self.nodes.get_mut(at as usize)?.value.take()?;
        self.unlink(EXACT, at);
        if self.wild {
            (EXACT + 1..KINDS).for_each(|kind| self.unlink(kind, at));
        }
        self.free.push(at);
        self.len -= 1;
        Some((self.nodes[at as usize].key, value))
    }
}

/// Both queues of a process. `R` names a posted receive, `M` holds an unexpected message.
pub struct Matching<R, M> {
    posted: Queue<R>,
    unexpected: Queue<M>,
    /// Posted receives of each kind of pattern.
    posted_kinds: [usize; KINDS],
}

impl<R, M> Default for Matching<R, M> {
    fn default() -> Self {
        Matching { posted: Queue::new(), unexpected: Queue::new(), posted_kinds: [0; KINDS] }
    }
}

impl<R, M> Matching<R, M> {
    /// Files a receive that found no unexpected message.
    #[inline]
    pub fn post(&mut self, pattern: Envelope, receive: R) -> Entry {
        self.posted_kinds[pattern.kind()] += 1;
        self.posted.push(pattern, receive)
    }

    /// Takes the receive that an arriving message belongs to.
    #[inline]
    pub fn take_posted(&mut self, message: Envelope) -> Option<R> {
        let at = match self.posted_kinds[EXACT] == self.posted.len {
            true => self.posted.find(EXACT, message)?,
            false => self.first_posted(message)?,
        };
        self.remove_posted(at)
    }

    /// The receive posted first of those, of all kinds, that take `message`.
    fn first_posted(&mut self, message: Envelope) -> Option<u32> {
        let mut best: Option<u32> = None;
        for kind in 0..KINDS {
            if self.posted_kinds[kind] == 0 {
                continue;
            }
            let found = self.posted.find(EXACT, message.pattern(kind));
            best = match (best, found) {
                (Some(b), Some(f))
                    if self.posted.nodes[b as usize].seq < self.posted.nodes[f as usize].seq =>
                {
                    Some(b)
                }
                (b, f) => f.or(b),
            };
        }
        best
    }

    #[inline]
    fn remove_posted(&mut self, at: u32) -> Option<R> {
        let (key, receive) = self.posted.remove(at)?;
        self.posted_kinds[key.kind()] -= 1;
        Some(receive)
    }

    /// Withdraws a posted receive (cancel). None if it has been matched meanwhile.
    pub fn withdraw(&mut self, entry: Entry) -> Option<R> {
        self.remove_posted(entry.0)
    }

    /// Files a message that found no receive.
    #[inline]
    pub fn keep(&mut self, message: Envelope, body: M) -> Entry {
        self.unexpected.push(message, body)
    }

    /// Looks for the oldest unexpected message that `pattern` takes.
    #[inline]
    pub fn probe(&mut self, pattern: Envelope) -> Option<(Envelope, &M)> {
        let at = self.unexpected.find(pattern.kind(), pattern)?;
        let node = &self.unexpected.nodes[at as usize];
        Some((node.key, node.value.as_ref()?))
    }

    /// Takes the oldest unexpected message that `pattern` takes.
    #[inline]
    pub fn take_unexpected(&mut self, pattern: Envelope) -> Option<(Envelope, M)> {
        let at = self.unexpected.find(pattern.kind(), pattern)?;
        self.unexpected.remove(at)
    }

    /// Takes one particular unexpected message (a cancelled send).
    pub fn take_entry(&mut self, entry: Entry) -> Option<(Envelope, M)> {
        self.unexpected.remove(entry.0)
    }

    /// The first unexpected message for which `wanted` holds; looks at all of them.
    pub fn search_unexpected(&self, wanted: impl Fn(&M) -> bool) -> Option<Entry> {
        let nodes = self.unexpected.nodes.iter().enumerate();
        nodes
            .filter_map(|(i, n)| n.value.as_ref().map(|v| (i, v)))
            .find(|(_, v)| wanted(v))
            .map(|(i, _)| Entry(i as u32))
    }

    /// The oldest unexpected message that `pattern` takes.
    #[inline]
    pub fn find_unexpected(&mut self, pattern: Envelope) -> Option<Entry> {
        self.unexpected.find(pattern.kind(), pattern).map(Entry)
    }

    #[inline]
    pub fn unexpected_mut(&mut self, entry: Entry) -> Option<(Envelope, &mut M)> {
        let node = self.unexpected.nodes.get_mut(entry.0 as usize)?;
        Some((node.key, node.value.as_mut()?))
    }

    /// Drops an unexpected message.
    #[inline]
    pub fn discard(&mut self, entry: Entry) {
        self.unexpected.remove(entry.0);
    }

    pub fn posted_len(&self) -> usize {
        self.posted.len
    }

    pub fn unexpected_len(&self) -> usize {
        self.unexpected.len
    }
}

#[cfg(test)]
mod tests;
