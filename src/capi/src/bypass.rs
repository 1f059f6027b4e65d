//! Puts and gets past the frames: over the remote memory of a network that both processes have.
//!
//! ```text
//!   publish   the region is registered with the network; its name and the key go with the PUBLISH
//!   put, get  take their place in the queue to the peer; what is called later waits behind them
//!             SYNC, SYNCED        only if frames put into the region before: they must not come later than our bytes
//!             operations          a piece of the memory each, some at a time
//!             LAST_PUT, GOT       the notification, when all bytes are where they belong
//!   failure   VOID                the publisher deregisters the region: what is still on its way stays away
//!             frames              all of it again: until it is notified, once more does no harm
//! ```
//! Failure is: the network says so, goes down, gets a filter beside it, or is silent for [`LIMIT`]. A filter on the
//! connection, a small size or an operation without completion function mean frames from the start.
//!
//! Invariant: memory of the program takes part in nothing any more when its completion function is called.

use crate::engine::Eng;
use crate::traffic::{Framing, Load, kind, post};
use crate::ways::{Site, Way};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};
use vmi::core::buffer::UserBuf;
use vmi::core::device::SendError;
use vmi::core::frame::Incoming;
use vmi::core::rdma::{self, Move};
use vmi::core::slab::{BufferOp, Slab};

/// From these sizes on, bytes. (Measured with `memory time` over libfabric's tcp: at 64 KiB a get takes 0.67 of the time of
/// frames, a put 1.07, which counts as done when its frames have left.)
const PUT_FROM: usize = 128 << 10;
const GET_FROM: usize = 64 << 10;
/// Longest operation: the end of each is a sign of life.
const PIECE: usize = 1 << 20;
/// Without a sign of life for so long the rest goes through frames.
const LIMIT: Duration = Duration::from_secs(5);
/// A peer that does not poll does not answer a SYNC: so long it is waited for.
const SYNC_LIMIT: Duration = Duration::from_millis(100);

/// Memory of ours that a network reaches.
pub struct Exposed {
    network: String,
    region: u64,
}

/// How a region of a peer is reached.
pub struct Reach {
    network: String,
    key: Vec<u8>,
    behind: Cell<Behind>,
    /// Number of the last SYNC: answers to earlier ones say nothing of frames since.
    asked: Cell<u32>,
}

/// Whether frames may still put into the region.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    No,
    Yes,
    /// Until the peer answers.
    Asked(Instant),
}

/// Operations under way for one put or get.
struct Flight {
    flying: Cell<u32>,
    failed: Cell<bool>,
    /// When the last one began or ended.
    last: Cell<Instant>,
}

/// What a process keeps of its operations over one way.
#[derive(Default)]
pub struct Flights {
    last: Cell<u64>,
    flying: RefCell<HashMap<u64, Rc<Flight>>>,
}

/// A put or get that is to pass by the frames.
pub struct Bypass {
    reach: Rc<Reach>,
    id: u32,
    way: rdma::Way,
    /// What has not begun, in order, and where it belongs in the region.
    rest: Vec<BufferOp>,
    offset: u64,
    /// Its turn has come; an operation has begun.
    tried: bool,
    begun: bool,
    flight: Rc<Flight>,
}

#[derive(PartialEq, Eq)]
pub enum Progress {
    Pending,
    Done,
    /// It goes through frames.
    Frames,
    /// As before; the publisher has to void the key first.
    Void,
}

// ---- the publisher ----

/// Lets the peer reach `memory`, if there is a network for it.
pub fn expose(e: Eng, site: &Site, memory: &BufferOp) -> Option<(Exposed, Vec<u8>)> {
    if memory.len() < GET_FROM {
        return None;
    }
    let mut core = site.way.core.borrow_mut();
    let network = core.rdma_with(site.rank)?;
    match core.rdma_register(&network, memory) {
        Ok(region) => Some((Exposed { network, region: region.number }, region.key)),
        Err(why) => {
            e.alerts.notice(format!("a published region is reached through frames only: {why}"));
            None
        }
    }
}

/// The peer reaches it no more. `ended`: it says that nothing of it is under way.
pub fn hide(site: &Site, exposed: Exposed, ended: bool) {
    site.way.core.borrow_mut().rdma_deregister(&exposed.network, exposed.region, ended);
}

/// A network and a key, or nothing, as they go with a PUBLISH.
pub fn write_reach(load: &mut Vec<u8>, exposed: Option<&(Exposed, Vec<u8>)>) {
    let (name, key) = exposed.map_or((&[][..], &[][..]), |(at, key)| (at.network.as_bytes(), &key[..]));
    // A name that is too long for its length names no network of the peer's: it uses frames.
    for text in [name, key] {
        let text = &text[..text.len().min(255)];
        load.push(text.len() as u8);
        load.extend(text);
    }
}

/// What [`write_reach`] wrote at byte `at` of a frame, and where it ends. Err: it does not lie in the frame.
pub fn read_reach(frame: &Incoming, at: usize) -> Result<(Option<Reach>, usize), String> {
    let (network, at) = read_text(frame, at)?;
    let (key, at) = read_text(frame, at)?;
    let network = String::from_utf8(network).map_err(|_| "a network whose name is no text")?;
    let reach = Reach { network, key, behind: Cell::new(Behind::No), asked: Cell::new(0) };
    Ok(((!reach.key.is_empty()).then_some(reach), at))
}

fn read_text(frame: &Incoming, at: usize) -> Result<(Vec<u8>, usize), String> {
    let mut len = [0];
    let end = |len: usize| at + 1 + len;
    if end(0) <= frame.header.len {
        frame.payload.read(at as isize, &mut len);
    }
    let len = len[0] as usize;
    if end(len) > frame.header.len {
        return Err("a publish that ends too early".into());
    }
    let mut text = vec![0; len];
    frame.payload.read(at as isize + 1, &mut text);
    Ok((text, end(len)))
}

// ---- the peer ----

/// A put or get of `pieces` past the frames, if that can be.
pub fn plan(site: &Site, id: u32, offset: u32, way: rdma::Way, pieces: &Slab) -> Option<Bypass> {
    let least = if way == rdma::Way::Put { PUT_FROM } else { GET_FROM };
    if pieces.len() < least {
        return None;
    }
    let reach = site.way.with_peer(site.rank, |peer| peer.reaches.get(&id).cloned())?;
    site.way.core.borrow_mut().rdma_limits(site.rank, &reach.network)?;
    let mut rest: Vec<BufferOp> = pieces.ops().iter().filter(|op| !op.is_empty()).cloned().collect();
    if way == rdma::Way::Put {
        split_tail(&mut rest);
    }
    let flight = Flight { flying: Cell::new(0), failed: Cell::new(false), last: Cell::new(Instant::now()) };
    let (offset, flight) = (offset.into(), Rc::new(flight));
    Some(Bypass { reach, id, way, rest, offset, tried: false, begun: false, flight })
}

/// The program may watch the last bytes of a put: they are an operation of their own.
fn split_tail(pieces: &mut Vec<BufferOp>) {
    const TAIL: usize = 8;
    if let Some(last) = pieces.pop() {
        let body = last.len().saturating_sub(TAIL);
        if body > 0 {
            pieces.push(last.clone().first(body));
        }
        pieces.extend(last.behind(body));
    }
}

/// Frames put into a region of the peer.
pub fn put_by_frames(site: &Site, id: u32) {
    site.way.with_peer(site.rank, |peer| {
        if let Some(reach) = peer.reaches.get(&id) {
            reach.behind.set(Behind::Yes);
        }
    });
}

/// The publisher has taken all frames before our SYNC.
pub fn on_synced(site: &Site, id: u32, number: u32) {
    site.way.with_peer(site.rank, |peer| {
        if let Some(reach) = peer.reaches.get(&id).filter(|reach| reach.asked.get() == number)
            && let Behind::Asked(_) = reach.behind.get()
        {
            reach.behind.set(Behind::No);
        }
    });
}

pub fn on_sync(e: Eng, site: &Site, id: u32, number: u32) -> Result<(), String> {
    let answer = Framing::Whole(kind::SYNCED, [id, number, 0]);
    post(e, site, answer, Load::Nothing, None).map_err(|fault| fault.text)
}

/// Notes which operations have ended.
pub fn collect(way: &Way) {
    if way.flights.flying.borrow().is_empty() {
        return;
    }
    while let Some(end) = way.core.borrow_mut().rdma_ended() {
        let Some(flight) = way.flights.flying.borrow_mut().remove(&end.operation) else { continue };
        flight.flying.set(flight.flying.get() - 1);
        flight.last.set(Instant::now());
        if end.failed.is_some() {
            flight.failed.set(true);
        }
    }
}

impl Bypass {
    /// The region's number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Goes on, as far as it can without waiting.
    pub fn advance(&mut self, site: &Site) -> Progress {
        let limits = site.way.core.borrow_mut().rdma_limits(site.rank, &self.reach.network);
        let Some(limits) = limits.filter(|_| !self.flight.failed.get()) else { return self.give_up(site) };
        if !std::mem::replace(&mut self.tried, true) {
            self.flight.last.set(Instant::now());
        }
        if !self.begun {
            match self.sync(site) {
                Progress::Done => {}
                other => return other,
            }
        }
        while !self.rest.is_empty() && self.flight.flying.get() < limits.depth {
            let tail = self.rest.len() == 1 && self.way == rdma::Way::Put;
            if tail && !limits.ordered && self.flight.flying.get() > 0 {
                break;
            }
            match self.begin(site, limits.max_len.min(PIECE)) {
                Ok(()) => {}
                Err(SendError::Full) => break,
                Err(SendError::Lost(_)) => return self.give_up(site),
            }
        }
        match (self.flight.flying.get(), self.rest.is_empty()) {
            (0, true) => Progress::Done,
            _ if self.flight.last.get().elapsed() >= LIMIT => self.give_up(site),
            _ => Progress::Pending,
        }
    }

    /// Done: no frame is behind that puts into the region.
    fn sync(&self, site: &Site) -> Progress {
        match self.reach.behind.get() {
            Behind::No => return Progress::Done,
            Behind::Asked(since) if since.elapsed() >= SYNC_LIMIT => {
                self.reach.behind.set(Behind::Yes);
                return Progress::Frames;
            }
            Behind::Asked(_) => return Progress::Pending,
            Behind::Yes => {}
        }
        let number = self.reach.asked.get().wrapping_add(1);
        let header = Framing::Whole(kind::SYNC, [self.id, number, 0]).header(0, 0, 0);
        if site.way.core.borrow_mut().send(site.rank, header, |_: UserBuf| {}).is_ok() {
            self.reach.asked.set(number);
            self.reach.behind.set(Behind::Asked(Instant::now()));
        }
        Progress::Pending
    }

    fn begin(&mut self, site: &Site, most: usize) -> Result<(), SendError> {
        let Some(first) = self.rest.first() else { return Ok(()) };
        let piece = first.clone().first(most);
        let flights = &site.way.flights;
        let operation = flights.last.get() + 1;
        let what =
            Move { operation, way: self.way, memory: &piece, key: &self.reach.key, offset: self.offset };
        site.way.core.borrow_mut().rdma_begin(site.rank, &self.reach.network, &what)?;
        flights.last.set(operation);
        flights.flying.borrow_mut().insert(operation, self.flight.clone());
        self.flight.flying.set(self.flight.flying.get() + 1);
        self.flight.last.set(Instant::now());
        self.begun = true;
        self.offset += piece.len() as u64;
        match first.clone().behind(piece.len()) {
            Some(rest) => self.rest[0] = rest,
            None => drop(self.rest.remove(0)),
        }
        Ok(())
    }

    /// What is under way comes to an end by itself, or is ended; then all of it goes through frames.
    fn give_up(&mut self, site: &Site) -> Progress {
        self.flight.failed.set(true);
        if self.flight.flying.get() > 0 {
            let cut = site.way.core.borrow().rdma_is_cut(site.rank, &self.reach.network);
            if !cut && self.flight.last.get().elapsed() < LIMIT {
                return Progress::Pending;
            }
            self.cancel(site);
        }
        if !self.begun {
            return Progress::Frames;
        }
        site.way.with_peer(site.rank, |peer| peer.reaches.remove(&self.id));
        Progress::Void
    }

    /// Nothing of it touches our memory after this.
    pub fn cancel(&self, site: &Site) {
        if self.flight.flying.get() > 0 {
            site.way.core.borrow_mut().rdma_cancel(site.rank, &self.reach.network);
            collect(&site.way);
        }
    }
}

/// A connection ends: what is under way to its peer as well.
pub fn abandon(site: &Site) {
    site.way.with_peer(site.rank, |peer| {
        peer.reaches.clear();
        peer.queue.iter().filter_map(|out| out.bypass.as_ref()).for_each(|bypass| bypass.cancel(site));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmi::core::frame::{Header, Token};

    fn read(mut bytes: Vec<u8>) -> Result<(Option<Reach>, usize), String> {
        let header = Header { kind: kind::PUBLISH, meta: [0; 3], len: bytes.len() };
        let token = Token { sink: 0, landed: false, slot: 0, line: 0 };
        let frame = Incoming { peer: 0, header, payload: UserBuf::of(&mut bytes), token };
        read_reach(&frame, 2)
    }

    #[test]
    fn a_reach_is_read_as_written_and_never_past_the_frame() {
        let exposed = (Exposed { network: "fabric".into(), region: 7 }, vec![1, 2, 3]);
        let mut load = vec![9, 9];
        write_reach(&mut load, Some(&exposed));
        for len in 2..load.len() {
            assert!(read(load[..len].to_vec()).is_err(), "{len} bytes");
        }
        let (reach, end) = read(load.clone()).unwrap();
        let reach = reach.unwrap();
        assert_eq!((reach.network.as_str(), &reach.key[..], end), ("fabric", &[1, 2, 3][..], load.len()));
        let mut nothing = vec![9, 9];
        write_reach(&mut nothing, None);
        assert!(matches!(read(nothing), Ok((None, 4))));
        assert!(read(vec![9, 9, 1, 255, 0]).is_err(), "a name that is no text");
    }

    #[test]
    fn the_last_bytes_of_a_put_are_a_piece_of_their_own() {
        let split = |sizes: &[usize]| -> Vec<usize> {
            let piece = |size: &usize| BufferOp::new(vmi::core::buffer::Buffer::allocate(*size), 0, *size);
            let mut pieces: Vec<BufferOp> = sizes.iter().filter_map(piece).collect();
            split_tail(&mut pieces);
            pieces.iter().map(BufferOp::len).collect()
        };
        assert_eq!(split(&[100, 50]), [100, 42, 8]);
        assert_eq!((split(&[100, 8]), split(&[3]), split(&[])), (vec![100, 8], vec![3], vec![]));
    }
}
